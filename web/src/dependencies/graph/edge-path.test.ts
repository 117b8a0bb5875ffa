import { expect, it } from "vitest";
import { edgePath, loopPath } from "./edge-path.ts";

const points = [
  { x: 0, y: 0 },
  { x: 100, y: 50 },
  { x: 200, y: 10 },
];

it("passes through every point and ends in a tip", () => {
  const edge = edgePath(points, false);
  expect(edge.line).toBe("M0 0C45 0 55 50 100 50C141.85 50 151.15 10 193 10");
  expect(edge.tip).toBe("M192 14.8L200 10L192 5.2Z");
  expect(edge.along.every(({ x, y }) => x > 0 && x < 200 && y > 0 && y < 60)).toBe(true);
});

it("ends in a tip that points the way it goes: backwards, and down", () => {
  expect(edgePath(points.toReversed(), false).tip).toBe("M8 -4.8L0 0L8 4.8Z");
  const turned = points.map(({ x, y }) => ({ x: y, y: x }));
  expect(edgePath(turned, true).line).toBe("M0 0C0 45 50 55 50 100C50 141.85 10 151.15 10 193");
  expect(edgePath(turned, true).tip).toBe("M14.8 192L10 200L5.2 192Z");
});

it("leads back into the service that it left", () => {
  const loop = loopPath({ x: 200, y: 40 }, { x: 170, y: 56 });
  expect(loop.line).toBe("M200 40C236 40 170 100 170 63");
});
