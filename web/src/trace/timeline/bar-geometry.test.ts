import { describe, expect, it } from "vitest";
import { barBox, labelPlace } from "./bar-geometry.ts";

const window = { from: 0, to: 1000 };

describe("bars", () => {
  it("covers the span's time", () => {
    expect(barBox(window, 500, 100, 200)).toEqual({ x: 50, width: 100, outside: undefined });
  });
  it("never shrinks below two pixels, not even at the right edge", () => {
    expect(barBox(window, 500, 100, 0)).toEqual({ x: 50, width: 2, outside: undefined });
    expect(barBox(window, 500, 1000, 0)).toEqual({ x: 498, width: 2, outside: undefined });
  });
  it("says on which side a span lies outside the zoom", () => {
    expect(barBox({ from: 500, to: 600 }, 500, 0, 100).outside).toBe("left");
    expect(barBox({ from: 500, to: 600 }, 500, 700, 100).outside).toBe("right");
  });
  it("cuts what runs far beyond the window", () => {
    expect(barBox({ from: 500, to: 501 }, 500, 0, 1e12)).toEqual({ x: -2, width: 504, outside: undefined });
  });
  it("draws a negative duration over the time it covers", () => {
    expect(barBox(window, 500, 300, -200)).toEqual({ x: 50, width: 100, outside: undefined });
  });
  it("puts labels where there is room", () => {
    expect(labelPlace(barBox(window, 500, 0, 200), 40, 500)).toEqual({ x: 106, inside: false });
    expect(labelPlace(barBox(window, 500, 800, 200), 40, 500)).toEqual({ x: 354, inside: false });
    expect(labelPlace(barBox(window, 500, 0, 1000), 40, 500)).toEqual({ x: 454, inside: true });
  });
});
