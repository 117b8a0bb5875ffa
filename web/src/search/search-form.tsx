import { useState } from "react";
import type { UiServicesResponse } from "../../../src/query/ui/api-types.ts";
import { LOOKBACKS } from "../format/lookback.ts";
import { toLocalInput } from "../format/time.ts";
import { Combobox } from "../ui/combobox.tsx";
import { Icon } from "../ui/icon.tsx";
import { fieldProblems, fieldsOf, paramsOf, type SearchFields } from "./search-fields.ts";
import { MAX_LIMIT, type SearchParams } from "./search-params.ts";

/** The plain form. It starts from the address and hands back the next address; nothing in it is required. */
export function SearchForm({
  params,
  services,
  busy,
  onSearch,
}: {
  readonly params: SearchParams;
  readonly services: UiServicesResponse["services"];
  readonly busy: boolean;
  readonly onSearch: (params: SearchParams) => void;
}) {
  const [fields, setFields] = useState(() => fieldsOf(params));
  const [shown, setShown] = useState(params);
  const [open, setOpen] = useState(false);
  // Another address (a link, back and forward) fills the form anew; its own keeps what has been typed since.
  if (JSON.stringify(shown) !== JSON.stringify(params)) {
    setShown(params);
    setFields(fieldsOf(params));
  }
  const set = (change: Partial<SearchFields>) => setFields((before) => ({ ...before, ...change }));
  const problems = fieldProblems(fields);
  const operations = operationNames(services, fields.service);

  const submit = () => {
    if (Object.keys(problems).length > 0) return;
    setOpen(false);
    onSearch(paramsOf(fields, params));
  };

  return (
    <form
      className="search-form"
      aria-label="Search traces"
      data-open={open}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <button
        type="button"
        className="button search-form-toggle"
        aria-expanded={open}
        aria-controls="search-fields"
        onClick={() => setOpen(!open)}
      >
        <Icon name="filter" /> Filters <Icon name={open ? "up" : "chevronDown"} />
      </button>
      <div id="search-fields" className="search-fields">
        <Combobox
          label="Service"
          value={fields.service}
          placeholder="All services"
          options={services.map((entry) => entry.name)}
          onChange={(service) => set({ service, operation: "" })}
        />
        <Combobox
          label="Operation"
          value={fields.operation}
          placeholder="All operations"
          options={operations}
          onChange={(operation) => set({ operation })}
        />
        <div className="field">
          <label htmlFor="search-tags">Tags</label>
          <input
            id="search-tags"
            type="text"
            className="mono"
            spellCheck={false}
            value={fields.tags}
            placeholder="http.status_code=500 error=true"
            aria-invalid={problems.tags !== undefined}
            aria-describedby="search-tags-hint"
            onChange={(event) => set({ tags: event.target.value })}
          />
          <span id="search-tags-hint" className={problems.tags === undefined ? "hint" : "problem"}>
            {problems.tags ?? "Span, resource, scope and event attributes of one span"}
          </span>
        </div>
        <div className="field-pair">
          <DurationField
            id="min"
            label="Min duration"
            value={fields.minDuration}
            problem={problems.minDuration}
            onChange={(minDuration) => set({ minDuration })}
          />
          <DurationField
            id="max"
            label="Max duration"
            value={fields.maxDuration}
            problem={problems.maxDuration}
            onChange={(maxDuration) => set({ maxDuration })}
          />
        </div>
        <div className="field-pair">
          <div className="field">
            <label htmlFor="search-lookback">Look-back</label>
            <select
              id="search-lookback"
              value={fields.lookback}
              onChange={(event) => {
                const chosen = event.target.value;
                const hourAgo = toLocalInput(Date.now() - 3_600_000);
                set({ lookback: chosen, ...(chosen === "custom" && fields.start === "" && { start: hourAgo }) });
              }}
            >
              {LOOKBACKS.map((entry) => (
                <option key={entry.value} value={entry.value}>
                  {entry.label}
                </option>
              ))}
              {fields.lookback !== "custom" && !LOOKBACKS.some((entry) => entry.value === fields.lookback) && (
                <option value={fields.lookback}>Last {fields.lookback}</option>
              )}
              <option value="custom">Custom</option>
            </select>
          </div>
          <div className="field">
            <label htmlFor="search-limit">Traces a page</label>
            <input
              id="search-limit"
              type="number"
              min={1}
              max={MAX_LIMIT}
              value={fields.limit}
              onChange={(event) => set({ limit: event.target.value })}
            />
          </div>
        </div>
        {fields.lookback === "custom" && (
          <fieldset className="field-range">
            <legend className="visually-hidden">Custom range, local time</legend>
            <div className="field">
              <label htmlFor="search-start">From</label>
              <input
                id="search-start"
                type="datetime-local"
                step={1}
                value={fields.start}
                onChange={(event) => set({ start: event.target.value })}
              />
            </div>
            <div className="field">
              <label htmlFor="search-end">To (empty: now)</label>
              <input
                id="search-end"
                type="datetime-local"
                step={1}
                value={fields.end}
                onChange={(event) => set({ end: event.target.value })}
              />
            </div>
          </fieldset>
        )}
        <div className="search-actions">
          <button type="submit" className="button primary" aria-busy={busy}>
            <Icon name="search" /> Find traces
          </button>
          <button
            type="button"
            className="button"
            onClick={() => {
              setFields(fieldsOf({}));
              onSearch({});
            }}
          >
            Reset
          </button>
        </div>
      </div>
    </form>
  );
}

function DurationField({
  id,
  label,
  value,
  problem,
  onChange,
}: {
  readonly id: string;
  readonly label: string;
  readonly value: string;
  readonly problem: string | undefined;
  readonly onChange: (value: string) => void;
}) {
  return (
    <div className="field">
      <label htmlFor={`search-${id}`}>{label}</label>
      <input
        id={`search-${id}`}
        type="text"
        spellCheck={false}
        value={value}
        placeholder={id === "min" ? "100ms" : "1.2s"}
        aria-invalid={problem !== undefined}
        aria-describedby={problem === undefined ? undefined : `search-${id}-problem`}
        onChange={(event) => onChange(event.target.value)}
      />
      {problem !== undefined && (
        <span id={`search-${id}-problem`} className="problem">
          {problem}
        </span>
      )}
    </div>
  );
}

function operationNames(services: UiServicesResponse["services"], service: string): readonly string[] {
  const of = service === "" ? services : services.filter((entry) => entry.name === service);
  return [...new Set(of.flatMap((entry) => entry.operations.map((operation) => operation.name)))].sort();
}
