import { PermanentError } from "../../component/errors.ts";
import { bytesToHex, type TraceKeyStart } from "../../model/ids.ts";
import { type SpanColumns, startNano } from "../../model/span-columns.ts";
import { EARLIEST_TIME, LATEST_TIME } from "../../model/span-times.ts";
import type { OutsideMatches, SearchResult, TraceQuery, TraceSummary } from "../../model/trace-query.ts";
import { bloomMayContain } from "../block/bloom.ts";
import type { BlockCache } from "../cache/block-cache.ts";
import type { BlockName, CachedBlock, TraceRows, TraceTimes } from "../cache/cached-block.ts";
import type { BlockSource } from "../cache/hash-blocks.ts";
import type { Pacer } from "../cache/pacer.ts";
import { roundDown, roundUp, type SegmentBlocks } from "../cache/segment-blocks.ts";
import { BlockView } from "../spans/block-view.ts";
import { identified } from "../spans/shown-id.ts";
import { type MatchedRows, summarize, traceTimes } from "../spans/summary.ts";
import { TraceSpans } from "../spans/trace-spans.ts";
import { candidateBlocks, fewestBlocks } from "./candidate-blocks.ts";
import { type CompiledFilter, compileFilter } from "./filter.ts";
import type { RowTest } from "./filter-node.ts";
import { OutOfTime } from "./give-way.ts";
import { Heap } from "./heap.ts";
import { OutsideCount } from "./outside-count.ts";
import { comesAfter, ResultOrder } from "./result-order.ts";
import { type MatchedTrace, SpanShower } from "./shown-spans.ts";
import { type CompiledPipeline, compilePipeline, type Spanset, unionOf } from "./spansets.ts";
import { SpentBlocks } from "./spent-blocks.ts";
import { loaderOf, matchedSpans, readStoredTrace, type StoredTraceOptions, unlessGone } from "./stored-trace.ts";
import { MAX_TRACE_SPANS, spansetsOf } from "./trace-spansets.ts";

/** The blocks of one segment that are still to be visited, by latest span start. */
interface SegmentCursor {
  readonly segment: SegmentBlocks;
  readonly blocks: BlockSource;
  at: number;
  /** No span in this and the following blocks of the segment starts later; ns, rounded up. */
  bound: number;
  /** Bodies of the blocks up to this one of `blocks` are inflated. */
  inflated: number;
  /** Blocks that hold a start before EARLIEST_TIME and are still to come. */
  early: number;
}

/**
 * A trace with a matching span, not looked up yet; its id is `key`, a character a byte. Its start is not later than
 * `bound`; ns, rounded up.
 */
interface Candidate {
  readonly key: string;
  readonly bound: number;
}

/** A trace that matches, with what its summary is made of. */
interface Accepted extends TraceTimes, MatchedTrace {
  readonly weight: bigint;
  /** Its `traceId` is the one by which traces are ordered, this one that of the summary. */
  readonly shownAs: Pick<TraceSummary, "traceId" | "storedIds">;
  readonly matched: readonly MatchedRows[];
}

/** Who is told of traces as they are come to, whatever the limit. */
interface Watch {
  /**
   * Every trace that is looked up and may match, with its weight in the order; `key` is that of BlockCache.traceKey,
   * and the trace begins in `block` of the log.
   */
  readonly onTrace?: (times: TraceTimes, weight: bigint, key: string, block: BlockName) => void;
  /** Every trace that is looked up and matches, each span once, and its spans that do: more work for every trace. */
  readonly onMatched?: (trace: readonly TraceRows[], matched: readonly MatchedRows[]) => Promise<void>;
}

const BEYOND_U64 = 2 ** 64;
const MAX_LIMIT = 100_000;
/** What counting matches outside of the time range may take, ms. */
const OUTSIDE_BUDGET_MS = 100;
const OUT_OF_TIME = "the search ran out of time";
const TOO_MANY = "more traces match than can be put in order";
/** Blocks of one segment whose bodies are inflated together, ahead of being searched. */
const AHEAD = 4;
/** Distinct traces that are told apart, about 100 bytes each: counting and ordering end there. */
const MAX_COUNTED = 1_000_000;

