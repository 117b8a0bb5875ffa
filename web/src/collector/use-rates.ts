import { useEffect, useRef, useState } from "react";
import type { UiCountedSeries, UiStatusResponse } from "../../../src/query/ui/status-types.ts";

/** Name and labels of a series as one text. */
export function seriesKey(series: UiCountedSeries): string {
  return `${series.name} ${JSON.stringify(series.labels)}`;
}

export function exporterKey(name: string): string {
  return `exporter ${name}`;
}

/** Increase of every counter a second between two answers; a counter that fell (a restart) has none. */
export function ratesBetween(before: UiStatusResponse, after: UiStatusResponse): ReadonlyMap<string, number> {
  const seconds = (after.nowMs - before.nowMs) / 1000;
  const rates = new Map<string, number>();
  if (seconds <= 0) return rates;
  const old = new Map(seriesOf(before).map((series) => [seriesKey(series), series.value]));
  for (const series of seriesOf(after)) {
    const increase = series.value - (old.get(seriesKey(series)) ?? 0);
    if (increase >= 0) rates.set(seriesKey(series), increase / seconds);
  }
  const sent = new Map(before.exporters.map(({ name, deliveredSpans }) => [name, deliveredSpans]));
  for (const { name, deliveredSpans } of after.exporters) {
    const increase = deliveredSpans - (sent.get(name) ?? 0);
    if (increase >= 0) rates.set(exporterKey(name), increase / seconds);
  }
  return rates;
}

function seriesOf({ received, sampling, uncounted }: UiStatusResponse): readonly UiCountedSeries[] {
  return [...received, ...sampling, ...uncounted];
}

/** The rates between the last two answers. */
export function useRates(status: UiStatusResponse | undefined): ReadonlyMap<string, number> {
  const before = useRef<UiStatusResponse>(undefined);
  const [rates, setRates] = useState<ReadonlyMap<string, number>>(() => new Map());
  useEffect(() => {
    if (status === undefined) return;
    if (before.current !== undefined && before.current !== status) setRates(ratesBetween(before.current, status));
    before.current = status;
  }, [status]);
  return rates;
}
