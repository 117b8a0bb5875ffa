import { describe, expect, it } from "vitest";
import { largest, sparklinePath } from "./sparkline-path.ts";

describe("sparklinePath", () => {
  it("draws one step a point, the largest at the top", () =>
    expect(sparklinePath([1, 2, 0], 2, 30, 10, false)).toBe("M0 5H10L10 0H20L20 10H30"));

  it("leaves a gap where nothing was called", () =>
    expect(sparklinePath([1, null, 1], 1, 30, 10, false)).toBe("M0 0H10M20 0H30"));

  it("closes areas down to the ground", () =>
    expect(sparklinePath([0, 1, 0], 1, 30, 10, true)).toBe("M10 0H20L20 10L10 10Z"));

  it("draws a series of zeros on the ground", () =>
    expect(sparklinePath([0, 0], largest([0, null]), 20, 10, false)).toBe("M0 10H10L10 10H20"));
});
