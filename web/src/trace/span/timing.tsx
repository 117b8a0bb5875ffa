import { formatDuration } from "../../../../src/model/duration-text.ts";
import { isSlow } from "../../../../src/query/analysis/usual.ts";
import { rowDuration, rowStart } from "../../../../src/query/ui/columns-format.ts";
import { formatShare } from "../../format/share.ts";
import type { TraceModel } from "../model/trace-model.ts";
import type { UsualOfRow } from "../model/usual-of-row.ts";
import styles from "./timing.module.css";

/** How long the span took: its own part of it, its share of the trace, and how long such spans usually take. */
export function Timing({
  model,
  row,
  usual,
}: {
  readonly model: TraceModel;
  readonly row: number;
  readonly usual: UsualOfRow | undefined;
}) {
  const { columns, times } = model;
  const duration = rowDuration(columns, row);
  const known = usual?.(row);
  const onPath = times.path?.own[row] ?? 0;
  const root = times.root;
  const whole = root === undefined ? columns.durationNano : columns.duration[root]!;
  const slow = duration !== undefined && known !== undefined && isSlow(duration, known);
  return (
    <dl className={styles.timing} data-part="timing" aria-label="Timing">
      <div>
        <dt>Duration</dt>
        <dd data-slow={slow}>{formatDuration(duration)}</dd>
      </div>
      {duration !== undefined && duration > 0 && (
        <div>
          <dt title="Time in which none of its children ran">Self</dt>
          <dd>
            {formatDuration(times.self[row]!)} <span className="muted">{formatShare(times.self[row]! / duration)}</span>
          </dd>
        </div>
      )}
      {duration !== undefined && duration > 0 && whole > 0 && row !== root && (
        <div>
          <dt title={root === undefined ? "Of the whole trace" : "Of the root span's duration"}>Of the trace</dt>
          <dd>{formatShare(duration / whole)}</dd>
        </div>
      )}
      {onPath > 0 && (
        <div>
          <dt title="Time in which the request waited for this very span">On the critical path</dt>
          <dd>{formatDuration(onPath)}</dd>
        </div>
      )}
      {known !== undefined && (
        <div>
          <dt title="Median of this operation in the day before; 95 of 100 take no longer than p95">Usually</dt>
          <dd>
            {formatDuration(known.medianNano)} <span className="muted">p95 {formatDuration(known.p95Nano)}</span>
          </dd>
        </div>
      )}
      <div>
        <dt>Starts at</dt>
        <dd>{formatDuration(rowStart(columns, row))}</dd>
      </div>
    </dl>
  );
}
