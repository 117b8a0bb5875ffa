import { describe, expect, it } from "vitest";
import type { UiRedSeries } from "../../../src/query/ui/api-types.ts";
import { operationRows, serviceRows, sortFigures, unscaledNote } from "./service-rows.ts";

function series(service: string, changes: Partial<UiRedSeries> = {}): UiRedSeries {
  return {
    service,
    kinds: ["server"],
    calls: 10,
    errors: 1,
    ratePerSecond: 0.5,
    errorRatio: 0.1,
    spans: 10,
    unscaledSpans: 0,
    p50Nano: 1e6,
    p95Nano: 2e6,
    p99Nano: 3e6,
    series: { calls: [10], errors: [1], p50Nano: [1e6], p95Nano: [2e6], p99Nano: [3e6] },
    ...changes,
  };
}

const link = (parent: string, child: string, callCount: number, errorCount: number) => ({
  parent,
  child,
  callCount,
  errorCount,
});

describe("serviceRows", () => {
  const rows = serviceRows(
    [
      { name: "web", operations: [{ name: "GET /", kind: "server" }] },
      { name: "old", operations: [] },
      { name: "quiet", operations: [] },
    ],
    [series("web")],
    [link("web", "old", 120, 30), link("old", "old", 9, 9)],
    [{ name: "spare", instances: [] }],
    60,
  );

  it("names everything that sent spans or is registered", () =>
    expect(rows.map((row) => [row.name, row.source])).toEqual([
      ["old", "calls"],
      ["quiet", "none"],
      ["spare", "none"],
      ["web", "aggregates"],
    ]));

  it("takes the aggregates where they are, else the calls of others", () => {
    expect(rows[3]).toMatchObject({ ratePerSecond: 0.5, errorRatio: 0.1, p95: 2e6, callees: ["old"] });
    expect(rows[0]).toMatchObject({ ratePerSecond: 2, errorRatio: 0.25, p95: null, callers: ["web"], callees: [] });
  });

  it("sorts by a figure, unknown ones last either way", () => {
    const names = (descending: boolean) => sortFigures(rows, { key: "p95", descending }).map((row) => row.name);
    expect(names(true)).toEqual(["web", "old", "quiet", "spare"]);
    expect(names(false)).toEqual(["web", "old", "quiet", "spare"]);
    expect(sortFigures(rows, { key: "rate", descending: true }).map((row) => row.name)).toEqual([
      "old",
      "web",
      "quiet",
      "spare",
    ]);
    expect(sortFigures(rows, { key: "name", descending: true })[0]?.name).toBe("web");
  });
});

describe("the note on spans without a sampling threshold", () => {
  it.each([
    [[{ spans: 5, unscaledSpans: 0 }], undefined],
    [[], undefined],
    [[{ spans: 1, unscaledSpans: 1 }], /^1 span without a sampling threshold: it counts as one call, /],
    [[{ spans: 1200, unscaledSpans: 1200 }], /^1,200 spans without a sampling threshold: each counts as one call, /],
    [
      [
        { spans: 1000, unscaledSpans: 20 },
        { spans: 500, unscaledSpans: 0 },
      ],
      /^20 of 1,500 spans without a sampling threshold: each counts/,
    ],
  ])("%j", (rows, expected) => {
    const note = unscaledNote(rows);
    if (expected === undefined) expect(note).toBeUndefined();
    else expect(note).toMatch(expected);
  });
});

describe("operationRows", () => {
  it("adds operations that are known but were not called", () =>
    expect(
      operationRows(
        [
          { name: "GET /", kind: "server" },
          { name: "GET /", kind: "client" },
        ],
        [series("web", { operation: "GET /" })],
      ).map((row) => [row.name, row.kind, row.source]),
    ).toEqual([
      ["GET /", "server", "aggregates"],
      ["GET /", "client", "none"],
    ]));
});
