import { formatDuration } from "../../../src/model/duration-text.ts";
import { formatRate, type RateUnit } from "../format/rate.ts";
import { formatShare } from "../format/share.ts";
import { numberClass } from "../ui/data-table.tsx";
import { Sparkline } from "../ui/sparkline.tsx";
import { largest } from "../ui/sparkline-path.ts";
import type { Change, ChangedFigure } from "./changes.ts";
import styles from "./red-table.module.css";
import { type Figures, unscaledNote } from "./service-rows.ts";

/** The figures of a row of the table, and how they went: seven cells. `unknown` rows did nothing in the range. */
export function RedCells({
  row,
  changes = [],
  unknown,
  stepMs,
  unit,
}: {
  readonly row: Figures;
  /** Against the period before. */
  readonly changes?: readonly Change[];
  readonly unknown: boolean;
  readonly stepMs: number;
  readonly unit: RateUnit;
}) {
  const { series } = row;
  return (
    <>
      <td className={numberClass} title={unscaledNote([row])}>
        {unknown ? "–" : formatRate(row.ratePerSecond, unit)}
        <Was figure="rate" changes={changes} />
      </td>
      <td className={numberClass} data-error={row.errorRatio > 0}>
        {unknown ? "–" : formatShare(row.errorRatio)}
        <Was figure="errors" changes={changes} />
      </td>
      {[row.p50, row.p95, row.p99].map((nano, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the quantile is the place
        <td key={index} className={numberClass}>
          {formatDuration(nano)}
          {index === 1 && <Was figure="p95" changes={changes} />}
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

/** What a figure was in the period before, where it is notably another one now. */
function Was({ figure, changes }: { readonly figure: ChangedFigure; readonly changes: readonly Change[] }) {
  const change = changes.find((candidate) => candidate.figure === figure);
  if (change === undefined) return null;
  return (
    <span className={styles.was} data-worse={change.worse}>
      <span aria-hidden="true">{change.up ? "▲" : "▼"}</span> was {change.before}
    </span>
  );
}
