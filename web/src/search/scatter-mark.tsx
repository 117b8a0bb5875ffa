import { classNames } from "../ui/class-names.ts";
import type { ScatterPoint } from "./scatter.ts";
import styles from "./scatter-mark.module.css";

/** A trace on the plot: a circle, or a diamond where it has errors. */
export function ScatterMark({
  point,
  x,
  y,
  faded,
  near,
}: {
  readonly point: ScatterPoint;
  readonly x: number;
  readonly y: number;
  readonly faded: boolean;
  readonly near: boolean;
}) {
  const className = classNames(styles.mark, point.error ? styles.error : undefined);
  const size = near ? 6.5 : 4.5;
  return point.error ? (
    <path
      className={className}
      data-error="true"
      data-faded={faded}
      d={`M${x} ${y - size}l${size} ${size}l${-size} ${size}l${-size} ${-size}Z`}
    />
  ) : (
    <circle className={className} data-faded={faded} cx={x} cy={y} r={size - 0.5} />
  );
}
