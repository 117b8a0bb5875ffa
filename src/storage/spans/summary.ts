import { compareText } from "../../model/compare-text.ts";
import { bytesToHex } from "../../model/ids.ts";
import { STATUS_CODE } from "../../model/span.ts";
import { isRoot, nameOf, type SpanColumns, serviceOf, startNano } from "../../model/span-columns.ts";
import { TIME_CLASS, type TimeClass, timeClass } from "../../model/span-times.ts";
import type { TraceSummary } from "../../model/trace-query.ts";
import type { TraceRows } from "../cache/cached-block.ts";

const MATCHED_IDS = 3;

/**
 * Earliest start and latest end of a trace, ns since the epoch, over the times that can be believed most (TIME_CLASS):
 * one span with a wrong clock moves neither. Both are 0 where there are none, and the end is the latest start where no
 * end is as good as that.
 */
export function traceTimes(trace: readonly TraceRows[]): { start: bigint; end: bigint } {
  const starts = new TimeRange();
  const ends = new TimeRange();
  for (const { block, rows } of trace) {
    const { startHigh, startLow, endHigh, endLow } = block.columns;
    for (const row of rows) {
      starts.add(startHigh[row] as number, startLow[row] as number);
      ends.add(endHigh[row] as number, endLow[row] as number);
    }
  }
  return { start: starts.first, end: ends.best < starts.best ? starts.last : ends.last };
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

  add(high: number, low: number): void {
    const of = timeClass(high, low);
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

/** A span of the trace that satisfies the filter. */
export interface MatchedSpan {
  readonly columns: SpanColumns;
  readonly row: number;
}

interface Shown extends MatchedSpan {
  /** 2 for a span without parent, 1 for one whose parent is not stored. */
  readonly rank: number;
  readonly start: bigint;
  readonly time: TimeClass;
}

/**
 * The trace as a result list shows it; `trace` is not empty. The root is the earliest span without parent; where there
 * is none, the earliest whose parent is not stored stands for it, and the earliest of all where spans are each other's
 * parents. Times that cannot be believed come last, and among equals the least span id goes first: the order in which
 * spans are stored, which sealing changes, plays no part. Services are sorted by name.
 */
export function summarize(traceId: string, trace: readonly TraceRows[], matched: readonly MatchedSpan[]): TraceSummary {
  const ids = new Set<string>();
  const services = new Map<string, { spanCount: number; errorCount: number }>();
  let spanCount = 0;
  let errorCount = 0;
  for (const { block, rows } of trace) {
    const { columns } = block;
    for (const row of rows) {
      const error = columns.status[row] === STATUS_CODE.error ? 1 : 0;
      spanCount++;
      errorCount += error;
      ids.add(bytesToHex(columns.spanIds, row * 8, 8));
      const name = serviceOf(columns, row);
      const service = services.get(name);
      if (service === undefined) services.set(name, { spanCount: 1, errorCount: error });
      else {
        service.spanCount++;
        service.errorCount += error;
      }
    }
  }
  let orphanCount = 0;
  let shown: Shown | undefined;
  for (const { block, rows } of trace) {
    const { columns } = block;
    for (const row of rows) {
      const root = isRoot(columns, row);
      const orphan = !root && !ids.has(bytesToHex(columns.parentIds, row * 8, 8));
      if (orphan) orphanCount++;
      const rank = root ? 2 : orphan ? 1 : 0;
      if (shown !== undefined && rank < shown.rank) continue;
      const time = timeClass(columns.startHigh[row] as number, columns.startLow[row] as number);
      const span = { columns, row, rank, time, start: startNano(columns, row) };
      if (shown === undefined || goesBefore(span, shown)) shown = span;
    }
  }
  const { columns, row, rank } = shown as Shown;
  const firstMatched = matched
    .map((span) => ({
      id: bytesToHex(span.columns.spanIds, span.row * 8, 8),
      start: startNano(span.columns, span.row),
    }))
    .sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  return {
    traceId,
    rootService: serviceOf(columns, row),
    rootName: nameOf(columns, row),
    hasRoot: rank === 2,
    ...traceTimes(trace),
    spanCount,
    errorCount,
    orphanCount,
    services: [...services].map(([name, counts]) => ({ name, ...counts })).sort((a, b) => compareText(a.name, b.name)),
    matchedSpans: firstMatched.slice(0, MATCHED_IDS).map((span) => span.id),
    matchedCount: matched.length,
  };
}

/** The earliest span without parent, as `summarize` has it; undefined where none is stored. */
export function findRoot(trace: readonly TraceRows[]): MatchedSpan | undefined {
  let found: Shown | undefined;
  for (const { block, rows } of trace) {
    const { columns } = block;
    for (const row of rows) {
      if (!isRoot(columns, row)) continue;
      const time = timeClass(columns.startHigh[row] as number, columns.startLow[row] as number);
      const span = { columns, row, rank: 2, time, start: startNano(columns, row) };
      if (found === undefined || goesBefore(span, found)) found = span;
    }
  }
  return found;
}

function goesBefore(a: Shown, b: Shown): boolean {
  if (a.rank !== b.rank) return a.rank > b.rank;
  if (a.time !== b.time) return a.time > b.time;
  if (a.start !== b.start) return a.start < b.start;
  for (let i = 0; i < 8; i++) {
    const difference = (a.columns.spanIds[a.row * 8 + i] as number) - (b.columns.spanIds[b.row * 8 + i] as number);
    if (difference !== 0) return difference < 0;
  }
  return (a.columns.kind[a.row] as number) < (b.columns.kind[b.row] as number);
}
