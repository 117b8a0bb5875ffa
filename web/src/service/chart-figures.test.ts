import { describe, expect, it } from "vitest";
import { chartFigures } from "./chart-figures.ts";
import { readServiceParams } from "./service-params.ts";

describe("what is drawn of a service", () => {
  it("is rates by point, the last by the time that has gone, and nothing where nothing was counted", () => {
    const series = {
      calls: [60, 0, 15],
      errors: [6, 0, 15],
      p50Nano: [1, null, 2],
      p95Nano: [3, null, 4],
      p99Nano: [5, null, 6],
    };
    const range = { startMs: 1_000_000, coveredEndMs: 1_135_000, stepMs: 60_000, points: 3 };
    expect(chartFigures(range, { series })).toEqual({
      times: [1_000_000, 1_060_000, 1_120_000],
      seconds: [60, 60, 15],
      rate: [1, 0, 1],
      failed: [0.1, 0, 1],
      share: [0.1, null, 1],
      p50: [1, null, 2],
      p95: [3, null, 4],
      p99: [5, null, 6],
    });
  });
});

describe("the address of a service", () => {
  it("keeps what it knows, and a kind with an operation alone", () => {
    const known = { lookback: "3h", operation: "GET /", kind: "server", view: "table", sort: "-p95" };
    expect(readServiceParams({ ...known, other: "x" })).toEqual(known);
    expect(readServiceParams({ kind: "server", view: "pie", lookback: "", sort: "size" })).toEqual({});
  });
});
