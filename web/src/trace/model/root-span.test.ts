import { expect, it } from "vitest";
import { PARENT_NONE, type TraceColumns } from "../../../../src/query/ui/columns-format.ts";
import { layoutTrace } from "./layout.ts";
import { rootWindow } from "./root-span.ts";

type Row = readonly [parent: number, start: number, duration: number];
const trace = (...rows: readonly Row[]) => {
  const parent = Int32Array.from(rows, ([above]) => above);
  const columns = {
    count: rows.length,
    parent,
    start: Float64Array.from(rows, ([, start]) => start),
    duration: Float64Array.from(rows, ([, , duration]) => duration),
    marks: new Uint8Array(rows.length),
    missingRows: new Uint32Array(0),
  } as unknown as TraceColumns;
  return [columns, layoutTrace(parent)] as const;
};

it("the root's time is worth a zoom where something late makes the trace longer", () => {
  expect(rootWindow(...trace([PARENT_NONE, 0, 100], [0, 5_000, 10]), 5_010)).toEqual({ from: 0, to: 100 });
  expect(rootWindow(...trace([PARENT_NONE, 0, 100], [0, 90, 15]), 105)).toBeUndefined();
});
