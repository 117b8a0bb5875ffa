import type { Point } from "./edge-path.ts";

/** What of the picture is seen: its point in the middle of the screen, and screen pixels for each of its own. */
export interface Viewport {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Rect extends Size {
  readonly x: number;
  readonly y: number;
}

export const MIN_SCALE = 0.08;
export const MAX_SCALE = 2.5;
const MARGIN = 24;
/** A small graph is not blown up to fill the screen. */
const LARGEST_FIT = 1.25;

/** All of the picture, as large as fits. */
export function fitted(picture: Size, screen: Size): Viewport {
  const scale = Math.min(
    LARGEST_FIT,
    Math.max(1, screen.width - 2 * MARGIN) / Math.max(1, picture.width),
    Math.max(1, screen.height - 2 * MARGIN) / Math.max(1, picture.height),
  );
  return { x: picture.width / 2, y: picture.height / 2, scale: Math.max(MIN_SCALE, scale) };
}

/** Zoomed by `factor` around the point of the screen that is `dx`, `dy` from its middle: what is there stays there. */
export function zoomed(view: Viewport, factor: number, dx = 0, dy = 0): Viewport {
  const scale = Math.min(MAX_SCALE, Math.max(MIN_SCALE, view.scale * factor));
  const kept = 1 / view.scale - 1 / scale;
  return { x: view.x + dx * kept, y: view.y + dy * kept, scale };
}

/** The picture moved by so many pixels of the screen, and never out of sight: its edge stops at the middle. */
export function shifted(view: Viewport, dx: number, dy: number, picture: Size): Viewport {
  const within = (value: number, most: number) => Math.min(most, Math.max(0, value));
  return {
    ...view,
    x: within(view.x - dx / view.scale, picture.width),
    y: within(view.y - dy / view.scale, picture.height),
  };
}

/**
 * Moved just so far that the first of `rects` that has room is seen, `covered` pixels at the right of the screen being
 * hidden; as it was where none has.
 */
export function revealed(
  view: Viewport,
  rects: readonly (Rect | undefined)[],
  screen: Size,
  covered: number,
): Viewport {
  const room = { width: screen.width - covered - 2 * MARGIN, height: screen.height - 2 * MARGIN };
  const rect = rects.find(
    (one) => one && one.width * view.scale <= room.width && one.height * view.scale <= room.height,
  );
  if (rect === undefined) return view;
  const shift = (from: number, to: number, low: number, high: number) =>
    from < low ? from - low : to > high ? to - high : 0;
  const [left, top] = [MARGIN - screen.width / 2, MARGIN - screen.height / 2];
  const [x, y] = [(rect.x - view.x) * view.scale, (rect.y - view.y) * view.scale];
  const dx = shift(x, x + rect.width * view.scale, left, left + room.width);
  const dy = shift(y, y + rect.height * view.scale, top, top + room.height);
  // Half a pixel is no reason to move.
  return Math.abs(dx) < 0.5 && Math.abs(dy) < 0.5
    ? view
    : { ...view, x: view.x + dx / view.scale, y: view.y + dy / view.scale };
}

/** Where a point of the picture is on the screen, from its upper left corner. */
export function onScreen(view: Viewport, screen: Size, point: Point): Point {
  return {
    x: screen.width / 2 + (point.x - view.x) * view.scale,
    y: screen.height / 2 + (point.y - view.y) * view.scale,
  };
}

/** `x,y,scale` as the address has it; undefined for anything else. */
export function parseViewport(text: string | undefined): Viewport | undefined {
  const match = /^(-?\d{1,7}),(-?\d{1,7}),(\d(?:\.\d{1,3})?)$/.exec(text ?? "");
  if (match === null) return undefined;
  const scale = Number(match[3]);
  if (scale < MIN_SCALE || scale > MAX_SCALE) return undefined;
  return { x: Number(match[1]), y: Number(match[2]), scale };
}

export function formatViewport({ x, y, scale }: Viewport): string {
  return `${Math.round(x)},${Math.round(y)},${Number(scale.toFixed(3))}`;
}
