import { Link } from "@tanstack/react-router";
import { formatDuration } from "../../../../src/model/duration-text.ts";
import type { UiShownSpan, UiTraceSummary, UiValue } from "../../../../src/query/ui/api-types.ts";
import { formatCount } from "../../format/count.ts";
import styles from "./result-fields.module.css";
import { valueWords } from "./value-words.ts";

/** What the matching spans of a trace say under the fields that were chosen as columns, a cell each. */
export function ResultCells({
  fields,
  values,
}: {
  readonly fields: readonly string[];
  readonly values: UiTraceSummary["columns"];
}) {
  return fields.map((field, i) => {
    const column = values?.[i] ?? undefined;
    const words = column === undefined ? undefined : wordsIn(field, column.value);
    return (
      <span key={field} className={styles.cell} dir="auto" title={words}>
        <span className={styles.cellName}>{fieldTitle(field)} </span>
        {words ?? <span className="muted">none</span>}
        {column !== undefined && column.others > 0 && (
          <span className="muted"> +{formatCount(column.others)} more</span>
        )}
      </span>
    );
  });
}

/** The name of a column: attributes of spans without what says so. */
export function fieldTitle(field: string): string {
  return field.replace(/^(?:span)?\./, "");
}

/** The matching spans of a trace, as `select(…)` shows them: a set, or one for each value of `by(…)`. */
export function MatchedSpans({ trace }: { readonly trace: UiTraceSummary }) {
  if (trace.spanSets === undefined) return null;
  return (
    <ul className={styles.spans} aria-label="Matching spans">
      {trace.spanSets.map(({ by, spans, matchedCount }, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: sets have no identity but their place
        <li key={i}>
          {by.length > 0 && <b className={styles.by}>{by.map(wordsOrNone).join(", ")}</b>}
          {spans.map((span) => (
            <MatchedSpan key={span.spanId} traceId={trace.traceId} span={span} />
          ))}
          {matchedCount > spans.length && (
            <span className="muted">and {formatCount(matchedCount - spans.length)} more spans</span>
          )}
        </li>
      ))}
    </ul>
  );
}

function MatchedSpan({ traceId, span }: { readonly traceId: string; readonly span: UiShownSpan }) {
  return (
    <div className={styles.span}>
      <Link to="/trace/$traceId" params={{ traceId }} search={{ span: span.spanId }} dir="auto">
        {span.service} {span.name}
      </Link>
      <span>{formatDuration(Number(span.durationNano))}</span>
      {Object.entries(span.fields).map(([field, value]) => (
        <span key={field} className={styles.field} dir="auto">
          <span className="muted">{fieldTitle(field)}</span> {wordsIn(field, value)}
        </span>
      ))}
    </div>
  );
}

/** Durations are numbers of ns. */
function wordsIn(field: string, value: UiValue): string {
  const isDuration = /^(?:parent\.)?(?:duration|traceDuration|event:timeSinceStart)$/.test(field);
  const isNumber = value.type === "int" || value.type === "double";
  return isDuration && isNumber ? formatDuration(Number(value.value)) : valueWords(value);
}

function wordsOrNone(value: UiValue | null): string {
  return value === null ? "none" : valueWords(value);
}
