import { formatDuration } from "../../../src/model/duration-text.ts";
import { formatRate, type RateUnit } from "../format/rate.ts";
import { formatShare } from "../format/share.ts";
import { numberClass } from "../ui/data-table.tsx";
import styles from "./red-table.module.css";
import { type Figures, unscaledNote } from "./service-rows.ts";
import { Sparkline } from "./sparkline.tsx";
import { largest } from "./sparkline-path.ts";

/** The figures of a row of the table, and how they went: seven cells. `unknown` rows did nothing in the range. */
export function RedCells({
  row,
  unknown,
  stepMs,
  unit,
}: {
  readonly row: Figures;
  readonly unknown: boolean;
  readonly stepMs: number;
  readonly unit: RateUnit;
}) {
  const { series } = row;
  return (
    <>
      <td className={numberClass} title={unscaledNote([row])}>
        {unknown ? "–" : formatRate(row.ratePerSecond, unit)}
      </td>
      <td className={numberClass} data-error={row.errorRatio > 0}>
        {unknown ? "–" : formatShare(row.errorRatio)}
      </td>
      {[row.p50, row.p95, row.p99].map((nano, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the quantile is the place
        <td key={index} className={numberClass}>
          {formatDuration(nano)}
        </td>
      ))}
      <td className={styles.spark}>
        {series !== undefined && (
          <Sparkline
            label={`Rate: at most ${formatRate((largest(series.calls) * 1000) / stepMs, unit)}`}
            values={series.calls}
            marked={series.errors}
          />
        )}
      </td>
      <td className={styles.spark}>
        {series !== undefined && (
          <Sparkline label={`p95: at most ${formatDuration(largest(series.p95Nano))}`} values={series.p95Nano} />
        )}
      </td>
    </>
  );
}
