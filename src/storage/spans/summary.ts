import { SpanIdTable } from "../../model/collections/span-id-table.ts";
import { compareText } from "../../model/compare-text.ts";
import { bytesToHex } from "../../model/ids.ts";
import { SPAN_KIND, STATUS_CODE } from "../../model/span.ts";
import { isRoot, nameOf, type SpanColumns, serviceOf, startNano } from "../../model/span-columns.ts";
import { TIME_CLASS, type TimeClass, timeClass } from "../../model/span-times.ts";
import type { TraceSummary } from "../../model/trace-query.ts";
import type { TraceRows, TraceTimes } from "../cache/cached-block.ts";

const MATCHED_IDS = 3;

/**
 * Earliest start and latest end of a trace, ns since the epoch, over the times that can be believed most (TIME_CLASS):
 * one span with a wrong clock moves neither. Both are 0 where there are none. An end counts where it makes a duration
 * of its span; a span without lasts at least until the last of these began. The trace page has the same rule.
 */
export function traceTimes(trace: readonly TraceRows[]): TraceTimes {
  const starts = new TimeRange();
  const ends = new TimeRange();
  const open = new TimeRange();
  for (const { block, rows } of trace) {
    const { startHigh, startLow, endHigh, endLow } = block.columns;
    for (const row of rows) {
      const [high, low] = [startHigh[row] as number, startLow[row] as number];
      const [lastHigh, lastLow] = [endHigh[row] as number, endLow[row] as number];
      const of = timeClass(high, low);
      starts.add(of, high, low);
      if (timeClass(lastHigh, lastLow) === of) ends.add(of, lastHigh, lastLow);
      else open.add(of, high, low);
    }
  }
  const ended = ends.best === starts.best && ends.best !== TIME_CLASS.none;
  if (!ended) return { start: starts.first, end: starts.last, ended };
  const end = open.best === ends.best && open.last > ends.last ? open.last : ends.last;
  return { start: starts.first, end, ended };
}

/** First and last of the times of the best class. In halves: a bigint a span costs more than all else of a look-up. */
class TimeRange {
  best: TimeClass = TIME_CLASS.none;
  #firstHigh = 0;
  #firstLow = 0;
  #lastHigh = 0;
  #lastLow = 0;

