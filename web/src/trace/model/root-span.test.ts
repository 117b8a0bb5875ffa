import { expect, it } from "vitest";
import {
  COLUMN_MARK,
  PARENT_MISSING,
  PARENT_NONE,
  type TraceColumns,
} from "../../../../src/query/ui/columns-format.ts";
import { layoutTrace } from "./layout.ts";
import { rootRow, rootWindow } from "./root-span.ts";

type Row = readonly [parent: number, start: number, duration: number, marks?: number];
const trace = (...rows: readonly Row[]) => {
  const parent = Int32Array.from(rows, ([above]) => above);
  const columns = {
    count: rows.length,
    parent,
    start: Float64Array.from(rows, ([, start]) => start),
    duration: Float64Array.from(rows, ([, , duration]) => duration),
    marks: Uint8Array.from(rows, ([, , , marks]) => marks ?? 0),
  } as unknown as TraceColumns;
  return [columns, layoutTrace(parent)] as const;
};

it("the root is the span without a parent with the most below it", () => {
  expect(rootRow(...trace([PARENT_NONE, 0, 5], [PARENT_NONE, 9, 5], [1, 9, 1]))).toBe(1);
  expect(rootRow(...trace([PARENT_MISSING, 0, 5], [0, 1, 1]))).toBeUndefined();
  expect(rootRow(...trace([PARENT_NONE, -9, 5, COLUMN_MARK.impossibleTime], [PARENT_NONE, 0, 5]))).toBe(1);
});

it("the root's time is worth a zoom where something late makes the trace longer", () => {
  expect(rootWindow(...trace([PARENT_NONE, 0, 100], [0, 5_000, 10]), 5_010)).toEqual({ from: 0, to: 100 });
  expect(rootWindow(...trace([PARENT_NONE, 0, 100], [0, 90, 15]), 105)).toBeUndefined();
});
