import styles from "./sparkline.module.css";
import { largest, sparklinePath } from "./sparkline-path.ts";

const WIDTH = 112;
const HEIGHT = 22;

/** A series over the chosen time in the size of a word; `marked` is drawn filled below it in the colour of errors. */
export function Sparkline({
  label,
  values,
  marked,
}: {
  readonly label: string;
  readonly values: readonly (number | null)[];
  readonly marked?: readonly number[];
}) {
  const top = largest(values);
  return (
    <svg
      className={styles.sparkline}
      role="img"
      aria-label={label}
      width={WIDTH}
      height={HEIGHT + 2}
      viewBox={`0 -1 ${WIDTH} ${HEIGHT + 2}`}
    >
      <title>{label}</title>
      <path className={styles.area} d={sparklinePath(values, top, WIDTH, HEIGHT, true)} />
      {marked !== undefined && <path className={styles.marked} d={sparklinePath(marked, top, WIDTH, HEIGHT, true)} />}
      <path className={styles.line} d={sparklinePath(values, top, WIDTH, HEIGHT, false)} />
    </svg>
  );
}
