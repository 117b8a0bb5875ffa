import { PermanentError } from "../../component/errors.ts";
import { bytesToHex, hexToBytes } from "../../model/ids.ts";
import type { SpanColumns } from "../../model/span-columns.ts";
import type { SearchResult, TraceQuery, TraceSummary } from "../../model/trace-query.ts";
import type { BlockCache, CachedBlock } from "../block-cache.ts";
import { bloomMayContain } from "../bloom.ts";
import { roundDown, roundUp, type SegmentBlocks } from "../segment-blocks.ts";
import { BlockGone, BlockView } from "./block-view.ts";
import { type CompiledFilter, compileFilter, type RowTest } from "./filter.ts";
import { Heap } from "./heap.ts";
import type { Pacer } from "./pacer.ts";
import { type MatchedSpan, summarize, traceTimes } from "./summary.ts";
import { type TraceRows, withoutDuplicates } from "./trace-rows.ts";

/** The blocks of one segment that are still to be visited, by latest span start. */
interface SegmentCursor {
  readonly segment: SegmentBlocks;
  readonly order: Uint32Array;
  at: number;
  /** No span in this and the following blocks of the segment starts later; ns, rounded up. */
  bound: number;
}

/** A trace with a matching span, not looked up yet. Its start is not later than `bound`; ns, rounded up. */
interface Candidate {
  readonly traceId: string;
  readonly bound: number;
}

const MAX_U64 = 0xffff_ffff_ffff_ffffn;
const MAX_LIMIT = 100_000;

/**
 * The newest traces that match, provably: a best-first search over two kinds of promises.
 *
 * A trace starts no later than any of its spans. So a trace with a matching span in a block starts no later than the
 * block's latest span start, and a trace seen in a block no later than its earliest span there. Whatever promises the
 * later start is done next: a block is searched for candidates, a candidate is looked up as a whole (which gives its
 * true start, its duration and its counts). Once `limit` traces start later than every promise that is left, no other
 * trace can come before them, however late, early or long its spans are.
 */
export async function findTraces(cache: BlockCache, query: TraceQuery, pacer: Pacer): Promise<SearchResult> {
  return new Search(cache, query, pacer).run();
}

class Search {
  readonly #cache: BlockCache;
  readonly #query: TraceQuery;
  readonly #filter: CompiledFilter;
  readonly #pacer: Pacer;
  readonly #segments = new Heap<SegmentCursor>((a, b) => a.bound > b.bound);
  readonly #candidates = new Heap<Candidate>((a, b) => a.bound > b.bound);
  readonly #considered = new Set<string>();
  /** In result order, at most limit + 1. */
  readonly #accepted: TraceSummary[] = [];
  readonly #startMin: number;
  readonly #startMax: number;

