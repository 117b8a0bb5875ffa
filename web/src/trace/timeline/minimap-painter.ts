import type { TraceModel } from "../model/trace-model.ts";
import { barBox } from "./bar-geometry.ts";
import { fitCanvas } from "./canvas-size.ts";
import type { Palette } from "./palette.ts";

/** Up to this many spans each is drawn for itself; beyond it a line of pixels sums up many. */
const SINGLE = 3_000;

/**
 * How many spans cover each pixel: `height` lines of `width` buckets, every span counted on the line its row falls on.
 * A difference array a line keeps this linear in spans plus pixels, however long the spans are.
 */
export function coverage(model: TraceModel, width: number, height: number): Float32Array {
  const { columns, extent } = model;
  const line = width + 1;
  const counts = new Float32Array(line * height);
  const window = { from: 0, to: extent };
  for (let row = 0; row < columns.count; row++) {
    const bar = barBox(window, width, columns.start[row]!, columns.duration[row]!);
    const y = Math.min(height - 1, Math.floor((row / columns.count) * height));
    const from = Math.max(0, Math.min(width - 1, Math.floor(bar.x)));
    const to = Math.max(from + 1, Math.min(width, Math.ceil(bar.x + bar.width)));
    counts[y * line + from]! += 1;
    counts[y * line + to]! -= 1;
  }
  const cover = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    let sum = 0;
    for (let x = 0; x < width; x++) {
      sum += counts[y * line + x]!;
      cover[y * width + x] = sum;
    }
  }
  return cover;
}

/**
 * Paints the whole trace small: bars in their services' colours, errors above all; for large traces how dense it is.
 */
export function paintMinimap(
  canvas: HTMLCanvasElement,
  model: TraceModel,
  palette: Palette,
  width: number,
  height: number,
): void {
  if (!fitCanvas(canvas, width, height)) return;
  const context = canvas.getContext("2d")!;
  context.clearRect(0, 0, width, height);
  if (model.columns.count <= SINGLE) paintSingle(context, model, palette, width, height);
  else paintDense(context, model, palette, Math.floor(width), Math.floor(height));
  paintErrors(context, model, palette, width, height);
}

function paintSingle(
  context: CanvasRenderingContext2D,
  model: TraceModel,
  palette: Palette,
  width: number,
  height: number,
): void {
  const { columns, extent } = model;
  const pitch = Math.min(6, height / columns.count);
  const thick = Math.max(1, pitch * 0.7);
  for (let row = 0; row < columns.count; row++) {
    const bar = barBox({ from: 0, to: extent }, width, columns.start[row]!, columns.duration[row]!);
    context.fillStyle = palette.hues[model.looks[columns.service[row]!]!.hue]!;
    context.fillRect(bar.x, row * pitch, bar.width, thick);
  }
}

function paintDense(
  context: CanvasRenderingContext2D,
  model: TraceModel,
  palette: Palette,
  width: number,
  height: number,
): void {
  const cover = coverage(model, width, height);
  let most = 1;
  for (const count of cover) if (count > most) most = count;
  context.fillStyle = palette.accent;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; ) {
      const count = cover[y * width + x]!;
      let end = x + 1;
      while (end < width && cover[y * width + end] === count) end++;
      if (count > 0) {
        context.globalAlpha = 0.25 + 0.75 * (Math.log1p(count) / Math.log1p(most));
        context.fillRect(x, y, end - x, 1);
      }
      x = end;
    }
  }
  context.globalAlpha = 1;
}

function paintErrors(
  context: CanvasRenderingContext2D,
  model: TraceModel,
  palette: Palette,
  width: number,
  height: number,
): void {
  const { columns, extent, errorRows } = model;
  const pitch = Math.min(6, height / columns.count);
  context.fillStyle = palette.errorFill;
  for (const row of errorRows) {
    const bar = barBox({ from: 0, to: extent }, width, columns.start[row]!, columns.duration[row]!);
    context.fillRect(bar.x, row * pitch, Math.max(2, bar.width), Math.max(1.5, pitch * 0.7));
  }
}
