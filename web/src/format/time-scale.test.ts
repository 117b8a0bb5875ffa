import { describe, expect, it } from "vitest";
import { clampWindow, ticks, timeToX, xToTime, zoomAround } from "./time-scale.ts";

describe("time scale", () => {
  const window = { from: 100, to: 300 };
  it("maps times to pixels and back", () => {
    expect(timeToX(window, 800, 200)).toBe(400);
    expect(timeToX(window, 800, 50)).toBe(-200);
    expect(xToTime(window, 800, 400)).toBe(200);
  });

  it("keeps the time under the pointer when zooming, and stays inside the trace", () => {
    expect(zoomAround(window, 200, 0.5, 1000)).toEqual({ from: 150, to: 250 });
    expect(zoomAround(window, 100, 4, 1000)).toEqual({ from: 100, to: 900 });
    expect(zoomAround(window, 200, 100, 1000)).toEqual({ from: 0, to: 1000 });
  });

  it("clamps empty, inverted and zero-length windows", () => {
    expect(clampWindow({ from: -50, to: 50 }, 1000)).toEqual({ from: 0, to: 100 });
    expect(clampWindow({ from: 950, to: 1050 }, 1000)).toEqual({ from: 900, to: 1000 });
    expect(clampWindow({ from: 10, to: 10 }, 1000)).toEqual({ from: 10, to: 11 });
    expect(clampWindow({ from: 0, to: 0 }, 0)).toEqual({ from: 0, to: 1 });
  });

  it("ticks at round times", () => {
    expect(ticks({ from: 0, to: 1000 }, 5)).toEqual({ step: 200, times: [0, 200, 400, 600, 800, 1000] });
    expect(ticks({ from: 130, to: 530 }, 4)).toEqual({ step: 100, times: [200, 300, 400, 500] });
    expect(ticks({ from: 0, to: 0.4 }, 4).times.length).toBe(5);
  });

  it("counts in minutes, hours and days where seconds would be many", () => {
    expect(ticks({ from: 0, to: 3602e9 }, 7).step).toBe(600e9);
    expect(ticks({ from: 0, to: 7200e9 }, 5).step).toBe(1800e9);
    expect(ticks({ from: 0, to: 3 * 86_400e9 }, 3).step).toBe(86_400e9);
    expect(ticks({ from: 0, to: 40 * 86_400e9 }, 5).step).toBe(10 * 86_400e9);
  });
});
