import { HUES } from "./service-look.ts";

/** Colours that canvases paint with, resolved from the style sheet's custom properties for the theme on screen. */
export interface Palette {
  readonly hues: readonly string[];
  readonly surface: string;
  readonly text: string;
  readonly muted: string;
  readonly grid: string;
  readonly error: string;
  readonly errorFill: string;
  readonly accent: string;
}

/** Reads the colours below an element; custom properties hold `light-dark()`, which only a used colour resolves. */
export function readPalette(host: HTMLElement): Palette {
  const probe = document.createElement("span");
  probe.hidden = true;
  host.append(probe);
  const read = (name: string): string => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const palette: Palette = {
    hues: Array.from({ length: HUES }, (_, hue) => read(`--hue-${hue}`)),
    surface: read("--surface"),
    text: read("--text"),
    muted: read("--text-3"),
    grid: read("--grid"),
    error: read("--error"),
    errorFill: read("--error-fill"),
    accent: read("--accent"),
  };
  probe.remove();
  return palette;
}

/**
 * A bar's fill: the plain hue, or the hue under stripes, bars or dots for services beyond the eighth. Pattern tiles are
 * made for device pixels and must be asked for again after the palette or the pixel ratio changed.
 */
export function serviceFill(
  context: CanvasRenderingContext2D,
  palette: Palette,
  hue: number,
  pattern: number,
): string | CanvasPattern {
  const colour = palette.hues[hue]!;
  if (pattern === 0) return colour;
  const tile = document.createElement("canvas");
  tile.width = 8;
  tile.height = 8;
  const paint = tile.getContext("2d")!;
  paint.fillStyle = colour;
  paint.fillRect(0, 0, 8, 8);
  paint.fillStyle = palette.surface;
  paint.strokeStyle = palette.surface;
  if (pattern === 1) {
    paint.lineWidth = 2;
    paint.beginPath();
    for (const shift of [-8, 0, 8]) {
      paint.moveTo(shift - 1, 9);
      paint.lineTo(shift + 9, -1);
    }
    paint.stroke();
  } else if (pattern === 2) {
    paint.fillRect(0, 0, 2, 8);
  } else {
    paint.fillRect(1, 1, 2, 2);
    paint.fillRect(5, 5, 2, 2);
  }
  return context.createPattern(tile, "repeat") ?? colour;
}
