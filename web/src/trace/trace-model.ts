import { COLUMN_MARK, columnIdHex, PARENT_MISSING, type TraceColumns } from "../../../src/query/ui/columns-format.ts";
import { layoutTrace, type TraceLayout } from "./layout.ts";

/** Distinct service colours; the ninth service starts again at the first hue with a pattern. */
export const HUES = 8;
export const PATTERNS = 4;

export interface ServiceCount {
  readonly service: number;
  readonly name: string;
  readonly spans: number;
  readonly errors: number;
}

/** A trace as the page works with it: the received columns and what follows from them once. */
export interface TraceModel {
  readonly columns: TraceColumns;
  readonly layout: TraceLayout;
  /** Rows with an error status, ascending. */
  readonly errorRows: Int32Array;
  /** By spans, most first. */
  readonly services: readonly ServiceCount[];
  /** Longest time any row ends at, at least 1 ns: the length of the time axis. */
  readonly extent: number;
  /** Spans whose parent has not arrived. */
  readonly orphans: number;
  /** No span without a parent has arrived. */
  readonly rootMissing: boolean;
}

export function buildTraceModel(columns: TraceColumns): TraceModel {
  const layout = layoutTrace(columns.parent);
  const errorRows: number[] = [];
  const spans = new Int32Array(columns.services.length);
  const errors = new Int32Array(columns.services.length);
  let extent = Math.max(1, columns.durationNano);
  let hasRoot = false;
  for (let row = 0; row < columns.count; row++) {
    const service = columns.service[row]!;
    spans[service]!++;
    if (columns.status[row] === 2) {
      errors[service]!++;
      errorRows.push(row);
    }
    if (columns.parent[row]! < 0 && columns.parent[row] !== PARENT_MISSING) hasRoot = true;
    const end = columns.start[row]! + columns.duration[row]!;
    if (end > extent && ((columns.marks[row] ?? 0) & COLUMN_MARK.impossibleTime) === 0) extent = end;
  }
  const services = columns.services
    .map((name, service) => ({ service, name, spans: spans[service]!, errors: errors[service]! }))
    .sort((a, b) => b.spans - a.spans || (a.name < b.name ? -1 : 1));
  return {
    columns,
    layout,
    errorRows: Int32Array.from(errorRows),
    services,
    extent,
    orphans: columns.missingRows.length,
    rootMissing: !hasRoot,
  };
}

/** 16 hex digits. */
export function spanIdOf(columns: TraceColumns, row: number): string {
  return columnIdHex(columns.spanIds, row * 8, 8);
}

/** The first row of a span id (of a kind where one is given), or −1. */
export function rowOfSpan(columns: TraceColumns, spanId: string, kind?: number): number {
  if (!/^[0-9a-f]{16}$/.test(spanId)) return -1;
  const wanted = Uint8Array.from({ length: 8 }, (_, i) => Number.parseInt(spanId.slice(i * 2, i * 2 + 2), 16));
  const ids = columns.spanIds;
  for (let row = 0, at = 0; row < columns.count; row++, at += 8) {
    let i = 7;
    while (i >= 0 && ids[at + i] === wanted[i]) i--;
    if (i < 0 && (kind === undefined || columns.kind[row] === kind)) return row;
  }
  return -1;
}

/** Hue 0…7 and pattern 0…3 of a service, by its place among the trace's services, so both stay the same on every page part. */
export function serviceLook(service: number): { readonly hue: number; readonly pattern: number } {
  return { hue: service % HUES, pattern: Math.floor(service / HUES) % PATTERNS };
}

/** The first row after `from` (or before it) in an ascending list, going round at the ends; undefined for an empty list. */
export function stepThrough(rows: Int32Array, from: number, direction: 1 | -1): number | undefined {
  if (rows.length === 0) return undefined;
  if (direction === 1) return rows.find((row) => row > from) ?? rows[0];
  return rows.findLast((row) => row < from) ?? rows[rows.length - 1];
}
