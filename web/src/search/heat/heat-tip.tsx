import { formatDuration } from "../../../../src/model/duration-text.ts";
import { counted } from "../../format/count.ts";
import { formatAbsolute, formatClock } from "../../format/time.ts";
import type { CellBounds } from "./heat-scale.ts";
import styles from "./heat-tip.module.css";

/** What the cell under the pointer holds. */
export function HeatTip({
  bounds,
  traces,
  failed,
  x,
  y,
  width,
}: {
  readonly bounds: CellBounds;
  readonly traces: number;
  readonly failed: number;
  /** Where the cell is, and how much room there is; the tip stands on the side with more of it. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
}) {
  const { fromMs, toMs, leastNs, mostNs } = bounds;
  return (
    <div
      className={styles.tip}
      style={x > width / 2 ? { right: width - x + 12, top: y } : { left: x + 12, top: y }}
      aria-hidden="true"
    >
      <strong>{counted(traces, "trace")}</strong>
      {failed > 0 && <span className="error-text"> {failed} with errors</span>}
      <div>
        {formatDuration(leastNs)} to {formatDuration(mostNs)}
      </div>
      <div className="muted">
        {formatAbsolute(fromMs).slice(0, -4)} to {formatClock(toMs).slice(0, 8)}
      </div>
    </div>
  );
}
