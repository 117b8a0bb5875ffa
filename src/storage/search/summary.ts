import { compareText } from "../../model/compare-text.ts";
import { bytesToHex } from "../../model/ids.ts";
import { STATUS_CODE } from "../../model/span.ts";
import { isRoot, nameOf, type SpanColumns, serviceOf, startNano } from "../../model/span-columns.ts";
import type { TraceSummary } from "../../model/trace-query.ts";
import type { TraceRows } from "../cache/cached-block.ts";

const MATCHED_IDS = 3;

/** ns since the epoch: earliest start and latest end over all spans. */
export function traceTimes(trace: readonly TraceRows[]): { start: bigint; end: bigint } {
  let startHigh = 0xffff_ffff;
  let startLow = 0xffff_ffff;
  let endHigh = 0;
  let endLow = 0;
  let any = false;
  // In halves: a bigint for every span costs more than all the rest of looking a trace up.
  for (const { block, rows } of trace) {
    const { columns } = block;
    for (const row of rows) {
      any = true;
      const high = columns.startHigh[row] as number;
      const low = columns.startLow[row] as number;
      if (high < startHigh || (high === startHigh && low < startLow)) {
        startHigh = high;
        startLow = low;
      }
      const laterHigh = columns.endHigh[row] as number;
      const laterLow = columns.endLow[row] as number;
      if (laterHigh > endHigh || (laterHigh === endHigh && laterLow > endLow)) {
        endHigh = laterHigh;
        endLow = laterLow;
      }
    }
  }
  return { start: any ? joined(startHigh, startLow) : 0n, end: joined(endHigh, endLow) };
}

function joined(high: number, low: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low);
}

/** A span of the trace that satisfies the filter. */
export interface MatchedSpan {
  readonly columns: SpanColumns;
  readonly row: number;
}

/**
 * The trace as a result list shows it; `trace` is not empty. The root is the earliest span without parent, among equals
 * the one stored first; where there is none, the earliest span stands for it. Services are sorted by name.
 */
export function summarize(traceId: string, trace: readonly TraceRows[], matched: readonly MatchedSpan[]): TraceSummary {
  const ids = new Set<string>();
  const parents: string[] = [];
  const services = new Map<string, { spanCount: number; errorCount: number }>();
  let spanCount = 0;
  let errorCount = 0;
  let shown: (MatchedSpan & { readonly start: bigint; readonly root: boolean }) | undefined;
  for (const { block, rows } of trace) {
    const { columns } = block;
    for (const row of rows) {
      const start = startNano(columns, row);
      const root = isRoot(columns, row);
      const error = columns.status[row] === STATUS_CODE.error ? 1 : 0;
      spanCount++;
      errorCount += error;
      ids.add(bytesToHex(columns.spanIds, row * 8, 8));
      if (!root) parents.push(bytesToHex(columns.parentIds, row * 8, 8));
      const name = serviceOf(columns, row);
      const service = services.get(name);
      if (service === undefined) services.set(name, { spanCount: 1, errorCount: error });
      else {
        service.spanCount++;
        service.errorCount += error;
      }
      const better = shown === undefined || (root === shown.root ? start < shown.start : root);
      if (better) shown = { columns, row, start, root };
    }
  }
  const { columns, row, root } = shown as NonNullable<typeof shown>;
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
    hasRoot: root,
    ...traceTimes(trace),
    spanCount,
    errorCount,
    orphanCount: parents.reduce((sum, parent) => sum + (ids.has(parent) ? 0 : 1), 0),
    services: [...services].map(([name, counts]) => ({ name, ...counts })).sort((a, b) => compareText(a.name, b.name)),
    matchedSpans: firstMatched.slice(0, MATCHED_IDS).map((span) => span.id),
    matchedCount: matched.length,
  };
}
