import type { Point } from "./edge-path.ts";
import type { Rect, Size } from "./viewport.ts";

export interface Label extends Size {
  readonly key: string;
  /** Points along its line, at one of which it may stand. */
  readonly along: readonly Point[];
}

/** Parts of the way along a line, the best first: near where the call leaves its caller, but past the bundle there. */
const PARTS = [0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8];

/**
 * The middles of labels: the first come first, each at the best point of its line where it covers neither a label
 * before it nor one of `taken`. A label that finds no such point is left out.
 */
export function placeLabels(labels: readonly Label[], taken: readonly Rect[]): ReadonlyMap<string, Point> {
  const placed: Rect[] = [...taken];
  const places = new Map<string, Point>();
  for (const { key, along, width, height } of labels) {
    for (const part of PARTS) {
      const at = along[Math.round(part * (along.length - 1))]!;
      const rect = { x: at.x - width / 2, y: at.y - height / 2, width, height };
      if (placed.some((other) => overlap(rect, other))) continue;
      placed.push(rect);
      places.set(key, at);
      break;
    }
  }
  return places;
}

function overlap(a: Rect, b: Rect): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}
