import { useDeferredValue, useMemo } from "react";
import type { TraceColumns } from "../../../src/query/ui/columns-format.ts";
import { formatDuration } from "../format/duration.ts";
import { Button } from "../ui/button.tsx";
import { slowestRow } from "./model/self-time.ts";
import { operationOf, serviceOfRow, type TraceModel } from "./model/trace-model.ts";
import styles from "./self-time-hint.module.css";

/** Where most of the time went: the span with the longest time of its own. A press shows it. */
export function SelfTimeHint({
  model,
  spare,
  onShow,
}: {
  readonly model: TraceModel;
  /** Left out on all but the widest screens. */
  readonly spare: boolean;
  readonly onShow: (row: number) => void;
}) {
  // Not before the trace itself is on screen: it is a pass over every span.
  const columns = useDeferredValue<TraceColumns | undefined>(model.columns, undefined);
  const slowest = useMemo(() => (columns === undefined ? undefined : slowestRow(columns)), [columns]);
  if (columns === undefined || slowest === undefined || columns.count < 2) return null;
  const { row, selfNano } = slowest;
  const share = Math.round((selfNano / Math.max(1, columns.durationNano)) * 100);
  return (
    <Button
      className={styles.hint}
      data-spare={spare}
      title="The span with the most time in which none of its children ran"
      onClick={() => onShow(row)}
    >
      <span className="muted">Most self time</span>
      <span className={styles.name}>
        <b>{serviceOfRow(columns, row)}</b> <bdi>{operationOf(columns, row)}</bdi>
      </span>
      {formatDuration(selfNano)}
      {share <= 100 && <span className="muted">{share} %</span>}
    </Button>
  );
}