/**
 * The newest traces that match, provably: a best-first search over two kinds of promises.
 *
 * A trace starts no later than any of its spans, but for those whose start is 0 or that of a clock that was never set:
 * these promise nothing. So a trace with a matching span in a block starts no later than the
 * block's latest span start, and a trace seen in a block no later than its earliest span there. Whatever promises the
 * later start is done next: a block is searched for candidates, a candidate is looked up as a whole (which gives its
 * true start, its duration and its counts). Once `limit` traces start later than every promise that is left, no other
 * trace can come before them, however late, early or long its spans are. Any other order is decided only when all
 * promises are kept: every match is looked up, and the best `limit` are remembered.
 *
 * `missed` is how many reads the source of the cache had missed before the cache was refreshed.
 */
export async function findTraces(
  cache: BlockCache,
  query: TraceQuery,
  pacer: Pacer,
  missed: number = cache.missed.count,
  watch: Watch = {},
): Promise<SearchResult> {
  const result = await new Search(cache, query, pacer, watch).run();
  const now = cache.missed;
  if (now.count === missed) return result;
  const { total } = result;
  return {
    ...result,
    complete: false,
    reason: `a part of what is stored cannot be read now (${now.reason})`,
    ...(total === undefined ? {} : { total: { ...total, exact: false } }),
  };
}

class Search {
  readonly #cache: BlockCache;
  readonly #query: TraceQuery;
  readonly #filter: CompiledFilter;
  readonly #pacer: Pacer;
  readonly #watch: Watch;
  readonly #segments = new Heap<SegmentCursor>((a, b) => a.bound > b.bound);
  readonly #candidates = new Heap<Candidate>((a, b) => a.bound > b.bound);
  readonly #considered = new Set<string>();
  /** In result order, at most limit + 1. */
  readonly #accepted: Accepted[] = [];
  readonly #order: ResultOrder;
  readonly #pipeline: CompiledPipeline | undefined;
  /** Only the look-up of a trace says whether it matches. */
  readonly #byLookUp: boolean;
  readonly #spent = new SpentBlocks();
  readonly #readAs: StoredTraceOptions;
  #total = 0;
  /** Why some trace was not looked at. */
  #passedOver: string | undefined;
  readonly #startMin: number;
  readonly #startMax: number;

