import { formatDuration } from "../../../../src/model/duration-text.ts";
import { STATUS_CODE } from "../../../../src/model/span.ts";
import { isSlow } from "../../../../src/query/analysis/usual.ts";
import { rowDuration } from "../../../../src/query/ui/columns-format.ts";
import type { ServiceLook } from "../../format/service-look.ts";
import { ticks, timeToX } from "../../format/time-scale.ts";
import { ICON_PATHS } from "../../ui/icon-paths.ts";
import { countBetween } from "../model/folding.ts";
import { groupOfHead, type SiblingGroup } from "../model/sibling-groups.ts";
import { type BarBox, barBox, GUTTER, labelPlace } from "./bar-geometry.ts";
import { paintEvents, paintPath, paintServer, paintWaiting, waitingTimes } from "./bar-inside.ts";
import { BAR_HEIGHT, type BarScene } from "./bar-scene.ts";
import { fitCanvas } from "./canvas-size.ts";
import { type Palette, serviceFill } from "./palette.ts";

const ERROR_ICON = 11;
const ICON_WIDTH = ERROR_ICON + 4;
export const TICK_WIDTH = 130;

interface BarLabel {
  readonly bar: BarBox;
  readonly text: string;
  /** With the sign of errors before it. */
  readonly error: boolean;
  readonly middle: number;
  /** Where the usual end is marked, which a label does not cover. */
  readonly tick: number | undefined;
}

/** Paints the bars of the rows on screen on one canvas; keeps fills between frames. */
export class BarPainter {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  #palette: Palette;
  #fills = new Map<number, string | CanvasPattern>();
  readonly #font: string;
  readonly #errorIcon = new Path2D(ICON_PATHS.error);

