import type { Style } from "../../query/text/readable.ts";
import { pad, shorten, textWidth } from "../../query/text/width.ts";

/** `45 s`, `12 min`, `3 h 5 min`, `4 d 2 h`; ms in. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** Without the unit; bytes in. */
export function formatMebibytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(1);
}

/** Escape codes where the stream is a terminal that wants them (https://no-color.org). */
export function styleFor(stream: NodeJS.WriteStream, environment: NodeJS.ProcessEnv): Style {
  const on = stream.isTTY === true && !environment.NO_COLOR && environment.TERM !== "dumb";
  const wrap = (code: number) => (text: string) => (on ? `\u001b[${code}m${text}\u001b[0m` : text);
  return { bold: wrap(1), dim: wrap(2), red: wrap(31) };
}

export interface TableStyle {
  /** Columns whose cells stand at their right end, as numbers do. */
  readonly right?: readonly number[];
  /** Cells of a line. Left out, lines are as long as they need. */
  readonly width?: number | undefined;
  /** Columns with texts that may be cut where lines would be too long, the widest first. */
  readonly flexible?: readonly number[];
}

const GAP = "  ";
/** A text that is cut keeps this much. */
const LEAST_TEXT = 8;

/** Columns as wide as their widest cell, or as the line lets them be. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  { right = [], width, flexible = [] }: TableStyle = {},
): string {
  const widths = columnWidths([head, ...rows]);
  if (width !== undefined) shrink(widths, flexible, width);
  const line = (cells: readonly string[]) => {
    const text = cells
      .map((cell, i) => {
        const size = widths[i] as number;
        return pad(shorten(cell, size), size, right.includes(i) ? "left" : "right");
      })
      .join(GAP)
      .trimEnd();
    return width === undefined ? text : shorten(text, width);
  };
  return `${[head, ...rows].map(line).join("\n")}\n`;
}

/** Cells that the lines of a table take where nothing is cut. */
export function tableWidth(lines: readonly (readonly string[])[]): number {
  return lineWidth(columnWidths(lines));
}

function columnWidths(lines: readonly (readonly string[])[]): number[] {
  const widths: number[] = [];
  for (const cells of lines) {
    for (const [i, cell] of cells.entries()) widths[i] = Math.max(widths[i] ?? 0, textWidth(cell));
  }
  return widths;
}

function lineWidth(widths: readonly number[]): number {
  return widths.reduce((sum, size) => sum + size, GAP.length * (widths.length - 1));
}

function shrink(widths: number[], flexible: readonly number[], width: number): void {
  for (let over = lineWidth(widths) - width; over > 0; over--) {
    const widest = flexible.reduce((a, b) => ((widths[b] ?? 0) > (widths[a] ?? 0) ? b : a), flexible[0] ?? 0);
    if ((widths[widest] ?? 0) <= LEAST_TEXT) return;
    widths[widest] = (widths[widest] as number) - 1;
  }
}