  constructor(cache: BlockCache, query: TraceQuery, pacer: Pacer, watch: Watch) {
    if (!Number.isInteger(query.limit) || query.limit < 1 || query.limit > MAX_LIMIT) {
      throw new PermanentError("bad_request", `limit ${query.limit}: expected a whole number from 1 to ${MAX_LIMIT}`);
    }
    this.#cache = cache;
    this.#query = keyedQuery(query, cache.traceKeyFrom);
    const hasRange = query.startMin !== undefined || query.startMax !== undefined;
    this.#pipeline = query.spansets === undefined ? undefined : compilePipeline(query.spansets);
    const filters = this.#pipeline === undefined || hasRange ? [query.filter] : [query.filter, ...(query.also ?? [])];
    this.#filter = fewestBlocks(cache, filters.map(compileFilter));
    this.#readAs = {
      needsBodies: this.#pipeline?.needsBody === true || query.show !== undefined || watch.onMatched !== undefined,
      beside: () => keysOf(this.#candidates.values()),
    };
    this.#pacer = pacer;
    this.#watch = watch;
    this.#order = new ResultOrder(query.order);
    this.#byLookUp =
      this.#order.needsAll ||
      this.#pipeline !== undefined ||
      query.traceDurationMin !== undefined ||
      query.traceDurationMax !== undefined;
    this.#startMin = query.startMin === undefined ? Number.NEGATIVE_INFINITY : roundDown(query.startMin);
    this.#startMax = query.startMax === undefined ? Number.POSITIVE_INFINITY : roundUp(query.startMax);
    for (const segment of cache.segments) {
      const cursor = {
        segment,
        blocks: candidateBlocks(segment, this.#filter.required),
        at: -1,
        bound: 0,
        inflated: -1,
        early: this.#startMin < EARLIEST_TIME ? segment.earlyBlocks : 0,
      };
      if (this.#advance(cursor)) this.#segments.push(cursor);
    }
  }

  async run(): Promise<SearchResult> {
    const result = await this.#search();
    const { outside, startMin, startMax, spansets, traceDurationMin, traceDurationMax } = this.#query;
    if (outside !== true || !result.complete || (startMin === undefined && startMax === undefined)) return result;
    // Spans alone are counted, and these ask for what a whole trace says.
    if (spansets !== undefined || traceDurationMin !== undefined || traceDurationMax !== undefined) return result;
    return { ...result, outside: await this.#countOutside() };
  }

  async #countOutside(): Promise<OutsideMatches> {
    const counted = new OutsideCount(this.#query);
    const deadline = performance.now() + OUTSIDE_BUDGET_MS;
    for (const segment of this.#cache.segments.toReversed()) {
      for (let number = segment.count; number > 0; number--) {
        if (!counted.mayHold(segment, number)) continue;
        if (segment.hasBlooms && !this.#filter.mayMatch((hash) => segment.mayContain(number, hash))) continue;
        const block = this.#block(segment, number);
        if (block !== undefined) {
          unlessGone(() => {
            const test = this.#filter.bind(this.#view(block));
            if (test !== false) counted.add(block.columns, block.receivedAtMs, test === true ? () => true : test);
          });
        }
        if (performance.now() > deadline || counted.isFull) return counted.result(false);
        if (this.#pacer.due()) await this.#pacer.pause();
      }
    }
    return counted.result(true);
  }

  async #search(): Promise<SearchResult> {
    for (;;) {
      const block = this.#segments.top;
      const candidate = this.#candidates.top;
      if (block === undefined && candidate === undefined) return this.#result(true, true);
      if (this.#isDecided()) return this.#result(true, this.#query.count !== true || (await this.#countRest()));
      if (this.#pacer.expired() || this.#isFull()) return this.#result(false, false);
      if (candidate !== undefined && (block === undefined || candidate.bound >= block.bound)) {
        this.#candidates.pop();
        if (!(await this.#lookUpInTime(candidate))) return this.#result(false, false);
      } else if (block !== undefined) await this.#visitNext(block);
      if (this.#pacer.due()) await this.#pacer.pause();
    }
  }

  /** True once no trace that is left can come before the last one that is asked for. */
  #isDecided(): boolean {
    const { limit } = this.#query;
    if (this.#order.needsAll) return false;
    const decisive = this.#accepted.length > limit ? (this.#accepted[limit - 1] as Accepted) : undefined;
    if (decisive === undefined) return false;
    const block = this.#segments.top;
    const candidate = this.#candidates.top;
    return (
      (block === undefined || decisive.start > block.bound) &&
      (candidate === undefined || decisive.start > candidate.bound)
    );
  }

  #isFull(): boolean {
    return this.#order.needsAll && this.#considered.size > MAX_COUNTED;
  }

  /** Goes through the rest only to count; false where time or memory ended it early. */
  async #countRest(): Promise<boolean> {
    for (;;) {
      if (this.#byLookUp) {
        for (let next = this.#candidates.pop(); next !== undefined; next = this.#candidates.pop()) {
          if (!(await this.#lookUpInTime(next))) return false;
          if (this.#pacer.due()) await this.#pacer.pause();
          if (this.#pacer.expired()) return false;
        }
      }
      const block = this.#segments.top;
      if (block === undefined) return true;
      if (this.#pacer.expired() || this.#considered.size > MAX_COUNTED) return false;
      await this.#visitNext(block);
      if (!this.#byLookUp) this.#candidates.clear();
      if (this.#pacer.due()) await this.#pacer.pause();
    }
  }

  async #visitNext(cursor: SegmentCursor): Promise<void> {
    const block = this.#block(cursor.segment, cursor.blocks.get(cursor.at) as number);
    if (block !== undefined) {
      if (this.#filter.needsBody && cursor.at > cursor.inflated) await this.#inflateAhead(cursor);
      unlessGone(() => this.#collect(block));
    }
    if (this.#advance(cursor)) this.#segments.replaceTop(cursor);
    else this.#segments.pop();
  }

  /** A block that may hold a match; most of those that the filters in memory let through wrongly end here. */
  #block(segment: SegmentBlocks, number: number): CachedBlock | undefined {
    return this.#cache.block(segment.id, number, (bloom) =>
      this.#filter.mayMatch((hash) => bloomMayContain(bloom, hash)),
    );
  }

  /** A block that is inflated for nothing costs less than waiting for one after the other. */
  async #inflateAhead(cursor: SegmentCursor): Promise<void> {
    const { segment } = cursor;
    const ahead: BlockName[] = [];
    let at = cursor.at;
    // So many heads are read, whatever is in them: others want to be let in.
    for (let read = 0; read < AHEAD; at++) {
      const number = cursor.blocks.get(at);
      if (number === undefined) break;
      if (!this.#mayHold(segment, number)) continue;
      read++;
      if (this.#block(segment, number) !== undefined) ahead.push({ segment: segment.id, number });
    }
    cursor.inflated = at - 1;
    await this.#cache.prefetch(ahead);
  }

  /** Moves to the next block that the time range and the blooms leave; false at the end. */
  #advance(cursor: SegmentCursor): boolean {
    const { segment, blocks } = cursor;
    for (let number = blocks.get(++cursor.at); number !== undefined; number = blocks.get(++cursor.at)) {
      const latest = segment.maxStart(number);
      if (latest < this.#startMin) return false;
      if (!this.#mayHold(segment, number)) continue;
      // What of a trace has no start to be believed promises nothing: its other spans may start at any time.
      cursor.bound = cursor.early > 0 ? Number.POSITIVE_INFINITY : Math.min(latest, this.#startMax);
      if (segment.minStart(number) < EARLIEST_TIME) cursor.early--;
      return true;
    }
    return false;
  }

  #mayHold(segment: SegmentBlocks, number: number): boolean {
    if (segment.minStart(number) > this.#startMax || this.#spent.has(segment, number)) return false;
    return !segment.hasBlooms || this.#filter.mayMatch((hash) => segment.mayContain(number, hash));
  }

  /** Makes a candidate of every trace with a matching row that was not considered before. */
  #collect(block: CachedBlock): void {
    const { columns } = block;
    const test = this.#filter.bind(this.#view(block));
    if (test === false) return;
    const matches = this.#inRange(columns, test);
    const open = new Int8Array(columns.traceIds.length / 16);
    const ids = Buffer.from(columns.traceIds.buffer, columns.traceIds.byteOffset, columns.traceIds.byteLength);
    const keyOf = (trace: number) => this.#cache.traceKey(ids, trace * 16);
    let bounds: Float64Array | undefined;
    for (let row = 0; row < columns.count; row++) {
      const trace = columns.traceIndex[row] as number;
      if (open[trace] === 0) open[trace] = this.#considered.has(keyOf(trace)) ? -1 : 1;
      if (open[trace] === -1 || (matches !== true && !matches(row))) continue;
      const key = keyOf(trace);
      open[trace] = -1;
      // By another of its ids, in this block.
      if (this.#considered.has(key)) continue;
      this.#considered.add(key);
      if (!this.#byLookUp) this.#total++;
      bounds ??= earliestStarts(columns);
      this.#candidates.push({ key, bound: bounds[trace] as number });
    }
  }

  async #lookUp({ key }: Candidate): Promise<void> {
    const id = Buffer.from(key, "latin1");
    const state = this.#cache.traceState(id);
    const known = this.#cache.knownTimes(key, state);
    if (known !== undefined && !this.#mayAccept(id, known)) {
      const kept = this.#cache.keptLongTrace(key);
      if (kept !== undefined) this.#spent.add(kept, this.#cache.segments);
      return;
    }
    const missed = this.#cache.missed.count;
    const found = await readStoredTrace(this.#cache, id, this.#pacer, this.#readAs);
    const { stored, trace, long } = found;
    if (long !== undefined) this.#spent.add(long, this.#cache.segments);
    if (stored.length === 0) return;
    const times = known ?? traceTimes(stored);
    if (known === undefined) {
      if (this.#cache.missed.count === missed) this.#cache.keepTimes(key, state, times);
      if (!this.#mayAccept(id, times)) return;
    }
    const [{ block: first }] = stored as [TraceRows];
    const traceId = bytesToHex(id);
    const weight = this.#order.weightOfTimes(times) ?? this.#order.weightOfSpans(trace);
    const shownAs = identified(traceId, stored, this.#cache.traceKeyFrom);
    const placed = { traceId, shownAs, ...times, weight };
    if (this.#pipeline === undefined) {
      this.#watch.onTrace?.(times, weight, key, first);
      if (this.#watch.onMatched === undefined && !this.#isWanted(placed)) return;
      const inRange = (columns: SpanColumns, test: RowTest | true) => this.#inRange(columns, test);
      const matched = await matchedSpans(this.#cache, this.#filter, found, this.#pacer, inRange);
      if (matched.length === 0) return;
      await this.#watch.onMatched?.(trace, matched);
      if (this.#isWanted(placed)) this.#accept({ ...placed, trace, matched });
      return;
    }
    const spans = new TraceSpans(shownAs.traceId, trace, loaderOf(this.#cache));
    const sets = await spansetsOf(this.#cache, this.#pipeline, spans, this.#pacer);
    if (sets === undefined) {
      this.#passedOver = `trace ${shownAs.traceId} has more than ${MAX_TRACE_SPANS} spans and was not looked at`;
      return;
    }
    const inRange = this.#setsInRange(sets, spans);
    if (inRange.length === 0) return;
    this.#total++;
    this.#watch.onTrace?.(times, weight, key, first);
    if (this.#watch.onMatched === undefined && !this.#isWanted(placed)) return;
    const matched = spans.rowsOf(unionOf(inRange));
    await this.#watch.onMatched?.(trace, matched);
    if (!this.#isWanted(placed)) return;
    const shown = this.#query.show === undefined ? {} : { sets: inRange };
    this.#accept({ ...placed, trace, matched, ...shown });
  }

  /** False where the time budget ended it: the candidate is one again. */
  async #lookUpInTime(candidate: Candidate): Promise<boolean> {
    try {
      await this.#lookUp(candidate);
      return true;
    } catch (error) {
      if (!(error instanceof OutOfTime)) throw error;
      this.#candidates.push(candidate);
      return false;
    }
  }

  /** Whether a trace of these times can be in the answer; counts it where only the times were in question. */
  #mayAccept(id: Uint8Array, { start, end, ended }: TraceTimes): boolean {
    const { traceDurationMin, traceDurationMax, count } = this.#query;
    if (!ended && (traceDurationMin !== undefined || traceDurationMax !== undefined)) return false;
    if (traceDurationMin !== undefined && end - start < traceDurationMin) return false;
    if (traceDurationMax !== undefined && end - start > traceDurationMax) return false;
    if (this.#pipeline === undefined) {
      if (this.#byLookUp) this.#total++;
    } else if (count === true) return true;
    const weight = this.#order.weightOfTimes({ start, end, ended });
    return weight === undefined || this.#isWanted({ traceId: bytesToHex(id), start, weight });
  }

  /** Whether it comes after the page before, and before the worst trace of this one. */
  #isWanted(trace: Pick<Accepted, "traceId" | "start" | "weight">): boolean {
    const { after, limit } = this.#query;
    if (after !== undefined && !comesAfter(trace, after)) return false;
    const worst = this.#accepted[limit];
    return worst === undefined || !comesAfter(trace, worst);
  }

  /** What is left of spansets in the time range. */
  #setsInRange(sets: readonly Spanset[], spans: TraceSpans): readonly Spanset[] {
    const { startMin = 0n, startMax = LATEST_TIME } = this.#query;
    if (this.#query.startMin === undefined && this.#query.startMax === undefined) return sets;
    return sets.flatMap(({ spans: all, by }) => {
      const left = all.filter((span) => {
        const start = startNano(spans.columns(span), spans.row(span));
        return start >= startMin && start <= startMax;
      });
      return left.length === 0 ? [] : { spans: left, by };
    });
  }

  #inRange({ startHigh, startLow }: SpanColumns, test: RowTest | true): RowTest | true {
    const { startMin, startMax } = this.#query;
    if (startMin === undefined && startMax === undefined) return test;
    const holds = test === true ? () => true : test;
    const [minHigh, minLow] = halves(startMin ?? 0n);
    const [maxHigh, maxLow] = halves(startMax ?? LATEST_TIME);
    return (row) => {
      const high = startHigh[row] as number;
      const low = startLow[row] as number;
      if (high < minHigh || (high === minHigh && low < minLow)) return false;
      if (high > maxHigh || (high === maxHigh && low > maxLow)) return false;
      return holds(row);
    };
  }

  #accept(trace: Accepted): void {
    const accepted = this.#accepted;
    let at = accepted.length;
    while (at > 0 && comesAfter(accepted[at - 1] as Accepted, trace)) at--;
    accepted.splice(at, 0, trace);
    if (accepted.length > this.#query.limit + 1) accepted.pop();
  }

  #view(block: CachedBlock, rows?: readonly number[]): BlockView {
    return new BlockView(block.columns, () => this.#cache.body(block.segment, block.number), rows);
  }

  async #result(ended: boolean, counted: boolean): Promise<SearchResult> {
    const { limit, count } = this.#query;
    const shown = this.#accepted.slice(0, limit);
    const summaries = shown.map(({ shownAs, trace, matched }) => ({
      ...summarize(shownAs.traceId, trace, matched),
      ...shownAs,
    }));
    const traces = await this.#withSpanSets(summaries, shown);
    const last = shown.at(-1);
    const next = last === undefined ? undefined : this.#order.keyOf(last);
    const exact = counted && this.#passedOver === undefined;
    const total = count === true ? { total: { traces: this.#total, exact } } : {};
    const reason = this.#passedOver;
    if (ended) {
      const more = this.#accepted.length > limit && next !== undefined ? { next } : {};
      return { traces, complete: reason === undefined, ...(reason === undefined ? {} : { reason }), ...more, ...total };
    }
    const searchedBackTo = this.#promised() + 1n;
    // Paging from a trace that is not settled would leave out what was not found before it.
    const settled =
      !this.#order.needsAll && traces.length === limit && next !== undefined && next.start >= searchedBackTo;
    const cause = this.#isFull() ? TOO_MANY : OUT_OF_TIME;
    return { traces, complete: false, reason: cause, searchedBackTo, ...(settled ? { next } : {}), ...total };
  }

  async #withSpanSets(summaries: TraceSummary[], shown: readonly Accepted[]): Promise<TraceSummary[]> {
    if (this.#query.show === undefined) return summaries;
    const shower = new SpanShower(this.#query.show, this.#cache, this.#pacer);
    const traces: TraceSummary[] = [];
    for (const [i, accepted] of shown.entries()) {
      const shownTrace = { ...accepted, ...accepted.shownAs };
      traces.push({
        ...(summaries[i] as TraceSummary),
        spanSets: await shower.show(shownTrace),
        ...(this.#query.show.columns === undefined ? {} : { columns: await shower.columns(shownTrace) }),
      });
    }
    return traces;
  }

  /** No trace that is not accepted yet starts later; ns since the epoch. */
  #promised(): bigint {
    const bound = Math.max(this.#segments.top?.bound ?? 0, this.#candidates.top?.bound ?? 0);
    return BigInt(Math.ceil(Math.min(bound, BEYOND_U64)));
  }
}

/** With the place of the page before by the key of its trace: the id under which that is shown may be another now. */
function keyedQuery(query: TraceQuery, from: TraceKeyStart): TraceQuery {
  if (from === 0 || query.after === undefined) return query;
  const traceId = query.after.traceId.slice(from * 2).padStart(32, "0");
  return { ...query, after: { ...query.after, traceId } };
}

/** The halves of a u64 for ordering; values outside come before or after all of them. */
function halves(value: bigint): [high: number, low: number] {
  return [Number(value >> 32n), Number(value & 0xffff_ffffn)];
}

/**
 * Earliest start of every trace in the block that is not before EARLIEST_TIME, ns since the epoch, rounded up to
 * float64.
 */
function earliestStarts({ count, traceIds, traceIndex, startHigh, startLow }: SpanColumns): Float64Array {
  const starts = new Float64Array(traceIds.length / 16).fill(Number.POSITIVE_INFINITY);
  for (let row = 0; row < count; row++) {
    const start = (startHigh[row] as number) * 0x1_0000_0000 + (startLow[row] as number);
    if (start < EARLIEST_TIME) continue;
    const trace = traceIndex[row] as number;
    if (start < (starts[trace] as number)) starts[trace] = start;
  }
  // The sum may have been rounded down by half a step.
  return starts.map((start) => start + start * 2 ** -52);
}

function* keysOf(candidates: Iterable<Candidate>): Generator<string> {
  for (const { key } of candidates) yield key;
}
