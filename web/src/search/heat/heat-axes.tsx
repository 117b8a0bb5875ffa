import { decadeLabel, timeLabel } from "./heat-labels.ts";
import styles from "./heat-plot.module.css";
import { durationTicks, durationToY, type HeatAxes, timeTicks, timeX } from "./heat-scale.ts";

/** Width that a time on the axis needs. */
const LABEL_ROOM = 110;

/** The lines and words of a heat map's axes. */
export function HeatAxesLines({
  axes,
  width,
  height,
}: {
  readonly axes: HeatAxes;
  readonly width: number;
  readonly height: number;
}) {
  const { times, stepMs } = timeTicks(axes, width / LABEL_ROOM);
  return (
    <>
      {durationTicks(axes).map((ns) => {
        const y = durationToY(axes, height, ns);
        return (
          <g key={ns}>
            <line x1={0} x2={width} y1={y} y2={y} className={styles.grid} />
            <text x={-8} y={y + 4} textAnchor="end" className={styles.label}>
              {decadeLabel(ns)}
            </text>
          </g>
        );
      })}
      {times.map((timeMs) => {
        const x = timeX(axes, width, timeMs);
        return (
          <g key={timeMs}>
            <line x1={x} x2={x} y1={0} y2={height} className={styles.grid} />
            {x >= LABEL_ROOM / 3 && x <= width - LABEL_ROOM / 3 && (
              <text x={x} y={height + 17} textAnchor="middle" className={styles.label}>
                {timeLabel(timeMs, stepMs)}
              </text>
            )}
          </g>
        );
      })}
    </>
  );
}
