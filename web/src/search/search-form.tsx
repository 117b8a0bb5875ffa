import { useState } from "react";
import type { UiServicesResponse } from "../../../src/query/ui/api-types.ts";
import { parseDuration } from "../format/duration.ts";
import { fromLocalInput, toLocalInput } from "../format/time.ts";
import { Combobox } from "../ui/combobox.tsx";
import { Icon } from "../ui/icon.tsx";
import { DEFAULT_LIMIT, DEFAULT_LOOKBACK, LOOKBACKS, MAX_LIMIT, type SearchParams } from "./search-params.ts";
import { formatTags, parseTags, tagsToJson } from "./tags.ts";

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
  const [service, setService] = useState(params.service ?? "");
  const [operation, setOperation] = useState(params.operation ?? "");
  const [tags, setTags] = useState(() => {
    const read = parseTags(params.tags ?? "");
    return read.tags === undefined ? (params.tags ?? "") : formatTags(read.tags);
  });
  const [minDuration, setMinDuration] = useState(params.minDuration ?? "");
  const [maxDuration, setMaxDuration] = useState(params.maxDuration ?? "");
  const fixed = params.start !== undefined || params.end !== undefined;
  const [lookback, setLookback] = useState(fixed ? "custom" : (params.lookback ?? DEFAULT_LOOKBACK));
  const [start, setStart] = useState(() => inputOfMicros(params.start));
  const [end, setEnd] = useState(() => inputOfMicros(params.end));
  const [limit, setLimit] = useState(params.limit ?? String(DEFAULT_LIMIT));
  const [open, setOpen] = useState(false);

  const readTags = parseTags(tags);
  const minProblem = durationProblem(minDuration);
  const maxProblem = durationProblem(maxDuration);
  const operations = operationNames(services, service);

  const submit = () => {
    if (readTags.tags === undefined || minProblem !== undefined || maxProblem !== undefined) return;
    const custom = lookback === "custom";
    const [startMs, endMs] = [fromLocalInput(start), fromLocalInput(end)];
    setOpen(false);
    onSearch({
      ...(service.trim() !== "" && { service: service.trim() }),
      ...(operation.trim() !== "" && { operation: operation.trim() }),
      ...(readTags.tags.length > 0 && { tags: tagsToJson(readTags.tags) }),
      ...(minDuration.trim() !== "" && { minDuration: minDuration.trim().replace(/\s/g, "") }),
      ...(maxDuration.trim() !== "" && { maxDuration: maxDuration.trim().replace(/\s/g, "") }),
      ...((custom || lookback !== DEFAULT_LOOKBACK) && { lookback }),
      ...(custom && startMs !== undefined && { start: microsOf(start, startMs, params.start) }),
      ...(custom && endMs !== undefined && { end: microsOf(end, endMs, params.end) }),
      ...(limit !== String(DEFAULT_LIMIT) && limit !== "" && { limit }),
      ...(params.sort !== undefined && { sort: params.sort }),
    });
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
          value={service}
          placeholder="All services"
          options={services.map((entry) => entry.name)}
          onChange={(value) => {
            setService(value);
            setOperation("");
          }}
        />
        <Combobox
          label="Operation"
          value={operation}
          placeholder="All operations"
          options={operations}
          onChange={setOperation}
        />
        <div className="field">
          <label htmlFor="search-tags">Tags</label>
          <input
            id="search-tags"
            type="text"
            className="mono"
            spellCheck={false}
            value={tags}
            placeholder="http.status_code=500 error=true"
            aria-invalid={readTags.problem !== undefined}
            aria-describedby="search-tags-hint"
            onChange={(event) => setTags(event.target.value)}
          />
          <span id="search-tags-hint" className={readTags.problem === undefined ? "hint" : "problem"}>
            {readTags.problem ?? "Span, resource, scope and event attributes of one span"}
          </span>
        </div>
        <div className="field-pair">
          <DurationField
            id="min"
            label="Min duration"
            value={minDuration}
            problem={minProblem}
            onChange={setMinDuration}
          />
          <DurationField
            id="max"
            label="Max duration"
            value={maxDuration}
            problem={maxProblem}
            onChange={setMaxDuration}
          />
        </div>
        <div className="field-pair">
          <div className="field">
            <label htmlFor="search-lookback">Look-back</label>
            <select
              id="search-lookback"
              value={lookback}
              onChange={(event) => {
                setLookback(event.target.value);
                if (event.target.value !== "custom" || start !== "") return;
                setStart(toLocalInput(Date.now() - 3_600_000));
                setEnd("");
              }}
            >
              {LOOKBACKS.map((entry) => (
                <option key={entry.value} value={entry.value}>
                  {entry.label}
                </option>
              ))}
              {lookback !== "custom" && !LOOKBACKS.some((entry) => entry.value === lookback) && (
                <option value={lookback}>Last {lookback}</option>
              )}
              <option value="custom">Custom range</option>
            </select>
          </div>
          <div className="field">
            <label htmlFor="search-limit">Traces a page</label>
            <input
              id="search-limit"
              type="number"
              min={1}
              max={MAX_LIMIT}
              value={limit}
              onChange={(event) => setLimit(event.target.value)}
            />
          </div>
        </div>
        {lookback === "custom" && (
          <fieldset className="field-range">
            <legend className="visually-hidden">Custom range, local time</legend>
            <div className="field">
              <label htmlFor="search-start">From</label>
              <input
                id="search-start"
                type="datetime-local"
                step={1}
                value={start}
                onChange={(event) => setStart(event.target.value)}
              />
            </div>
            <div className="field">
              <label htmlFor="search-end">To (empty: now)</label>
              <input
                id="search-end"
                type="datetime-local"
                step={1}
                value={end}
                onChange={(event) => setEnd(event.target.value)}
              />
            </div>
          </fieldset>
        )}
        <div className="search-actions">
          <button type="submit" className="button primary" aria-busy={busy}>
            <Icon name="search" /> Find traces
          </button>
          <button type="button" className="button" onClick={() => onSearch({})}>
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

function durationProblem(text: string): string | undefined {
  return text.trim() === "" || parseDuration(text) !== undefined ? undefined : "Expected 500us, 100ms, 1.2s";
}

function operationNames(services: UiServicesResponse["services"], service: string): readonly string[] {
  const of = service === "" ? services : services.filter((entry) => entry.name === service);
  return [...new Set(of.flatMap((entry) => entry.operations.map((operation) => operation.name)))].sort();
}

function inputOfMicros(micros: string | undefined): string {
  const value = Number(micros);
  return micros === undefined || !Number.isFinite(value) ? "" : toLocalInput(value / 1000);
}

/** A time that was not touched keeps the microseconds of the address, which the field does not show. */
function microsOf(input: string, ms: number, before: string | undefined): string {
  return before !== undefined && inputOfMicros(before) === input ? before : String(ms * 1000);
}
