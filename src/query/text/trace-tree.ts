import { formatDuration } from "../../model/duration-text.ts";
import { STATUS_CODE } from "../../model/span.ts";
import {
  COLUMN_MARK,
  columnIdHex,
  PARENT_MISSING,
  rowDuration,
  type TraceColumns,
  traceDuration,
} from "../ui/columns-format.ts";
import { count, formatTime, printable, type Style } from "./readable.ts";
import { pad, shorten, textWidth } from "./width.ts";

export interface TreeOptions {
  /** Why spans failed, by row. */
  readonly messages: ReadonlyMap<number, string>;
  /** Leaves out what leads to no error. */
  readonly onlyErrors: boolean;
  /** Cells of a line. Undefined where lines may be as long as they like. */
  readonly width: number | undefined;
  readonly style: Style;
}

/** Levels that are drawn at most. Deeper spans stand there too, with the number of levels that are left out. */
const MOST_LEVELS = 24;
const LEVEL_CELLS = 3;
/** Labels are brought to one width up to here. */
const LABEL_CELLS = 72;
const DURATION_CELLS = 8;

/** A heading, one line a span with tree, service, name, bar, duration and id, and lines below for what is wrong. */
export function* renderTree(columns: TraceColumns, options: TreeOptions): Generator<string> {
  const { onlyErrors, style, width } = options;
  const shown = onlyErrors ? errorPaths(columns) : undefined;
  for (const line of heading(columns)) yield width === undefined ? style.bold(line) : style.bold(shorten(line, width));
  const { lines, missing } = drawTree(columns, shown, width);
  const sizes = layout(columns, lines, width);
  for (const { label, below, row } of lines) {
    yield spanLine(columns, row, label, sizes, style);
    const message = options.messages.get(row);
    const notes = [
      ...(message === undefined ? [] : [style.red(cut(below, message, width))]),
      ...(missing.has(row) ? [style.dim(cut(below, `parent ${missing.get(row)} is missing`, width))] : []),
      ...(has(columns, row, COLUMN_MARK.cycle) ? [style.dim(cut(below, "is its own ancestor", width))] : []),
    ];
    for (const note of notes) yield `${below}${note}`;
  }
}

function heading(columns: TraceColumns): string[] {
  const errors = columns.status.reduce((sum, status) => sum + (status === STATUS_CODE.error ? 1 : 0), 0);
  const facts = [
    `trace duration ${formatDuration(traceDuration(columns))}`,
    count(columns.count, "span"),
    count(columns.services.length, "service"),
    ...(errors > 0 ? [count(errors, "error")] : []),
    ...(columns.missingRows.length > 0 ? [`${count(columns.missingRows.length, "span")} without the parent`] : []),
    ...(columns.collapsedDuplicates > 0 ? [`${count(columns.collapsedDuplicates, "span")} sent again`] : []),
  ];
  return [`${columns.traceId}  ${formatTime(columns.baseStartNano)}`, facts.join(", ")];
}

interface TreeLine {
  /** Branches, service and name. */
  readonly label: string;
  /** The branches under it. */
  readonly below: string;
  readonly row: number;
}

function drawTree(columns: TraceColumns, shown: ReadonlySet<number> | undefined, width: number | undefined) {
  const most = width === undefined ? MOST_LEVELS : Math.min(MOST_LEVELS, Math.floor(width / LEVEL_CELLS / 3));
  const lines: TreeLine[] = [];
  const last = lastChildren(columns, shown);
  const parents = new Set<number>();
  for (const row of last) parents.add(columns.parent[row] as number);
  const stems: string[] = [];
  const depth = new Int32Array(columns.count);
  for (let row = 0; row < columns.count; row++) {
    const parent = columns.parent[row] as number;
    const level = parent < 0 ? 0 : (depth[parent] as number) + 1;
    depth[row] = level;
    if (shown !== undefined && !shown.has(row)) continue;
    const drawn = Math.min(level, most);
    const own = level === 0 ? "" : last.has(row) ? "└─ " : "├─ ";
    // Below the deepest level that is drawn there is no room for branches of several levels.
    const more = level > most ? `+${level - most} ` : "";
    const left = `${stems.slice(1, drawn).join("")}${own}${more}`;
    if (level <= most) {
      stems.length = level;
      stems[level] = level === 0 ? "" : last.has(row) ? "   " : "│  ";
    }
    const below = `${stems.slice(1, drawn + 1).join("")}${parents.has(row) ? "│  " : "   "}`;
    lines.push({ label: `${left}${nameOf(columns, row)}`, below, row });
  }
  const missing = new Map<number, string>();
  for (const [i, row] of columns.missingRows.entries()) {
    if (columns.parent[row] === PARENT_MISSING) missing.set(row, columnIdHex(columns.missingParentIds, i * 8, 8));
  }
  return { lines, missing };
}