  constructor(cache: BlockCache, query: TraceQuery, pacer: Pacer) {
    if (!Number.isInteger(query.limit) || query.limit < 1 || query.limit > MAX_LIMIT) {
      throw new PermanentError("bad_request", `limit ${query.limit}: expected a whole number from 1 to ${MAX_LIMIT}`);
    }
    this.#cache = cache;
    this.#query = query;
    this.#filter = compileFilter(query.filter);
    this.#pacer = pacer;
    this.#startMin = query.startMin === undefined ? Number.NEGATIVE_INFINITY : roundDown(query.startMin);
    this.#startMax = query.startMax === undefined ? Number.POSITIVE_INFINITY : roundUp(query.startMax);
    for (const segment of cache.segments) {
      const cursor = { segment, order: segment.newestFirst(), at: -1, bound: 0 };
      if (this.#advance(cursor)) this.#segments.push(cursor);
    }
  }

  async run(): Promise<SearchResult> {
    const { limit } = this.#query;
    for (;;) {
      const block = this.#segments.top;
      const candidate = this.#candidates.top;
      if (block === undefined && candidate === undefined) return this.#result(true);
      const decisive = this.#accepted.length > limit ? (this.#accepted[limit - 1] as TraceSummary) : undefined;
      if (
        decisive !== undefined &&
        (block === undefined || decisive.start > block.bound) &&
        (candidate === undefined || decisive.start > candidate.bound)
      ) {
        return this.#result(true);
      }
      if (this.#pacer.expired()) return this.#result(false);
      if (candidate !== undefined && (block === undefined || candidate.bound >= block.bound)) {
        this.#candidates.pop();
        await this.#lookUp(candidate);
      } else if (block !== undefined) {
        this.#visit(block.segment, block.order[block.at] as number);
        if (this.#advance(block)) this.#segments.replaceTop(block);
        else this.#segments.pop();
      }
      if (this.#pacer.due()) await this.#pacer.pause();
    }
  }

  /** Moves to the next block that the time range leaves; false at the end. */
  #advance(cursor: SegmentCursor): boolean {
    const { segment, order } = cursor;
    for (cursor.at++; cursor.at < order.length; cursor.at++) {
      const row = order[cursor.at] as number;
      const latest = segment.maxStart(row);
      if (latest < this.#startMin) return false;
      if (segment.minStart(row) > this.#startMax) continue;
      cursor.bound = Math.min(latest, this.#startMax);
      return true;
    }
    return false;
  }

  #visit(segment: SegmentBlocks, row: number): void {
    if (segment.hasBlooms && !this.#filter.mayMatch((hash) => segment.mayContain(row, hash))) return;
    const block = this.#cache.block(segment.id, row);
    if (block === undefined) return;
    if (!segment.hasBlooms && !this.#filter.mayMatch((hash) => bloomMayContain(block.bloom, hash))) return;
    unlessGone(() => this.#collect(block));
  }

  /** Makes a candidate of every trace with a matching row that was not considered before. */
  #collect(block: CachedBlock): void {
    const { columns } = block;
    const test = this.#filter.bind(this.#view(block));
    if (test === false) return;
    const matches = this.#inRange(columns, test);
    const open = new Int8Array(columns.traceIds.length / 16);
    let bounds: Float64Array | undefined;
    for (let row = 0; row < columns.count; row++) {
      const trace = columns.traceIndex[row] as number;
      if (open[trace] === 0) open[trace] = this.#considered.has(traceIdAt(columns, trace)) ? -1 : 1;
      if (open[trace] === -1 || !matches(row)) continue;
      open[trace] = -1;
      const traceId = traceIdAt(columns, trace);
      this.#considered.add(traceId);
      bounds ??= earliestStarts(columns);
      this.#candidates.push({ traceId, bound: bounds[trace] as number });
    }
  }

  async #lookUp({ traceId }: Candidate): Promise<void> {
    const id = hexToBytes(traceId) as Uint8Array;
    const stored = await this.#cache.trace(id, this.#pacer);
    if (stored.length === 0) return;
    const { traceDurationMin, traceDurationMax, after } = this.#query;
    const { start, end } = traceTimes(stored);
    if (after !== undefined && !comesAfter({ start, traceId }, after)) return;
    if (traceDurationMin !== undefined && end - start < traceDurationMin) return;
    if (traceDurationMax !== undefined && end - start > traceDurationMax) return;
    const worst = this.#accepted[this.#query.limit];
    if (worst !== undefined && comesAfter({ start, traceId }, worst)) return;
    const trace = withoutDuplicates(stored, (block) => this.#cache.body(block.segment, block.row));
    const matched: MatchedSpan[] = [];
    for (const part of trace) {
      unlessGone(() => this.#match(part, matched));
      if (this.#pacer.due()) await this.#pacer.pause();
    }
    if (matched.length > 0) this.#accept(summarize(traceId, trace, matched));
  }

  #match({ block, rows }: TraceRows, matched: MatchedSpan[]): void {
    const { columns } = block;
    const test = this.#filter.bind(this.#view(block));
    if (test === false) return;
    const matches = this.#inRange(columns, test);
    for (const row of rows) if (matches(row)) matched.push({ columns, row });
  }

  #inRange({ startHigh, startLow }: SpanColumns, test: RowTest | true): RowTest {
    const { startMin, startMax } = this.#query;
    const holds = test === true ? () => true : test;
    if (startMin === undefined && startMax === undefined) return holds;
    const [minHigh, minLow] = halves(startMin ?? 0n);
    const [maxHigh, maxLow] = halves(startMax ?? MAX_U64);
    return (row) => {
      const high = startHigh[row] as number;
      const low = startLow[row] as number;
      if (high < minHigh || (high === minHigh && low < minLow)) return false;
      if (high > maxHigh || (high === maxHigh && low > maxLow)) return false;
      return holds(row);
    };
  }

  #accept(summary: TraceSummary): void {
    const accepted = this.#accepted;
    let at = accepted.length;
    while (at > 0 && comesAfter(accepted[at - 1] as TraceSummary, summary)) at--;
    accepted.splice(at, 0, summary);
    if (accepted.length > this.#query.limit + 1) accepted.pop();
  }

  #view(block: CachedBlock): BlockView {
    return new BlockView(block.columns, () => this.#cache.body(block.segment, block.row));
  }

  #result(complete: boolean): SearchResult {
    const { limit } = this.#query;
    const traces = this.#accepted.slice(0, limit);
    const last = traces.at(-1);
    const next = last === undefined ? undefined : { start: last.start, traceId: last.traceId };
    if (complete) return { traces, complete, ...(this.#accepted.length > limit && next ? { next } : {}) };
    const searchedBackTo = this.#promised() + 1n;
    // Paging from a trace that is not settled would leave out what was not found before it.
    const settled = traces.length === limit && next !== undefined && next.start >= searchedBackTo;
    return { traces, complete, searchedBackTo, ...(settled ? { next } : {}) };
  }

  /** No trace that is not accepted yet starts later; ns since the epoch. */
  #promised(): bigint {
    return BigInt(Math.ceil(Math.max(this.#segments.top?.bound ?? 0, this.#candidates.top?.bound ?? 0)));
  }
}

function traceIdAt(columns: SpanColumns, trace: number): string {
  return bytesToHex(columns.traceIds, trace * 16, 16);
}

/** Result order: newest start first, ties by trace id. */
function comesAfter(
  a: { readonly start: bigint; readonly traceId: string },
  b: { readonly start: bigint; readonly traceId: string },
): boolean {
  return a.start === b.start ? a.traceId > b.traceId : a.start < b.start;
}

/** The halves of a u64 for ordering; values outside come before or after all of them. */
function halves(value: bigint): [high: number, low: number] {
  return [Number(value >> 32n), Number(value & 0xffff_ffffn)];
}

/** Earliest start of every trace in the block, ns since the epoch, rounded up to float64. */
function earliestStarts({ count, traceIds, traceIndex, startHigh, startLow }: SpanColumns): Float64Array {
  const starts = new Float64Array(traceIds.length / 16).fill(Number.POSITIVE_INFINITY);
  for (let row = 0; row < count; row++) {
    const start = (startHigh[row] as number) * 0x1_0000_0000 + (startLow[row] as number);
    const trace = traceIndex[row] as number;
    if (start < (starts[trace] as number)) starts[trace] = start;
  }
  // The sum may have been rounded down by half a step.
  return starts.map((start) => start + start * 2 ** -52);
}

/** A block that retention takes while it is being searched has no matches. */
function unlessGone(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof BlockGone)) throw error;
  }
}
