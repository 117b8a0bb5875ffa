import { HUES } from "../../format/service-look.ts";

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

const NAMES = ["surface", "text", "text-3", "grid", "error", "error-fill", "accent"] as const;

/** Reads the colours below an element; custom properties hold `light-dark()`, which only a used colour resolves. */
export function readPalette(host: HTMLElement): Palette {
  const names = [...Array.from({ length: HUES }, (_, hue) => `hue-${hue}`), ...NAMES];
  const probe = document.createElement("span");
  probe.hidden = true;
  // All at once, so that the browser works its styles out once.
  probe.append(
    ...names.map((name) => {
      const child = document.createElement("span");
      child.style.color = `var(--${name})`;
      return child;
    }),
  );
  host.append(probe);
  const colours = Array.from(probe.children, (child) => getComputedStyle(child).color);
  probe.remove();
  const of = (name: (typeof NAMES)[number]) => colours[HUES + NAMES.indexOf(name)]!;
  return {
    hues: colours.slice(0, HUES),
    surface: of("surface"),
    text: of("text"),
    muted: of("text-3"),
    grid: of("grid"),
    error: of("error"),
    errorFill: of("error-fill"),
    accent: of("accent"),
  };
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