function nameOf(columns: TraceColumns, row: number): string {
  const service = columns.services[columns.service[row] as number] as string;
  const name = columns.names[columns.name[row] as number] as string;
  return printable(`${service}  ${name}`);
}

interface Sizes {
  readonly label: number;
  /** Labels wider than their column are cut. */
  readonly cuts: boolean;
  /** None in a narrow terminal. */
  readonly bar: number;
  /** Digits of a span's id. */
  readonly digits: number;
}

/** A wide terminal has room for whole ids and long bars. */
function layout(columns: TraceColumns, lines: readonly TreeLine[], width: number | undefined): Sizes {
  const wanted = lines.reduce((widest, { label }) => Math.max(widest, textWidth(label)), 0);
  if (width === undefined) return { label: Math.min(LABEL_CELLS, wanted), cuts: false, bar: 24, digits: 16 };
  const [bar, digits] = width >= 110 ? [24, 16] : width >= 80 ? [12, 8] : width >= 56 ? [6, 8] : [0, 8];
  const errors = columns.status.includes(STATUS_CODE.error) ? "  error".length : 0;
  const rest = (bar === 0 ? 0 : 2 + bar) + 2 + DURATION_CELLS + 2 + digits + errors;
  return { label: Math.max(8, Math.min(wanted, width - rest)), cuts: true, bar, digits };
}

function spanLine(columns: TraceColumns, row: number, label: string, sizes: Sizes, style: Style): string {
  const failed = columns.status[row] === STATUS_CODE.error;
  const text = pad(sizes.cuts ? shorten(label, sizes.label) : label, sizes.label);
  const duration = formatDuration(rowDuration(columns, row)).padStart(DURATION_CELLS);
  const id = columnIdHex(columns.spanIds, row * 8, 8).slice(0, sizes.digits);
  const place = sizes.bar === 0 ? "" : `  ${bar(columns, row, sizes.bar)}`;
  const mark = failed ? style.red("  error") : "";
  return `${failed ? style.red(text) : text}${place}  ${duration}  ${style.dim(id)}${mark}`;
}

function bar(columns: TraceColumns, row: number, cells: number): string {
  const total = Math.max(1, columns.durationNano);
  const from = Math.min(cells - 1, Math.max(0, Math.floor(((columns.start[row] as number) / total) * cells)));
  const size = Math.max(1, Math.round((Math.max(0, columns.duration[row] as number) / total) * cells));
  const length = Math.min(size, cells - from);
  return `${"·".repeat(from)}${"█".repeat(length)}${"·".repeat(cells - from - length)}`;
}

function cut(below: string, text: string, width: number | undefined): string {
  return width === undefined ? printable(text) : shorten(printable(text), width - below.length);
}

function has(columns: TraceColumns, row: number, mark: number): boolean {
  return ((columns.marks[row] as number) & mark) !== 0;
}

/** Rows with errors and all their ancestors. */
function errorPaths(columns: TraceColumns): Set<number> {
  const rows = new Set<number>();
  for (let row = 0; row < columns.count; row++) {
    if (columns.status[row] !== STATUS_CODE.error) continue;
    for (let at = row; at >= 0 && !rows.has(at); at = columns.parent[at] as number) rows.add(at);
  }
  return rows;
}

/** Rows that are the last shown child of their parent. */
function lastChildren(columns: TraceColumns, shown: ReadonlySet<number> | undefined): Set<number> {
  const last = new Map<number, number>();
  for (let row = 0; row < columns.count; row++) {
    const parent = columns.parent[row] as number;
    if (parent >= 0 && (shown === undefined || shown.has(row))) last.set(parent, row);
  }
  return new Set(last.values());
}
