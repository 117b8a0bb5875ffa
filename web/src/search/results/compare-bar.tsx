import { Link } from "@tanstack/react-router";
import { formatDuration } from "../../../../src/model/duration-text.ts";
import type { UiTraceSummary } from "../../../../src/query/ui/api-types.ts";
import { pairText, TYPICAL } from "../../format/trace-pair.ts";
import { Button, buttonClass } from "../../ui/button.tsx";
import styles from "./compare-bar.module.css";

/** The traces that are picked, at the foot of the screen, and the way to where they differ. */
export function CompareBar({
  traces,
  picked,
  onClear,
}: {
  readonly traces: readonly UiTraceSummary[];
  /** Ids of at most two of them. */
  readonly picked: readonly string[];
  readonly onClear: () => void;
}) {
  const [first, second] = picked.flatMap((id) => traces.find(({ traceId }) => traceId === id) ?? []);
  if (first === undefined) return null;
  const pair = second === undefined ? { a: TYPICAL, b: first.traceId } : { a: first.traceId, b: second.traceId };
  return (
    <section className={styles.bar} aria-label="Picked to compare">
      <p role="status">
        <Picked trace={first} /> <span className="muted">against</span>{" "}
        {second === undefined ? <span className="muted">another one: pick it</span> : <Picked trace={second} />}
      </p>
      <Link to="/trace/$traceId" params={{ traceId: pairText(pair) }} search={{}} className={buttonClass}>
        {second === undefined ? "Compare with a typical one" : "Compare"}
      </Link>
      <Button onClick={onClear}>Clear</Button>
    </section>
  );
}

function Picked({ trace }: { readonly trace: UiTraceSummary }) {
  return (
    <>
      <bdi>{`${trace.rootService} ${trace.rootName}`}</bdi>{" "}
      <b>{formatDuration(trace.durationUnknown === true ? undefined : Number(trace.durationNano))}</b>
    </>
  );
}
