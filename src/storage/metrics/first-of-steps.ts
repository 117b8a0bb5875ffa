import type { MetricSeries } from "../../model/metrics-query.ts";
import type { MetricsStage } from "../../model/traceql.ts";

/**
 * `topk` and `bottomk`: of every step the series with the greatest, or least, values; of equal ones those that come
 * first. Series that are among them in no step are left out.
 */
export function firstOfSteps(
  series: readonly MetricSeries[],
  { order, count }: NonNullable<MetricsStage["limit"]>,
): MetricSeries[] {
  const kept = series.map(({ values }) => new Float64Array(values.length).fill(Number.NaN));
  const seen = new Set<number>();
  const sign = order === "topk" ? -1 : 1;
  for (let step = 0; step < (kept[0]?.length ?? 0); step++) {
    const present = series.flatMap(({ values }, at) =>
      Number.isNaN(values[step]) ? [] : { at, value: values[step] as number },
    );
    present.sort((a, b) => (a.value === b.value ? a.at - b.at : a.value < b.value ? -sign : sign));
    for (const { at, value } of present.slice(0, count)) {
      (kept[at] as Float64Array)[step] = value;
      seen.add(at);
    }
  }
  return series.flatMap((one, at) => (seen.has(at) ? { ...one, values: kept[at] as Float64Array } : []));
}
