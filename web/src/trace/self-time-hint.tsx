import { useDeferredValue, useMemo } from "react";
import { formatDuration } from "../../../src/model/duration-text.ts";
import { rootRow } from "../../../src/query/analysis/root-row.ts";
import type { TraceColumns } from "../../../src/query/ui/columns-format.ts";
import { formatCount } from "../format/count.ts";
import { Button } from "../ui/button.tsx";
import { slowestOperation } from "./model/self-time.ts";
import { shownOperation, shownService, type TraceModel } from "./model/trace-model.ts";
import styles from "./self-time-hint.module.css";

/** Where most of the time of the request went, an operation with all its calls. A press shows the longest of them. */
export function SelfTimeHint({
  model,
  onShow,
}: {
  readonly model: TraceModel;
  readonly onShow: (row: number) => void;
}) {
  // Not before the trace itself is on screen: it is a pass over every span.
  const columns = useDeferredValue<TraceColumns | undefined>(model.columns, undefined);
  const slowest = useMemo(
    () => (columns === undefined ? undefined : slowestOperation(columns, model.layout)),
    [columns, model],
  );
  if (columns === undefined || slowest === undefined || columns.count < 2) return null;
  const { row, spans, selfNano } = slowest;
  const share = Math.round((selfNano / Math.max(1, lengthOf(model))) * 100);
  return (
    <Button
      className={styles.hint}
      title="The operation with the most time in which none of its spans' children ran, within the root span"
      onClick={() => onShow(row)}
    >
      <span className="muted">Most self time</span>
      <span className={styles.name}>
        <b>{shownService(columns, row)}</b> <bdi>{shownOperation(columns, row)}</bdi>
      </span>
      {spans > 1 && <span>×{formatCount(spans)}</span>}
      {formatDuration(selfNano)}
      {share <= 100 && <span className="muted">{share} %</span>}
    </Button>
  );
}

/** ns of the root, or of the whole trace where none has arrived. */
function lengthOf({ columns, layout }: TraceModel): number {
  const root = rootRow(columns, layout.size);
  return root === undefined ? columns.durationNano : columns.duration[root]!;
}
