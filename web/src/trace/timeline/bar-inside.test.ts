import { describe, expect, it } from "vitest";
import type { TraceColumns } from "../../../../src/query/ui/columns-format.ts";
import { layoutTrace } from "../model/layout.ts";
import { eventsOfRow } from "../model/row-events.ts";
import { waitingTimes } from "./bar-inside.ts";

describe("when a span waited", () => {
  const columns = {
    start: Float64Array.of(10, 20, 25, 40, 90),
    duration: Float64Array.of(90, 10, 2, 15, 50),
  } as Pick<TraceColumns, "start" | "duration"> as TraceColumns;

  it("is when a child ran, overlapping ones together, cut to the span and to the window", () => {
    const layout = layoutTrace(Int32Array.of(-1, 0, 1, 0, 0));
    expect(waitingTimes({ columns, layout }, 0, 0, 1_000)).toEqual([
      [20, 30],
      [40, 55],
      [90, 100],
    ]);
    expect(waitingTimes({ columns, layout }, 0, 28, 42)).toEqual([
      [28, 30],
      [40, 42],
    ]);
    expect(waitingTimes({ columns, layout }, 1, 0, 1_000)).toEqual([[25, 27]]);
    expect(waitingTimes({ columns, layout }, 2, 0, 1_000)).toEqual([]);
  });

  it("is not said of a span with more children than a frame has time for", () => {
    const count = 30_001;
    const many = {
      start: new Float64Array(count),
      duration: new Float64Array(count).fill(1),
    } as Pick<TraceColumns, "start" | "duration"> as TraceColumns;
    const layout = layoutTrace(new Int32Array(count).map((_, row) => (row === 0 ? -1 : 0)));
    expect(waitingTimes({ columns: many, layout }, 0, 0, 10)).toBeUndefined();
  });
});

describe("the events of a row", () => {
  it("are found among those of all rows", () => {
    const eventRow = Uint32Array.of(1, 1, 4, 7, 7, 7);
    expect([0, 1, 4, 5, 7, 9].map((row) => eventsOfRow({ eventRow }, row))).toEqual([
      [0, 0],
      [0, 2],
      [2, 3],
      [3, 3],
      [3, 6],
      [6, 6],
    ]);
  });
});
