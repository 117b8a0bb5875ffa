import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { UiTraceSummary, UiVerdict } from "../../../../src/query/ui/api-types.ts";
import { verdictQuery } from "../../api/queries.ts";
import { counted } from "../../format/count.ts";
import styles from "./trace-peek.module.css";

/** Of services; a trace may have thousands. */
const MOST_NAMES = 30;

/** A trace at a glance, below its row: what is normal about it and what is not, and where to look. */
export function TracePeek({ trace }: { readonly trace: UiTraceSummary }) {
  const verdict = useQuery(verdictQuery(trace.traceId, trace.spanCount));
  const sentences = verdict.data === undefined ? [] : sentencesOf(verdict.data);
  const failed = trace.services.filter(({ errorCount }) => errorCount > 0);
  return (
    <section className={styles.peek} aria-label="At a glance" aria-live="polite">
      {verdict.isPending && <p className="muted">Looking…</p>}
      {verdict.isError && <p className="muted">Nothing is known of it: {verdict.error.message}</p>}
      {sentences.map(({ text, spanId }) => (
        <p key={text}>
          {spanId === undefined ? (
            <bdi>{text}</bdi>
          ) : (
            <Link to="/trace/$traceId" params={{ traceId: trace.traceId }} search={{ span: spanId }} dir="auto">
              {text}
            </Link>
          )}
        </p>
      ))}
      {verdict.data !== undefined && sentences.length === 0 && (
        <p className="muted">{verdict.data.silent ?? "Nothing about it is out of the ordinary."}</p>
      )}
      <p className="muted">
        {counted(trace.spanCount, "span")} of {counted(trace.services.length, "service")}: <bdi>{namesOf(trace)}</bdi>
        {failed.length > 0 && (
          <>
            ; errors in <bdi>{failed.map(({ name, errorCount }) => `${name} (${errorCount})`).join(", ")}</bdi>
          </>
        )}
      </p>
    </section>
  );
}

function namesOf({ services }: UiTraceSummary): string {
  const names = services.slice(0, MOST_NAMES).map(({ name }) => name);
  return `${names.join(", ")}${services.length > names.length ? " …" : ""}`;
}

function sentencesOf({ root, slow, failed, repeated }: UiVerdict) {
  const parts: { readonly text: string; readonly spanId?: string }[] = [];
  if (failed !== undefined) parts.push(failed);
  if (slow !== undefined) {
    const { text, blame } = slow;
    parts.push(blame === undefined ? { text } : { text: `${text} ▸ ${blame.text}`, spanId: blame.spanId });
  }
  if (repeated !== undefined && repeated.spanId !== slow?.blame?.spanId) parts.push(repeated);
  if (slow === undefined && root?.usually !== undefined) parts.push({ text: root.usually });
  return parts;
}
