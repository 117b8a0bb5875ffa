import { formatDuration } from "../../../src/model/duration-text.ts";
import { formatAbsolute } from "../format/time.ts";
import type { ScatterPoint } from "./scatter.ts";
import styles from "./scatter-tip.module.css";

/** What the trace under the pointer is. */
export function ScatterTip({
  near,
  x,
  y,
  width,
}: {
  readonly near: ScatterPoint;
  /** Where the trace's mark is, and how much room there is; the tip stands on the side with more of it. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
}) {
  return (
    <div
      className={styles.tip}
      style={x > width / 2 ? { right: width - x + 12, top: y } : { left: x + 12, top: y }}
      aria-hidden="true"
    >
      <strong>{formatDuration(near.durationNs)}</strong>
      {near.error && <span className="error-text"> with errors</span>}
      <div>{near.label}</div>
      <div className="muted">{formatAbsolute(near.timeMs)}</div>
    </div>
  );
}
