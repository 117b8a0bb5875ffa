import { type TimeWindow, timeToX } from "../../format/time-scale.ts";
import { eventsOfRow } from "../model/row-events.ts";
import type { TraceModel } from "../model/trace-model.ts";
import { type BarBox, barBox, GUTTER } from "./bar-geometry.ts";
import { BAR_HEIGHT, type BarScene } from "./bar-scene.ts";
import type { Palette } from "./palette.ts";

/** Bars that are narrower have nothing inside, pixels. */
const LEAST_WIDTH = 6;
/** Of a row, so many children are looked at in a frame. */
const MOST_CHILDREN = 20_000;
const EVENT_RADIUS = 2.5;
/** Between slanted lines, pixels. */
const HATCH = 6;
/** Pieces of the critical path that are shorter have no line, pixels. */
const LEAST_PIECE = 2;

/** A bar that something is painted over. */
interface BarPlace {
  readonly context: CanvasRenderingContext2D;
  readonly palette: Palette;
  readonly scene: BarScene;
  readonly bar: BarBox;
  /** Its upper edge. */
  readonly y: number;
}

/**
 * When one of a row's children ran inside it, as intervals in ns that do not overlap, within a window. Siblings are by
 * their start, so that one pass is enough; undefined where they are too many to look at while scrolling.
 */
export function waitingTimes(
  { columns, layout }: Pick<TraceModel, "columns" | "layout">,
  row: number,
  from: number,
  to: number,
): readonly (readonly [from: number, to: number])[] | undefined {
  const { start, duration } = columns;
  const begin = Math.max(from, start[row]!);
  const finish = Math.min(to, start[row]! + duration[row]!);
  const found: [number, number][] = [];
  const end = row + layout.size[row]!;
  let seen = 0;
  for (let child = row + 1; child < end; child += layout.size[child]!) {
    if (++seen > MOST_CHILDREN) return undefined;
    const left = Math.max(begin, start[child]!);
    const right = Math.min(finish, start[child]! + duration[child]!);
    if (right <= left) continue;
    const last = found.at(-1);
    if (last !== undefined && left <= last[1]) last[1] = Math.max(last[1], right);
    else found.push([left, right]);
  }
  return found;
}

/** Pale where the span waited for its children, and hatched where its colour has no pattern already. */
export function paintWaiting(
  { context, palette, scene, bar, y }: BarPlace,
  times: readonly (readonly [from: number, to: number])[] | undefined,
  hatched: boolean,
): void {
  if (times === undefined || bar.width < LEAST_WIDTH) return;
  const inside = clipTo(bar);
  context.fillStyle = palette.surface;
  context.strokeStyle = palette.surface;
  context.lineWidth = 1;
  for (const [from, to] of times) {
    const [left, right] = inside(pixelsOf(scene, from, to));
    if (right - left < 1) continue;
    context.globalAlpha = 0.5;
    context.fillRect(left, y, right - left, BAR_HEIGHT);
    if (!hatched) continue;
    context.globalAlpha = 0.75;
    hatch(context, left, right, y);
  }
  context.globalAlpha = 1;
}

/** Slanted lines, at the same places whatever the interval. */
function hatch(context: CanvasRenderingContext2D, left: number, right: number, y: number): void {
  context.save();
  context.beginPath();
  context.rect(left, y, right - left, BAR_HEIGHT);
  context.clip();
  context.beginPath();
  for (let x = Math.floor((left - BAR_HEIGHT) / HATCH) * HATCH; x < right; x += HATCH) {
    context.moveTo(x, y + BAR_HEIGHT);
    context.lineTo(x + BAR_HEIGHT, y);
  }
  context.stroke();
  context.restore();
}

/**
 * The server's time within its client's, in the colour that is set; what the network took stays pale around it. Returns
 * what both cover.
 */
export function paintServer({ context, palette, scene, bar, y }: BarPlace, start: number, duration: number): BarBox {
  const box = barBox(scene.window, scene.width, start, duration, GUTTER);
  if (box.outside !== undefined) return bar;
  const fill = context.fillStyle;
  context.fillStyle = palette.surface;
  context.globalAlpha = 0.55;
  context.fillRect(bar.x, y, bar.width, BAR_HEIGHT);
  context.globalAlpha = 1;
  context.fillRect(box.x, y, box.width, BAR_HEIGHT);
  context.fillStyle = fill;
  context.fillRect(box.x, y + 1, box.width, BAR_HEIGHT - 2);
  const x = Math.min(bar.x, box.x);
  return { x, width: Math.max(bar.x + bar.width, box.x + box.width) - x, outside: undefined };
}

/** A line under the times in which the request waited for this very span. */
export function paintPath({ context, palette, scene, y }: BarPlace, row: number): void {
  const pieces = scene.path?.pieces;
  if (pieces === undefined) return;
  const first = pieces.first[row]!;
  context.fillStyle = palette.text;
  // From the end of the request backwards.
  for (let i = first + pieces.size[row]! - 1; i >= first; i--) {
    const [left, right] = pixelsOf(scene, pieces.from[i]!, pieces.to[i]!);
    if (right < 0 || left > scene.width || right - left < LEAST_PIECE) continue;
    const from = Math.max(-GUTTER.left, left);
    context.fillRect(from, y + BAR_HEIGHT + 2, Math.min(scene.width + GUTTER.right, right) - from, 2);
  }
}

/** A dot for each event, red for an exception. */
export function paintEvents({ context, palette, scene, y }: BarPlace, row: number): void {
  const { columns } = scene.model;
  const [from, to] = eventsOfRow(columns, row);
  for (let i = from; i < to; i++) {
    const x = timeToX(scene.window, scene.width, columns.eventTime[i]!);
    if (x < -GUTTER.left || x > scene.width + GUTTER.right) continue;
    context.beginPath();
    context.arc(x, y + BAR_HEIGHT / 2, EVENT_RADIUS, 0, 2 * Math.PI);
    context.fillStyle = columns.eventIsException[i] === 1 ? palette.errorFill : palette.text;
    context.strokeStyle = palette.surface;
    context.lineWidth = 1.5;
    context.stroke();
    context.fill();
  }
}

function pixelsOf(
  { window, width }: { readonly window: TimeWindow; readonly width: number },
  from: number,
  to: number,
): readonly [left: number, right: number] {
  return [timeToX(window, width, from), timeToX(window, width, to)];
}

function clipTo({ x, width }: BarBox) {
  return ([left, right]: readonly [left: number, right: number]) =>
    [Math.max(x, left), Math.min(x + width, right)] as const;
}
