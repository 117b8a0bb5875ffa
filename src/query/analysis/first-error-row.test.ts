import { describe, expect, it } from "vitest";
import { SPAN_MARK } from "../../model/span.ts";
import { firstErrorRow } from "./first-error-row.ts";

/** A trace in pre-order, one character a row in `status`: `x` failed, `.` did not. Row i began at i unless said. */
function trace(status: string, parent: readonly number[], start = parent.map((_, row) => row), marks?: number[]) {
  return {
    count: parent.length,
    parent: Int32Array.from(parent),
    status: Uint8Array.from(status, (one) => (one === "x" ? 2 : 0)),
    marks: Uint8Array.from(marks ?? parent.map(() => 0)),
    start: Float64Array.from(start),
  };
}

describe("the row where a trace went wrong first", () => {
  it("is the deepest of a chain of failures", () => {
    expect(firstErrorRow(trace("xx", [-1, 0]))).toBe(1);
    expect(firstErrorRow(trace("xxx", [-1, 0, 1]))).toBe(2);
  });

  it("lies below spans that set no status, as those of every middleware", () => {
    expect(firstErrorRow(trace("x.x.x", [-1, 0, 1, 2, 3]))).toBe(4);
    expect(firstErrorRow(trace("x..", [-1, 0, 1]))).toBe(0);
  });

  it("is the earliest of several, whatever stands first", () => {
    expect(firstErrorRow(trace(".xx", [-1, 0, 0], [0, 9, 3]))).toBe(2);
    expect(firstErrorRow(trace(".xx", [-1, 0, 0], [0, 3, 3]))).toBe(1);
  });

  it("is found in every tree of a trace whose root has not arrived", () => {
    expect(firstErrorRow(trace(".x.x", [-2, 0, -2, 2], [0, 5, 1, 2]))).toBe(3);
  });

  it("takes starts that cannot be last", () => {
    const marks = [0, SPAN_MARK.impossibleTime, 0];
    expect(firstErrorRow(trace(".xx", [-1, 0, 0], [0, -1e18, 3], marks))).toBe(2);
    expect(firstErrorRow(trace(".x.", [-1, 0, 0], [0, -1e18, 3], marks))).toBe(1);
  });

  it("is none without failures", () => {
    expect(firstErrorRow(trace("..", [-1, 0]))).toBeUndefined();
  });
});
