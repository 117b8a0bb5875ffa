import { describe, expect, it } from "vitest";
import type { TraceColumns } from "../../../../src/query/ui/columns-format.ts";
import { findByName, mergeRows } from "./find-rows.ts";
import { buildTraceModel, rowOfSpan, rowsOfSpans, spanIdOf, spanKey, stepThrough } from "./trace-model.ts";

/** frontend GET / → orders SELECT (error), orders COMMIT; an orphan in inventory. */
const columns: TraceColumns = {
  traceId: "0af7651916cd43dd8448eb211c80319c",
  count: 4,
  baseStartNano: 0n,
  durationNano: 100,
  collapsedDuplicates: 0,
  start: Float64Array.of(0, 10, 20, 30),
  duration: Float64Array.of(100, 20, 10, 90),
  parent: Int32Array.of(-1, 0, 0, -2),
  service: Uint32Array.of(0, 1, 1, 2),
  name: Uint32Array.of(0, 1, 2, 0),
  label: new Uint32Array(4),
  eventTime: new Float64Array(0),
  eventRow: new Uint32Array(0),
  eventIsException: new Uint8Array(0),
  labels: [],
  missingRows: Uint32Array.of(3),
  attributeCount: new Uint16Array(4),
  eventCount: new Uint16Array(4),
  linkCount: new Uint16Array(4),
  spanIds: Uint8Array.from({ length: 32 }, (_, i) => (i % 8 === 7 ? (i + 1) / 8 : 0xab)),
  missingParentIds: new Uint8Array(8),
  kind: Uint8Array.of(2, 3, 3, 2),
  status: Uint8Array.of(0, 2, 0, 0),
  marks: new Uint8Array(4),
  services: ["frontend", "orders", "inventory"],
  names: ["GET /", "SELECT", "COMMIT"],
};

describe("find", () => {
  it("looks at services, operations and span ids, whatever the case", () => {
    expect([...findByName(columns, "select")]).toEqual([1]);
    expect([...findByName(columns, " ORDERS ")]).toEqual([1, 2]);
    expect([...findByName(columns, "get")]).toEqual([0, 3]);
    expect([...findByName(columns, "abababababababababababab03".slice(-10))]).toEqual([2]);
    expect([...findByName(columns, "  ")]).toEqual([]);
  });

  it("merges what the server found without repeats", () => {
    expect([...mergeRows(Int32Array.of(1, 4, 9), Int32Array.of(0, 4, 5))]).toEqual([0, 1, 4, 5, 9]);
    expect([...mergeRows(Int32Array.of(), Int32Array.of(2))]).toEqual([2]);
  });
});

describe("trace model", () => {
  const model = buildTraceModel(columns);
  it("sums up services, errors, orphans and the length of the axis", () => {
    expect(model.services.map((s) => [s.name, s.spans, s.errors])).toEqual([
      ["orders", 2, 1],
      ["frontend", 1, 0],
      ["inventory", 1, 0],
    ]);
    expect([...model.errorRows]).toEqual([1]);
    expect(model.extent).toBe(120);
    expect(model.orphans).toBe(1);
    expect(model.rootMissing).toBe(false);
  });

  it("finds rows by span id", () => {
    expect(spanIdOf(columns, 2)).toBe("ababababababab03");
    expect(rowOfSpan(columns, "ababababababab03")).toBe(2);
    expect(rowOfSpan(columns, "ababababababab09")).toBe(-1);
    expect(rowOfSpan(columns, "03")).toBe(-1);
    expect(spanKey(columns, 2)).toBe("ababababababab03");
    const shared = { ...columns, spanIds: new Uint8Array(32).fill(7), kind: Uint8Array.of(3, 2, 1, 1) };
    expect(spanKey(shared, 1)).toBe("0707070707070707.2");
    expect(rowOfSpan(shared, spanKey(shared, 1))).toBe(1);
    expect(rowOfSpan(shared, "0707070707070707.5")).toBe(-1);
    expect(rowsOfSpans(columns, ["ababababababab04", "ababababababab01", "ababababababab0f"])).toEqual([0, 3]);
  });

  it("steps through rows and goes round", () => {
    const rows = Int32Array.of(3, 7, 9);
    expect(stepThrough(rows, -1, 1)).toBe(3);
    expect(stepThrough(rows, 7, 1)).toBe(9);
    expect(stepThrough(rows, 9, 1)).toBe(3);
    expect(stepThrough(rows, 3, -1)).toBe(9);
    expect(stepThrough(new Int32Array(0), 3, 1)).toBeUndefined();
  });
});
