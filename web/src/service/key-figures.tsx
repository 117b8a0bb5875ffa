import { formatDuration } from "../../../src/model/duration-text.ts";
import type { UiRedSeries } from "../../../src/query/ui/api-types.ts";
import { formatRate, rateUnit } from "../format/rate.ts";
import { formatShare } from "../format/share.ts";
import { beforeWords, type Change, type ChangedFigure } from "../services/changes.ts";
import { unscaledNote } from "../services/service-rows.ts";
import styles from "./key-figures.module.css";

/** The figures of the whole range, and what they were before where they are notably other ones now. */
export function KeyFigures({
  series,
  changes,
  comparable,
  lookback,
}: {
  readonly series: UiRedSeries;
  readonly changes: readonly Change[];
  /** The store has seen enough of the period before. */
  readonly comparable: boolean;
  readonly lookback: string;
}) {
  const changed = (figure: ChangedFigure) => changes.find((change) => change.figure === figure);
  const note = unscaledNote([series]);
  return (
    <>
      <dl className={styles.figures}>
        <Figure
          name="Rate"
          value={formatRate(series.ratePerSecond, rateUnit(series.ratePerSecond))}
          change={changed("rate")}
        />
        <Figure
          name="Failed"
          value={formatShare(series.errorRatio)}
          bad={series.errors > 0}
          change={changed("errors")}
        />
        <Figure name="p50" value={formatDuration(series.p50Nano)} />
        <Figure name="p95" value={formatDuration(series.p95Nano)} change={changed("p95")} />
        <Figure name="p99" value={formatDuration(series.p99Nano)} />
      </dl>
      <p className={`muted ${styles.note}`}>
        {comparable
          ? changes.length > 0
            ? `“was” is ${beforeWords(lookback)}.`
            : `Nothing does otherwise than in ${beforeWords(lookback)}.`
          : `Not compared with ${beforeWords(lookback)}: the store has seen too little of it.`}{" "}
        {note}
      </p>
    </>
  );
}

function Figure({
  name,
  value,
  bad = false,
  change,
}: {
  readonly name: string;
  readonly value: string;
  readonly bad?: boolean;
  readonly change?: Change | undefined;
}) {
  return (
    <div className={styles.figure}>
      <dt>{name}</dt>
      <dd data-error={bad}>
        {value}
        {change !== undefined && (
          <span className={styles.was} data-worse={change.worse}>
            <span aria-hidden="true">{change.up ? "▲" : "▼"}</span> was {change.before}
          </span>
        )}
      </dd>
    </div>
  );
}