  get first(): bigint {
    return joined(this.#firstHigh, this.#firstLow);
  }

  get last(): bigint {
    return joined(this.#lastHigh, this.#lastLow);
  }

  add(of: TimeClass, high: number, low: number): void {
    if (of === TIME_CLASS.none || of < this.best) return;
    if (of > this.best) {
      this.best = of;
      this.#firstHigh = this.#lastHigh = high;
      this.#firstLow = this.#lastLow = low;
      return;
    }
    if (high < this.#firstHigh || (high === this.#firstHigh && low < this.#firstLow)) {
      this.#firstHigh = high;
      this.#firstLow = low;
    } else if (high > this.#lastHigh || (high === this.#lastHigh && low > this.#lastLow)) {
      this.#lastHigh = high;
      this.#lastLow = low;
    }
  }
}

function joined(high: number, low: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low);
}

/** Spans of the trace that satisfy the filter: rows of one block. */
export interface MatchedRows {
  readonly columns: SpanColumns;
  readonly rows: readonly number[];
}

export interface SpanRow {
  readonly columns: SpanColumns;
  readonly row: number;
}

interface Shown extends SpanRow {
  /** 2 for a span without parent, 1 for one whose parent is not stored. */
  readonly rank: number;
  readonly start: bigint;
  readonly time: TimeClass;
}

/**
 * The trace as a result list shows it; `trace` is not empty. The root is the earliest span without parent; where there
 * is none, the earliest whose parent is not stored stands for it, and the earliest of all where spans are each other's
 * parents. A server that shares its client's id is the client's child, whatever it names as its parent. Times that
 * cannot be believed come last, and among equals the least span id goes first: the order in which spans are stored,
 * which sealing changes, plays no part. Services are sorted by name.
 */
export function summarize(traceId: string, trace: readonly TraceRows[], matched: readonly MatchedRows[]): TraceSummary {
  const spanCount = trace.reduce((sum, { rows }) => sum + rows.length, 0);
  const ids = new SpanIdTable(spanCount);
  const services = new Map<string, { spanCount: number; errorCount: number }>();
  let distinct = 0;
  let errorCount = 0;
  for (const { block, rows } of trace) {
    const { columns } = block;
    for (const row of rows) {
      const error = columns.status[row] === STATUS_CODE.error ? 1 : 0;
      errorCount += error;
      if (ids.addFirst(columns.spanIds, row * 8, distinct) === distinct) distinct++;
      const name = serviceOf(columns, row);
      const service = services.get(name);
      if (service === undefined) services.set(name, { spanCount: 1, errorCount: error });
      else {
        service.spanCount++;
        service.errorCount += error;
      }
    }
  }
  const clients = new ClientIds(trace);
  let orphanCount = 0;
  let shown: Shown | undefined;
  for (const { block, rows } of trace) {
    const { columns } = block;
    for (const row of rows) {
      const shared = spanCount > distinct && clients.have(columns, row);
      const root = !shared && isRoot(columns, row);
      const orphan = !shared && !root && ids.find(columns.parentIds, row * 8) < 0;
      if (orphan) orphanCount++;
      const rank = root ? 2 : orphan ? 1 : 0;
      if (shown !== undefined && rank < shown.rank) continue;
      const time = timeClass(columns.startHigh[row] as number, columns.startLow[row] as number);
      const span = { columns, row, rank, time, start: startNano(columns, row) };
      if (shown === undefined || goesBefore(span, shown)) shown = span;
    }
  }
  const { columns, row, rank } = shown as Shown;
  const { start, end, ended } = traceTimes(trace);
  return {
    traceId,
    rootService: serviceOf(columns, row),
    rootName: nameOf(columns, row),
    hasRoot: rank === 2,
    start,
    end,
    ...(ended ? {} : { durationUnknown: true as const }),
    spanCount,
    errorCount,
    orphanCount,
    services: [...services].map(([name, counts]) => ({ name, ...counts })).sort((a, b) => compareText(a.name, b.name)),
    matchedSpans: firstOf(matched).map((span) => bytesToHex(span.columns.spanIds, span.row * 8, 8)),
    matchedCount: matched.reduce((sum, { rows }) => sum + rows.length, 0),
  };
}

/** The first MATCHED_IDS by start, then by id: of a long trace there may be many. */
function firstOf(matched: readonly MatchedRows[]): SpanRow[] {
  const first: SpanRow[] = [];
  for (const { columns, rows } of matched) {
    for (const row of rows) {
      const last = first[MATCHED_IDS - 1];
      if (last !== undefined && !startsBefore(columns, row, last)) continue;
      let at = first.length;
      while (at > 0 && startsBefore(columns, row, first[at - 1] as SpanRow)) at--;
      first.splice(at, 0, { columns, row });
      if (first.length > MATCHED_IDS) first.pop();
    }
  }
  return first;
}

function startsBefore(columns: SpanColumns, row: number, than: SpanRow): boolean {
  const high = (columns.startHigh[row] as number) - (than.columns.startHigh[than.row] as number);
  if (high !== 0) return high < 0;
  const low = (columns.startLow[row] as number) - (than.columns.startLow[than.row] as number);
  return low === 0 ? compareIds({ columns, row }, than) < 0 : low < 0;
}

/** Of span ids as unsigned numbers. */
function compareIds(a: SpanRow, b: SpanRow): number {
  for (let i = 0; i < 8; i++) {
    const difference = (a.columns.spanIds[a.row * 8 + i] as number) - (b.columns.spanIds[b.row * 8 + i] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The earliest span without parent, as `summarize` has it; undefined where none is stored. */
export function findRoot(trace: readonly TraceRows[]): SpanRow | undefined {
  const clients = new ClientIds(trace);
  let found: Shown | undefined;
  for (const { block, rows } of trace) {
    const { columns } = block;
    for (const row of rows) {
      if (!isRoot(columns, row) || clients.have(columns, row)) continue;
      const time = timeClass(columns.startHigh[row] as number, columns.startLow[row] as number);
      const span = { columns, row, rank: 2, time, start: startNano(columns, row) };
      if (found === undefined || goesBefore(span, found)) found = span;
    }
  }
  return found;
}

/** Of the spans that servers share an id with, as Zipkin's senders do. */
class ClientIds {
  readonly #trace: readonly TraceRows[];
  #ids: Set<string> | undefined;

  constructor(trace: readonly TraceRows[]) {
    this.#trace = trace;
  }

  /** Whether the row is a server's and a client has its id. */
  have({ kind, spanIds }: SpanColumns, row: number): boolean {
    if (kind[row] !== SPAN_KIND.server) return false;
    this.#ids ??= this.#read();
    return this.#ids.has(bytesToHex(spanIds, row * 8, 8));
  }

  #read(): Set<string> {
    const ids = new Set<string>();
    for (const { block, rows } of this.#trace) {
      const { kind, spanIds } = block.columns;
      for (const row of rows) if (kind[row] === SPAN_KIND.client) ids.add(bytesToHex(spanIds, row * 8, 8));
    }
    return ids;
  }
}

function goesBefore(a: Shown, b: Shown): boolean {
  if (a.rank !== b.rank) return a.rank > b.rank;
  if (a.time !== b.time) return a.time > b.time;
  if (a.start !== b.start) return a.start < b.start;
  const ids = compareIds(a, b);
  return ids === 0 ? (a.columns.kind[a.row] as number) < (b.columns.kind[b.row] as number) : ids < 0;
}
