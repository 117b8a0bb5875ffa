import { expect, it } from "vitest";
import type { TraceModel } from "../model/trace-model.ts";
import { coverage } from "./minimap-painter.ts";

it("counts on every pixel the spans that cover it, however short", () => {
  const columns = {
    count: 4,
    start: Float64Array.of(0, 0, 50, 90),
    duration: Float64Array.of(100, 50, 0, 10),
  };
  const cover = coverage({ columns, extent: 100 } as unknown as TraceModel, 10, 2);
  expect([...cover.subarray(0, 10)]).toEqual([2, 2, 2, 2, 2, 1, 1, 1, 1, 1]);
  // A span of no length still takes two pixels.
  expect([...cover.subarray(10)]).toEqual([0, 0, 0, 0, 0, 1, 1, 0, 1, 1]);
});
