import { expect, it } from "vitest";
import type { UiStatusResponse } from "../../../src/query/ui/status-types.ts";
import { exporterKey, ratesBetween, seriesKey } from "./use-rates.ts";

it("gives increases a second, from zero for new series, none for counters that fell", () => {
  const series = (name: string, value: number) => ({ name, labels: { transport: "http" }, value });
  const status = (nowMs: number, received: ReturnType<typeof series>[], deliveredSpans: number) =>
    ({
      nowMs,
      received,
      sampling: [],
      uncounted: [],
      exporters: [{ name: "otlp", deliveredSpans }],
    }) as unknown as UiStatusResponse;
  const before = status(1_000, [series("a", 10), series("b", 9)], 100);
  const after = status(3_000, [series("a", 110), series("b", 1), series("c", 4)], 120);
  expect(Object.fromEntries(ratesBetween(before, after))).toEqual({
    [seriesKey(series("a", 0))]: 50,
    [seriesKey(series("c", 0))]: 2,
    [exporterKey("otlp")]: 10,
  });
  expect(ratesBetween(after, before).size).toBe(0);
});
