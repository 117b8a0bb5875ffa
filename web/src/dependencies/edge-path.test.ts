import { expect, it } from "vitest";
import { backwardEdge, forwardEdge } from "./edge-path.ts";

it("passes through every point and ends in a tip", () => {
  const edge = forwardEdge([
    { x: 0, y: 0 },
    { x: 100, y: 50 },
    { x: 200, y: 10 },
  ]);
  expect(edge.line).toBe("M0 0C45 0 55 50 100 50C141.85 50 151.15 10 193 10");
  expect(edge.tip.startsWith("M192 5")).toBe(true);
  expect(edge.label).toEqual({ x: 50, y: 25 });
});

it("leads back below both ends", () => {
  const edge = backwardEdge({ x: 300, y: 40 }, { x: 100, y: 90 }, 40);
  expect(edge.line).toContain("300 130 100 130");
  expect(edge.label.x).toBe(200);
});