  constructor(canvas: HTMLCanvasElement, palette: Palette) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d")!;
    this.#palette = palette;
    this.#font = `11px ${getComputedStyle(canvas).fontFamily}`;
  }

  setPalette(palette: Palette): void {
    this.#palette = palette;
    this.#fills.clear();
  }

  paint(scene: BarScene): void {
    const whole = GUTTER.left + scene.width + GUTTER.right;
    if (scene.width <= 0 || !fitCanvas(this.#canvas, whole, scene.height)) return;
    const context = this.#context;
    context.clearRect(0, 0, whole, scene.height);
    context.translate(GUTTER.left, 0);
    this.#paintGrid(scene);
    context.font = this.#font;
    context.textBaseline = "middle";
    const { visible, rowHeight, scrollTop, height } = scene;
    const first = Math.max(0, Math.floor(scrollTop / rowHeight));
    const last = Math.min(visible.length, Math.ceil((scrollTop + height) / rowHeight));
    for (let position = first; position < last; position++) {
      const row = visible[position]!;
      const top = position * rowHeight - scrollTop;
      const group =
        scene.closed !== undefined && scene.closed[row]! > 0 ? groupOfHead(scene.model.groups, row) : undefined;
      if (group?.kind !== "siblings") this.#paintRow(scene, row, top);
      else this.#paintGroup(scene, group, top);
    }
  }

  #paintGrid(scene: BarScene): void {
    const context = this.#context;
    context.fillStyle = this.#palette.grid;
    for (const time of ticks(scene.window, scene.width / TICK_WIDTH).times) {
      context.fillRect(Math.round(timeToX(scene.window, scene.width, time)), 0, 1, scene.height);
    }
  }

  #paintRow(scene: BarScene, row: number, top: number): void {
    const context = this.#context;
    const palette = this.#palette;
    const { columns } = scene.model;
    const duration = columns.duration[row]!;
    const bar = barBox(scene.window, scene.width, columns.start[row]!, duration, GUTTER);
    const middle = top + scene.rowHeight / 2;
    if (bar.outside !== undefined) {
      this.#paintOutside(bar.outside, scene.width, middle);
      return;
    }
    const error = columns.status[row] === STATUS_CODE.error;
    const y = Math.round(middle - BAR_HEIGHT / 2);
    const look = scene.model.looks[columns.service[row]!]!;
    context.fillStyle = this.#fill(look);
    context.beginPath();
    context.roundRect(bar.x, y, bar.width, BAR_HEIGHT, Math.min(2, bar.width / 2));
    context.fill();
    const covered = this.#paintInside(scene, row, bar, y);
    if (error) {
      context.strokeStyle = palette.errorFill;
      context.lineWidth = 2;
      context.strokeRect(bar.x - 1, y - 1, bar.width + 2, BAR_HEIGHT + 2);
    }
    const usual = scene.usual?.(row);
    if (usual !== undefined) this.#paintUsual(scene, columns.start[row]! + usual.p95Nano, y);
    const times = usual === undefined || !isSlow(duration, usual) ? "" : `  ×${timesText(duration / usual.medianNano)}`;
    this.#paintLabel(scene, {
      bar: covered,
      text: formatDuration(rowDuration(columns, row)) + times,
      error,
      middle,
      tick: usual === undefined ? undefined : timeToX(scene.window, scene.width, columns.start[row]! + usual.p95Nano),
    });
  }

  /**
   * What the bar's time was spent on: waiting or working, on the critical path or beside it; and what happened. Returns
   * all that is covered now.
   */
  #paintInside(scene: BarScene, row: number, bar: BarBox, y: number): BarBox {
    const server = scene.merged === undefined ? -1 : scene.model.servers[row]!;
    const place = { context: this.#context, palette: this.#palette, scene, bar, y };
    if (server < 0) {
      const plain = scene.model.looks[scene.model.columns.service[row]!]!.pattern === 0;
      paintWaiting(place, waitingTimes(scene.model, row, scene.window.from, scene.window.to), plain);
      paintPath(place, row);
      paintEvents(place, row);
      return bar;
    }
    const { columns, looks } = scene.model;
    this.#context.fillStyle = this.#fill(looks[columns.service[server]!]!);
    const whole = paintServer(place, columns.start[server]!, columns.duration[server]!);
    for (const one of [row, server]) {
      paintPath(place, one);
      paintEvents(place, one);
    }
    return whole;
  }

  /** Where the operation usually has ended, 95 times of 100. */
  #paintUsual(scene: BarScene, time: number, y: number): void {
    const x = Math.round(timeToX(scene.window, scene.width, time));
    if (x < 0 || x > scene.width) return;
    const context = this.#context;
    context.fillStyle = this.#palette.surface;
    context.fillRect(x - 1, y - 3, 4, BAR_HEIGHT + 6);
    context.fillStyle = this.#palette.text;
    context.fillRect(x, y - 3, 2, BAR_HEIGHT + 6);
  }

  #paintLabel(scene: BarScene, { bar, text, error, middle, tick }: BarLabel): void {
    const context = this.#context;
    const palette = this.#palette;
    const y = Math.round(middle - BAR_HEIGHT / 2);
    const textWidth = context.measureText(text).width + (error ? ICON_WIDTH : 0);
    const place = labelPlace(bar, textWidth, scene.width, tick);
    if (place.inside) {
      context.fillStyle = palette.surface;
      context.beginPath();
      context.roundRect(place.x - 4, y - 1, textWidth + 8, BAR_HEIGHT + 2, 2);
      context.fill();
    }
    const colour = error ? palette.error : place.inside ? palette.text : palette.muted;
    context.fillStyle = colour;
    context.fillText(text, place.x + (error ? ICON_WIDTH : 0), middle + 0.5);
    if (error) this.#paintErrorIcon(place.x, middle, colour);
  }

  /** The time from the first to the last of them, pale; over it each of them, as far as pixels can tell them apart. */
  #paintGroup(scene: BarScene, group: SiblingGroup, top: number): void {
    const { head, members, total, from, to } = group;
    const { columns, layout, looks, errorRows } = scene.model;
    const context = this.#context;
    const middle = top + scene.rowHeight / 2;
    const whole = barBox(scene.window, scene.width, from, to - from, GUTTER);
    if (whole.outside !== undefined) {
      this.#paintOutside(whole.outside, scene.width, middle);
      return;
    }
    const y = Math.round(middle - BAR_HEIGHT / 2);
    const look = looks[columns.service[head]!]!;
    context.fillStyle = this.#fill(look);
    context.globalAlpha = 0.25;
    context.fillRect(whole.x, y, whole.width, BAR_HEIGHT);
    context.globalAlpha = 1;
    let drawn = Number.NEGATIVE_INFINITY;
    for (let i = 0, row = head; i < members; i++, row += layout.size[row]!) {
      const [start, duration] = [columns.start[row]!, columns.duration[row]!];
      if (timeToX(scene.window, scene.width, Math.max(start, start + duration)) < drawn + 1) continue;
      const bar = barBox(scene.window, scene.width, start, duration, GUTTER);
      if (bar.outside !== undefined) continue;
      context.fillRect(bar.x, y, Math.max(1, bar.width - 1), BAR_HEIGHT);
      drawn = bar.x + bar.width;
    }
    const error = countBetween(errorRows, head, group.end) > 0;
    const text = `${formatDuration(total)} in total`;
    this.#paintLabel(scene, { bar: whole, text, error, middle, tick: undefined });
  }

  #paintErrorIcon(x: number, middle: number, colour: string): void {
    const context = this.#context;
    context.save();
    context.translate(x, middle - ERROR_ICON / 2);
    context.scale(ERROR_ICON / 16, ERROR_ICON / 16);
    context.strokeStyle = colour;
    context.lineWidth = 1.8;
    context.stroke(this.#errorIcon);
    context.restore();
  }

  #paintOutside(side: "left" | "right", width: number, middle: number): void {
    const context = this.#context;
    const x = side === "left" ? 0 : width;
    const tip = side === "left" ? 4 : -4;
    context.strokeStyle = this.#palette.muted;
    context.lineWidth = 1.5;
    context.beginPath();
    context.moveTo(x + tip, middle - 3.5);
    context.lineTo(x, middle);
    context.lineTo(x + tip, middle + 3.5);
    context.stroke();
  }

  #fill({ hue, pattern }: ServiceLook): string | CanvasPattern {
    const key = pattern * 16 + hue;
    let fill = this.#fills.get(key);
    if (fill === undefined) {
      fill = serviceFill(this.#context, this.#palette, hue, pattern);
      this.#fills.set(key, fill);
    }
    return fill;
  }
}

/** `1.8`, `595`. */
function timesText(times: number): string {
  return times < 10 ? String(Number(times.toFixed(1))) : String(Math.round(times));
}
