import { STATUS_CODE } from "../../../../src/model/span.ts";
import {
  COLUMN_MARK,
  columnIdHex,
  PARENT_MISSING,
  type TraceColumns,
} from "../../../../src/query/ui/columns-format.ts";
import { looksOf, type ServiceLook } from "../../format/service-look.ts";
import { shownName } from "../../format/shown-name.ts";
import { DerivedTimes } from "./derived-times.ts";
import { layoutTrace, type TraceLayout } from "./layout.ts";
import { serversOfClients } from "./pairs.ts";
import { type SiblingGroups, siblingGroups } from "./sibling-groups.ts";

interface ServiceCount {
  readonly service: number;
  readonly name: string;
  readonly spans: number;
  readonly errors: number;
}

/** A trace as the page works with it: the received columns and what follows from them once. */
export interface TraceModel {
  readonly columns: TraceColumns;
  readonly layout: TraceLayout;
  readonly groups: SiblingGroups;
  readonly times: DerivedTimes;
  /** Row of the one server span below each client's, or −1. */
  readonly servers: Int32Array;
  /** Rows with an error status, ascending. */
  readonly errorRows: Int32Array;
  /** How each service looks, by its position among the columns' services. */
  readonly looks: readonly ServiceLook[];
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
    if (columns.status[row] === STATUS_CODE.error) {
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
    groups: siblingGroups(columns, layout),
    times: new DerivedTimes(columns, layout),
    servers: serversOfClients(columns, layout),
    errorRows: Int32Array.from(errorRows),
    looks: looksOf(columns.services, columns.places),
    services,
    extent,
    orphans: columns.missingRows.length,
    rootMissing: !hasRoot,
  };
}

export function serviceOfRow(columns: TraceColumns, row: number): string {
  return columns.services[columns.service[row]!]!;
}

export function operationOf(columns: TraceColumns, row: number): string {
  return columns.names[columns.name[row]!]!;
}

/** The service of a row as it is shown, also where its name is blank. */
export function shownService(columns: TraceColumns, row: number): string {
  return shownName(serviceOfRow(columns, row));
}

/** The name of a row as it is shown, also where it is blank. */
export function shownOperation(columns: TraceColumns, row: number): string {
  return shownName(operationOf(columns, row));
}

/** 16 hex digits. */
export function spanIdOf(columns: TraceColumns, row: number): string {
  return columnIdHex(columns.spanIds, row * 8, 8);
}

/** The first row of a span id (and of a kind, where `spanKey` named one), or −1. */
export function rowOfSpan(columns: TraceColumns, key: string): number {
  const [spanId = "", kind] = key.split(".");
  const rows = rowsOfSpans(columns, [spanId]);
  return (kind === undefined ? rows[0] : rows.find((row) => columns.kind[row] === Number(kind))) ?? -1;
}

/**
 * What the address calls a span: its id, with the kind (a digit of SPAN_KIND) where client and server share the id, as
 * Zipkin's senders do.
 */
export function spanKey(columns: TraceColumns, row: number): string {
  const id = spanIdOf(columns, row);
  return rowsOfSpans(columns, [id]).length > 1 ? `${id}.${columns.kind[row]}` : id;
}

/**
 * The first row after `from` (or before it) in an ascending list, going round at the ends; undefined for an empty list.
 */
export function stepThrough(rows: Int32Array, from: number, direction: 1 | -1): number | undefined {
  if (rows.length === 0) return undefined;
  if (direction === 1) return rows.find((row) => row > from) ?? rows[0];
  return rows.findLast((row) => row < from) ?? rows[rows.length - 1];
}

/**
 * The rows of several span ids in one pass; ids that are not in the trace are left out, ids that repeat give every row.
 */
export function rowsOfSpans(columns: TraceColumns, spanIds: readonly string[]): number[] {
  const wanted = new Map<number, Set<number>>();
  for (const id of spanIds) {
    if (!/^[0-9a-f]{16}$/.test(id)) continue;
    const high = Number.parseInt(id.slice(0, 8), 16);
    const lows = wanted.get(high) ?? new Set();
    wanted.set(high, lows.add(Number.parseInt(id.slice(8), 16)));
  }
  if (wanted.size === 0) return [];
  const ids = new DataView(columns.spanIds.buffer, columns.spanIds.byteOffset, columns.spanIds.byteLength);
  const rows: number[] = [];
  for (let row = 0; row < columns.count; row++) {
    if (wanted.get(ids.getUint32(row * 8))?.has(ids.getUint32(row * 8 + 4)) === true) rows.push(row);
  }
  return rows;
}
