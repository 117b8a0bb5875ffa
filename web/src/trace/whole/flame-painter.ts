import { formatDuration } from "../../../../src/model/duration-text.ts";
import type { ServiceLook } from "../../format/service-look.ts";
import type { FlameBox, FlameTree } from "../model/flame-tree.ts";
import { shownOperation, type TraceModel } from "../model/trace-model.ts";
import { fitCanvas } from "../timeline/canvas-size.ts";
import { type Palette, serviceFill } from "../timeline/palette.ts";
import { fittedLabel } from "./fitted-label.ts";

/** Of a level, CSS pixels. */
export const LEVEL_HEIGHT = 22;
/** Narrower boxes have no text, pixels. */
const LEAST_TEXT = 36;
const INSET = 5;

export interface FlameScene {
  readonly model: TraceModel;
  readonly tree: FlameTree;
  readonly boxes: readonly FlameBox[];
  readonly focus: number;
  readonly active: number;
  readonly scrollTop: number;
  readonly width: number;
  readonly height: number;
}

/** Paints the boxes of a flame graph that are on screen. */
export function paintFlame(canvas: HTMLCanvasElement, palette: Palette, scene: FlameScene): void {
  if (!fitCanvas(canvas, scene.width, scene.height)) return;
  const context = canvas.getContext("2d")!;
  context.clearRect(0, 0, scene.width, scene.height);
  context.font = `12px ${getComputedStyle(canvas).fontFamily}`;
  context.textBaseline = "middle";
  const fills = new Map<number, string | CanvasPattern>();
  const fillOf = ({ hue, pattern }: ServiceLook) => {
    const key = pattern * 16 + hue;
    const fill = fills.get(key) ?? serviceFill(context, palette, hue, pattern);
    fills.set(key, fill);
    return fill;
  };
  for (const box of scene.boxes) paintBox(context, palette, scene, box, fillOf);
}

function paintBox(
  context: CanvasRenderingContext2D,
  palette: Palette,
  { model, tree, focus, active, scrollTop }: FlameScene,
  box: FlameBox,
  fillOf: (look: ServiceLook) => string | CanvasPattern,
): void {
  const { node, x, width } = box;
  const y = box.level * LEVEL_HEIGHT - scrollTop;
  const wide = Math.max(0.5, width - (width > 3 ? 1 : 0));
  const row = node < 0 ? -1 : tree.row[node]!;
  const service = row < 0 ? undefined : model.columns.service[row]!;
  context.globalAlpha = node < 0 ? 0.5 : tree.depth[node]! < tree.depth[focus]! ? 0.45 : 1;
  context.fillStyle = service === undefined ? palette.muted : fillOf(model.looks[service]!);
  context.fillRect(x, y, wide, LEVEL_HEIGHT - 1);
  context.globalAlpha = 1;
  if (node < 0) return;
  if (tree.errors[node]! > 0) {
    context.fillStyle = palette.errorFill;
    context.fillRect(x, y, Math.min(3, wide), LEVEL_HEIGHT - 1);
  }
  if (width >= LEAST_TEXT) paintText(context, palette, labelOf(model, tree, node), x, y, wide);
  if (node === active) {
    context.strokeStyle = palette.text;
    context.lineWidth = 2;
    context.strokeRect(x + 1, y + 1, Math.max(1, wide - 2), LEVEL_HEIGHT - 3);
  }
}

/** On a ground of its own, so that it can be read on every colour and pattern. */
function paintText(
  context: CanvasRenderingContext2D,
  palette: Palette,
  { name, figures }: Label,
  x: number,
  y: number,
  width: number,
): void {
  const text = fittedLabel(name, figures, width - 6 - 2 * INSET, (part) => context.measureText(part).width);
  if (text === "") return;
  context.save();
  context.beginPath();
  context.rect(x + 3, y + 2, width - 6, LEVEL_HEIGHT - 5);
  context.clip();
  context.fillStyle = palette.surface;
  context.globalAlpha = 0.9;
  context.fillRect(x + 3, y + 2, Math.min(width - 6, context.measureText(text).width + 2 * INSET), LEVEL_HEIGHT - 5);
  context.globalAlpha = 1;
  context.fillStyle = palette.text;
  context.fillText(text, x + 3 + INSET, y + LEVEL_HEIGHT / 2);
  context.restore();
}

interface Label {
  readonly name: string;
  readonly figures: string;
}

function labelOf(model: TraceModel, tree: FlameTree, node: number): Label {
  const time = formatDuration(tree.whole[node]!);
  if (node === 0) return { name: "whole trace", figures: time };
  const many = tree.spans[node]! > 1 ? `×${tree.spans[node]} ` : "";
  return { name: shownOperation(model.columns, tree.row[node]!), figures: `${many}${time}` };
}
