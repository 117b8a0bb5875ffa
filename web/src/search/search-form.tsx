import { useState } from "react";
import { HOUR_MS } from "../../../src/model/time.ts";
import type { UiServicesResponse } from "../../../src/query/ui/api-types.ts";
import { DEFAULT_LOOKBACK } from "../format/lookback.ts";
import { toLocalInput } from "../format/time.ts";
import { Button, IconButton } from "../ui/button.tsx";
import { ButtonRow } from "../ui/button-row.tsx";
import { Combobox } from "../ui/combobox.tsx";
import { Field } from "../ui/field.tsx";
import { Icon } from "../ui/icon.tsx";
import { LookbackOptions } from "../ui/lookback-select.tsx";
import { type QueryDraft, withFields, withoutCondition } from "./params/query-draft.ts";
import { fieldProblems, type SearchFields } from "./params/search-fields.ts";
import { MAX_LIMIT } from "./params/search-params.ts";
import styles from "./search-form.module.css";

/** The plain form. It shows what of the query it has fields for, and changes that; nothing in it is required. */
export function SearchForm({
  draft,
  services,
  busy,
  onDraft,
  onSearch,
  onReset,
}: {
  readonly draft: QueryDraft;
  readonly services: UiServicesResponse["services"];
  readonly busy: boolean;
  readonly onDraft: (change: (draft: QueryDraft) => QueryDraft) => void;
  /** False where something is wrong with it. */
  readonly onSearch: () => boolean;
  readonly onReset: () => void;
}) {
  const [open, setOpen] = useState(false);
  const { fields } = draft;
  const set = (change: Partial<SearchFields>) =>
    onDraft((before) => withFields(before, { ...before.fields, ...change }));
  const problems = fieldProblems(fields);
  const operations = operationNames(services, fields.service);
  const hidden = draft.form === undefined && draft.text.trim() !== "";

  return (
    <form
      className={styles.form}
      aria-label="Search traces"
      data-open={open}
      onSubmit={(event) => {
        event.preventDefault();
        if (onSearch()) setOpen(false);
      }}
    >
      <Button
        className={styles.toggle}
        aria-expanded={open}
        aria-controls="search-fields"
        onClick={() => setOpen(!open)}
      >
        <Icon name="filter" /> Filters <Icon name={open ? "up" : "chevronDown"} />
      </Button>
      <div id="search-fields" className={styles.fields}>
        <Combobox
          label="Service"
          value={fields.service}
          placeholder="All services"
          options={services.map((entry) => entry.name)}
          disabled={hidden}
          onChange={(service) => set({ service, operation: "" })}
        />
        <Combobox
          label="Operation"
          value={fields.operation}
          placeholder="All operations"
          options={operations}
          disabled={hidden}
          onChange={(operation) => set({ operation })}
        />
        <Field
          id="search-tags"
          label="Tags"
          hint="Span, resource, scope and event attributes of one span"
          problem={problems.tags}
        >
          <input
            id="search-tags"
            type="text"
            className="mono"
            spellCheck={false}
            value={fields.tags}
            placeholder="http.status_code=500 error=true"
            disabled={hidden}
            aria-invalid={problems.tags !== undefined}
            aria-describedby="search-tags-note"
            onChange={(event) => set({ tags: event.target.value })}
          />
        </Field>
        <div className={styles.pair}>
          <DurationField
            id="min"
            label="Min duration"
            value={fields.minDuration}
            problem={problems.minDuration}
            disabled={hidden}
            onChange={(minDuration) => set({ minDuration })}
          />
          <DurationField
            id="max"
            label="Max duration"
            value={fields.maxDuration}
            problem={problems.maxDuration}
            disabled={hidden}
            onChange={(maxDuration) => set({ maxDuration })}
          />
        </div>
        {hidden && <p className={styles.more}>The query above says more than these fields can: edit it there.</p>}
        <OtherConditions draft={draft} onDraft={onDraft} />
        <div className={styles.pair}>
          <Field id="search-lookback" label="Look-back">
            <select
              id="search-lookback"
              value={fields.lookback}
              onChange={(event) => {
                const chosen = event.target.value;
                const hourAgo = toLocalInput(Date.now() - HOUR_MS);
                set({ lookback: chosen, ...(chosen === "custom" && fields.start === "" && { start: hourAgo }) });
              }}
            >
              <LookbackOptions value={fields.lookback === "custom" ? DEFAULT_LOOKBACK : fields.lookback} />
              <option value="custom">Custom</option>
            </select>
          </Field>
          <Field id="search-limit" label="Traces a page">
            <input
              id="search-limit"
              type="number"
              min={1}
              max={MAX_LIMIT}
              value={fields.limit}
              onChange={(event) => set({ limit: event.target.value })}
            />
          </Field>
        </div>
        {fields.lookback === "custom" && (
          <fieldset className={styles.range}>
            <legend className="visually-hidden">Custom range, local time</legend>
            <Field id="search-start" label="From">
              <input
                id="search-start"
                type="datetime-local"
                step={1}
                value={fields.start}
                onChange={(event) => set({ start: event.target.value })}
              />
            </Field>
            <Field id="search-end" label="To (empty: now)" problem={problems.end}>
              <input
                id="search-end"
                type="datetime-local"
                step={1}
                value={fields.end}
                aria-invalid={problems.end !== undefined}
                aria-describedby={problems.end === undefined ? undefined : "search-end-note"}
                onChange={(event) => set({ end: event.target.value })}
              />
            </Field>
          </fieldset>
        )}
        <ButtonRow>
          <Button type="submit" primary className={styles.find} aria-busy={busy}>
            <Icon name="search" /> Find traces
          </Button>
          <Button onClick={onReset}>Reset</Button>
        </ButtonRow>
      </div>
    </form>
  );
}

/** What the query asks beside the fields. */
function OtherConditions({
  draft,
  onDraft,
}: {
  readonly draft: QueryDraft;
  readonly onDraft: (change: (draft: QueryDraft) => QueryDraft) => void;
}) {
  const { rest = [], tail = "" } = draft.form ?? {};
  if (rest.length === 0 && tail === "") return null;
  return (
    <ul className={styles.others} aria-label="Also in the query">
      {rest.map((condition) => (
        <li key={condition}>
          <code dir="auto">{condition}</code>
          <IconButton
            small
            aria-label={`Remove ${condition}`}
            onClick={() => onDraft((before) => withoutCondition(before, condition))}
          >
            <Icon name="close" />
          </IconButton>
        </li>
      ))}
      {tail !== "" && (
        <li>
          <code dir="auto">{tail}</code>
        </li>
      )}
    </ul>
  );
}

function DurationField({
  id,
  label,
  value,
  problem,
  disabled,
  onChange,
}: {
  readonly id: string;
  readonly label: string;
  readonly value: string;
  readonly problem: string | undefined;
  readonly disabled: boolean;
  readonly onChange: (value: string) => void;
}) {
  return (
    <Field id={`search-${id}`} label={label} problem={problem}>
      <input
        id={`search-${id}`}
        type="text"
        spellCheck={false}
        value={value}
        placeholder={id === "min" ? "100ms" : "1.2s"}
        disabled={disabled}
        aria-invalid={problem !== undefined}
        aria-describedby={problem === undefined ? undefined : `search-${id}-note`}
        onChange={(event) => onChange(event.target.value)}
      />
    </Field>
  );
}

function operationNames(services: UiServicesResponse["services"], service: string): readonly string[] {
  const of = service === "" ? services : services.filter((entry) => entry.name === service);
  return [...new Set(of.flatMap((entry) => entry.operations.map((operation) => operation.name)))].sort();
}
