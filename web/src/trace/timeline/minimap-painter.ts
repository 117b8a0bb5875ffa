import type { TraceModel } from "../model/trace-model.ts";
import { barBox } from "./bar-geometry.ts";
import { fitCanvas } from "./canvas-size.ts";
import { densityOf } from "./minimap-density.ts";
import type { Palette } from "./palette.ts";

/** Up to this many spans each is drawn for itself; beyond it a line of pixels sums up many. */
const SINGLE = 3_000;

/**
 * Paints the whole trace small: bars in their services' colours, errors above all; of large traces the service with
 * most spans at each pixel, the stronger the more they are.
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
  if (model.columns.count > SINGLE) {
    paintDense(context, model, palette, Math.floor(width), Math.floor(height));
    return;
  }
  paintSingle(context, model, palette, width, height);
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
  const { count, service, failed } = densityOf(model, width, height);
  let most = 1;
  for (const spans of count) if (spans > most) most = spans;
  const colourAt = (at: number): string =>
    failed[at] === 1 ? palette.errorFill : (palette.hues[model.looks[service[at]! - 1]?.hue ?? -1] ?? palette.muted);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; ) {
      const at = y * width + x;
      let end = x + 1;
      while (end < width && sameAt(at, y * width + end)) end++;
      if (count[at]! > 0) {
        context.globalAlpha = failed[at] === 1 ? 1 : 0.3 + 0.7 * (Math.log1p(count[at]!) / Math.log1p(most));
        context.fillStyle = colourAt(at);
        context.fillRect(x, y, end - x, 1);
      }
      x = end;
    }
  }
  context.globalAlpha = 1;

  function sameAt(a: number, b: number): boolean {
    return count[a] === count[b] && service[a] === service[b] && failed[a] === failed[b];
  }
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
