import { describe, expect, it } from "vitest";
import { selfTimes } from "../../../../src/query/analysis/self-time.ts";
import { COLUMN_MARK, PARENT_MISSING, type TraceColumns } from "../../../../src/query/ui/columns-format.ts";
import { layoutTrace } from "./layout.ts";
import { slowestOperation } from "./self-time.ts";

const times = (spans: readonly (readonly [parent: number, start: number, duration: number])[]) => [
  ...selfTimes({
    count: spans.length,
    parent: Int32Array.from(spans, ([parent]) => parent),
    start: Float64Array.from(spans, ([, start]) => start),
    duration: Float64Array.from(spans, ([, , duration]) => duration),
  }),
];

it("is the duration without the union of the children", () =>
  expect(
    times([
      [-1, 0, 100],
      [0, 10, 40],
      [1, 20, 10],
      [0, 30, 40],
      [0, 90, 5],
    ]),
  ).toEqual([35, 30, 10, 40, 5]));

it("counts of a child only what lies inside the parent", () =>
  expect(
    times([
      [-1, 10, 10],
      [0, 5, 8],
      [0, 15, 100],
    ]),
  ).toEqual([2, 8, 100]));

it("is never negative, whatever the clocks say", () =>
  expect(
    times([
      [-1, 0, -5],
      [0, -10, 20],
    ]),
  ).toEqual([0, 20]));

describe("the slowest operation", () => {
  type Row = readonly [parent: number, name: number, start: number, duration: number, marks?: number];
  const slowest = (rows: readonly Row[]) => {
    const columns = {
      count: rows.length,
      parent: Int32Array.from(rows, ([parent]) => parent),
      service: new Uint32Array(rows.length),
      name: Uint32Array.from(rows, ([, name]) => name),
      start: Float64Array.from(rows, ([, , start]) => start),
      duration: Float64Array.from(rows, ([, , , duration]) => duration),
      marks: Uint8Array.from(rows, ([, , , , marks]) => marks ?? 0),
      names: ["a", "b", "c"],
      missingRows: Uint32Array.from(rows.flatMap(([parent], row) => (parent === PARENT_MISSING ? [row] : []))),
    } as unknown as TraceColumns;
    return slowestOperation(columns, layoutTrace(columns.parent));
  };

  it("counts all calls of one as one place", () => {
    const calls = Array.from({ length: 40 }, (_, i): Row => [0, 1, 10 * i, 10]);
    expect(slowest([[-1, 0, 0, 500], ...calls, [0, 2, 400, 60]])).toEqual({ row: 1, spans: 40, selfNano: 400 });
  });

  it("counts what lies inside the root, and no impossible time", () => {
    const late: Row = [0, 1, 5_000, 900];
    expect(slowest([[-1, 0, 0, 100], [0, 2, 20, 30], late])).toEqual({ row: 0, spans: 1, selfNano: 70 });
    const ofAnotherDay: Row = [-2, 1, -3_600e9, 3_600e9, COLUMN_MARK.impossibleTime];
    expect(slowest([[-2, 0, 0, 100], ofAnotherDay])).toEqual({ row: 0, spans: 1, selfNano: 100 });
  });

  it("is none where no span lasts", () => expect(slowest([[-1, 0, 5, 0]])).toBeUndefined());
});
