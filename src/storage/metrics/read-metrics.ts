import { bytesToHex } from "../../model/ids.ts";
import type { MetricSeries, MetricsQuery, MetricsResult } from "../../model/metrics-query.ts";
import type { SpanFilter } from "../../model/trace-query.ts";
import type { MetricsStage, TraceqlField } from "../../model/traceql.ts";
import { bloomMayContain } from "../block/bloom.ts";
import type { BlockCache, BlockStarts } from "../cache/block-cache.ts";
import type { CachedBlock } from "../cache/cached-block.ts";
import type { Pacer } from "../cache/pacer.ts";
import { roundDown, roundUp, type SegmentBlocks } from "../cache/segment-blocks.ts";
import { candidateBlocks } from "../search/candidate-blocks.ts";
import { type CompiledFilter, compileFilter } from "../search/filter.ts";
import { giveWay, OutOfTime } from "../search/give-way.ts";
import { type CompiledPipeline, compilePipeline, unionOf } from "../search/spansets.ts";
import { MAX_TRACE_SPANS, spansetsOf } from "../search/trace-spansets.ts";
import { blockSpans } from "../spans/block-spans.ts";
import { BlockGone, BlockView } from "../spans/block-view.ts";
import { identified } from "../spans/shown-id.ts";
import { needsTrace } from "../spans/span-field.ts";
import { shownValue } from "../spans/span-value.ts";
import { withoutDuplicates } from "../spans/trace-rows.ts";
import { TraceSpans } from "../spans/trace-spans.ts";
import { firstOfSteps } from "./first-of-steps.ts";
import { type MetricCells, metricCells } from "./metric-cells.ts";
import { MetricGroups } from "./metric-groups.ts";
import { numberOfRows, seriesOfRows } from "./row-fields.ts";
import { Steps } from "./steps.ts";

/** More would be looked at by nobody. */
const MAX_SERIES = 1000;
/** Of the values that are kept while one query runs. */
const MAX_BYTES = 256 * 1024 * 1024;
/** Traces of one query that are told apart, some 100 bytes each. */
const MAX_TRACES = 1_000_000;
/** Blocks whose bodies are inflated together. */
const AHEAD = 4;
/** Blocks whose digests are made, and whose spans are counted by them, in one step. */
const DIGESTS = 16;
const COUNTED = 32;

/**
 * The numbers that spans become, as MetricsQuery says. `missed` is how many reads the source of the cache had missed
 * before the cache was refreshed. Throws PermanentError `bad_request`.
 */
export async function readMetrics(
  cache: BlockCache,
  query: MetricsQuery,
  pacer: Pacer,
  missed: number,
): Promise<MetricsResult> {
  const reading = new MetricsReading(cache, query, pacer);
  const reason = await reading.run();
  const now = cache.missed;
  const gap = now.count === missed ? undefined : `a part of what is stored cannot be read now (${now.reason})`;
  return reading.result(reason ?? gap);
}

/** The blocks whose digests a query will ask for, all that it asks for of them. */
export function digestsFor(query: MetricsQuery): (starts: BlockStarts) => boolean {
  if (!asksDigests(query)) return () => false;
  return ({ minStart, maxStart }) => minStart < query.end && maxStart >= query.start;
}

/** Whether all that is asked for is what digests have of blocks. */
function asksDigests({ filter, spansets, stage }: MetricsQuery): boolean {
  return spansets === undefined && !("field" in stage.function) && stage.by.every(isInDigest) && asksDigestOnly(filter);
}

class MetricsReading {
  readonly #cache: BlockCache;
  readonly #query: MetricsQuery;
  readonly #pacer: Pacer;
  readonly #filter: CompiledFilter;
  readonly #groups: MetricGroups;
  readonly #cells: MetricCells;
  readonly #steps: Steps;
  /** Traces are looked at as wholes. */
  readonly #byTrace: boolean;
  /** What a digest has of a block is all that is asked for. */
  readonly #byDigest: boolean;
  /** Spans of series beyond the bound. */
  #leftOut = 0;
  /** Why some trace was not looked at. */
  #passedOver: string | undefined;

  constructor(cache: BlockCache, query: MetricsQuery, pacer: Pacer) {
    const { stage } = query;
    this.#cache = cache;
    this.#query = query;
    this.#pacer = pacer;
    this.#steps = new Steps(query);
    this.#filter = compileFilter(query.filter);
    this.#groups = new MetricGroups(stage.by.length, MAX_SERIES);
    this.#cells = metricCells(stage.function, this.#steps.count);
    this.#byDigest = asksDigests(query);
    this.#byTrace = query.spansets !== undefined || fieldsOf(stage).some(needsTrace);
  }

  /** Why it ended early; undefined where it did not. */
  async run(): Promise<string | undefined> {
    try {
      return this.#byTrace ? await this.#readTraces() : await this.#readBlocks();
    } catch (error) {
      if (error instanceof OutOfTime) return "the query ran out of time";
      if (error instanceof TooMuch) return `the values of the query took more than ${MAX_BYTES} bytes`;
      throw error;
    }
  }

  result(ended: string | undefined): MetricsResult {
    const { stage, start, step } = this.#query;
    const seconds = Number(step) / 1e9;
    const all: MetricSeries[] = [];
    for (const series of this.#groups.inOrder()) {
      const by = this.#groups.values(series).map(shownValue);
      for (const named of this.#cells.finish(series, seconds)) all.push({ by, ...named });
    }
    const leftOut = this.#leftOut;
    const reason =
      ended ??
      this.#passedOver ??
      (leftOut > 0 ? `there are more than ${MAX_SERIES} series: ${leftOut} spans of others are left out` : undefined);
    return {
      start,
      step,
      points: this.#steps.count,
      series: stage.limit === undefined ? all : firstOfSteps(all, stage.limit),
      complete: reason === undefined,
      ...(reason === undefined ? {} : { reason }),
    };
  }

  async #readBlocks(): Promise<string | undefined> {
    for (const segment of this.#cache.segments.toReversed()) {
      const numbers = this.#blocksOf(segment);
      if (this.#byDigest) await this.#makeDigests(segment, numbers);
      for (const [i, number] of numbers.entries()) {
        if (this.#addDigest(segment, number)) {
          if (i % COUNTED === 0) await this.#giveWay();
          continue;
        }
        const block = this.#block(segment, number);
        if (block === undefined) continue;
        if (this.#filter.needsBody && i % AHEAD === 0) await this.#prefetch(segment, numbers.slice(i, i + AHEAD));
        unlessGone(() => this.#addBlock(block));
        await this.#giveWay();
      }
    }
    return undefined;
  }

  /** Makes the digests that are wanted and not known, of neighbouring blocks together. */
  async #makeDigests(segment: SegmentBlocks, numbers: readonly number[]): Promise<void> {
    const unknown = numbers
      .filter((number) => this.#stepOf(segment, number) >= 0 && this.#cache.digest(segment.id, number) === undefined)
      .sort((a, b) => a - b);
    for (let from = 0, to = 1; from < unknown.length; from = to++) {
      const first = unknown[from] as number;
      while (to < unknown.length && to - from < DIGESTS && unknown[to] === first + to - from) to++;
      this.#cache.readDigests(segment.id, first, to - from);
      await this.#giveWay();
    }
  }

  /** The step that all spans of a block are of; negative where there is none. */
  #stepOf(segment: SegmentBlocks, number: number): number {
    return this.#steps.ofBoth(segment.minStart(number), segment.maxStart(number));
  }

  /** False where the spans of the block have to be looked at. */
  #addDigest(segment: SegmentBlocks, number: number): boolean {
    if (!this.#byDigest) return false;
    const step = this.#stepOf(segment, number);
    const digest = step < 0 ? undefined : this.#cache.digest(segment.id, number);
    if (digest === undefined || digest === null) return false;
    const { columns, counts } = digest;
    // What a resource without a name is called stands in the body.
    if (columns.marks.some((mark) => mark !== 0)) return false;
    const view = new BlockView(columns, () => undefined);
    const test = this.#filter.bind(view);
    if (test === false) return true;
    const seriesOf = seriesOfRows(this.#query.stage.by, this.#groups, blockSpans(view), columns);
    for (let row = 0; row < columns.count; row++) {
      if (test === true || test(row)) this.#add(seriesOf(row), step, 0, counts[row] as number);
    }
    return true;
  }

  #addBlock(block: CachedBlock): void {
    const { columns } = block;
    const { stage } = this.#query;
    const view = new BlockView(columns, () => this.#cache.body(block.segment, block.number));
    const test = this.#filter.bind(view);
    if (test === false) return;
    const source = blockSpans(view);
    const seriesOf = seriesOfRows(stage.by, this.#groups, source, columns);
    const numberOf = numberOfRows(stage, source);
    const steps = this.#steps.ofAll(columns);
    for (let row = 0; row < columns.count; row++) {
      const step = steps[row] as number;
      if (step < 0 || (test !== true && !test(row))) continue;
      const value = numberOf === undefined ? 0 : numberOf(row);
      if (!Number.isNaN(value)) this.#add(seriesOf(row), step, value);
    }
  }

  /** Every trace with a span in the range that satisfies the filter, once, with its distinct spans. */
  async #readTraces(): Promise<string | undefined> {
    const { spansets } = this.#query;
    const pipeline = spansets === undefined ? undefined : compilePipeline(spansets);
    const considered = new Set<string>();
    for (const segment of this.#cache.segments.toReversed()) {
      for (const number of this.#blocksOf(segment)) {
        if (considered.size > MAX_TRACES) return `more than ${MAX_TRACES} traces have spans in the time range`;
        const block = this.#block(segment, number);
        const found: string[] = [];
        if (block !== undefined) unlessGone(() => this.#findTraces(block, considered, found));
        for (const key of found) {
          await this.#addTrace(key, pipeline);
          await this.#giveWay();
        }
        await this.#giveWay();
      }
    }
    return undefined;
  }

  /** Keys, a character a byte, of traces that were not considered before. */
  #findTraces(block: CachedBlock, considered: Set<string>, found: string[]): void {
    const { columns } = block;
    const test = this.#filter.bind(new BlockView(columns, () => this.#cache.body(block.segment, block.number)));
    if (test === false) return;
    const ids = Buffer.from(columns.traceIds.buffer, columns.traceIds.byteOffset, columns.traceIds.byteLength);
    const done = new Uint8Array(columns.traceIds.length / 16);
    for (let row = 0; row < columns.count; row++) {
      const trace = columns.traceIndex[row] as number;
      if (done[trace] === 1 || this.#steps.of(columns, row) < 0 || (test !== true && !test(row))) continue;
      done[trace] = 1;
      const key = this.#cache.traceKey(ids, trace * 16);
      if (considered.has(key)) continue;
      considered.add(key);
      found.push(key);
    }
  }

  async #addTrace(key: string, pipeline: CompiledPipeline | undefined): Promise<void> {
    const id = Buffer.from(key, "latin1");
    const load = (block: CachedBlock) => this.#cache.body(block.segment, block.number);
    const stored = await this.#cache.trace(id, this.#pacer);
    const trace = withoutDuplicates(stored, load);
    const spans = new TraceSpans(identified(bytesToHex(id), stored, this.#cache.traceKeyFrom).traceId, trace, load);
    try {
      const chosen = pipeline === undefined ? this.#passing(spans) : await this.#left(pipeline, spans);
      const { stage } = this.#query;
      const seriesOf = seriesOfRows(stage.by, this.#groups, spans);
      const numberOf = numberOfRows(stage, spans);
      for (const span of chosen) {
        const step = this.#steps.of(spans.columns(span), spans.row(span));
        const value = step < 0 ? Number.NaN : numberOf === undefined ? 0 : numberOf(span);
        if (!Number.isNaN(value)) this.#add(seriesOf(span), step, value);
      }
    } catch (error) {
      if (!(error instanceof BlockGone)) throw error;
    }
  }

  #add(series: number, step: number, value: number, spans = 1): void {
    if (series >= 0) this.#cells.add(series, step, value, spans);
    else this.#leftOut += spans;
  }

  async #left(pipeline: CompiledPipeline, spans: TraceSpans): Promise<Iterable<number>> {
    const sets = await spansetsOf(this.#cache, pipeline, spans, this.#pacer);
    if (sets === undefined) this.#passedOver = `trace ${spans.traceId} has more than ${MAX_TRACE_SPANS} spans`;
    return unionOf(sets ?? []);
  }

  /** The spans of a trace that satisfy the filter. */
  #passing(spans: TraceSpans): number[] {
    const passing: number[] = [];
    for (const [part, { rows }] of spans.parts.entries()) {
      const first = spans.firsts[part] as number;
      const test = this.#filter.bind(spans.view(first));
      for (const [i, row] of rows.entries()) {
        if (test === true || (test !== false && test(row))) passing.push(first + i);
      }
    }
    return passing;
  }

  /** Blocks that may hold spans of the range that pass, newest first. */
  #blocksOf(segment: SegmentBlocks): number[] {
    const { start, end } = this.#query;
    const [from, to] = [roundDown(start), roundUp(end)];
    const source = candidateBlocks(segment, this.#filter.required);
    const numbers: number[] = [];
    for (let i = 0, number = source.get(0); number !== undefined; number = source.get(++i)) {
      if (segment.maxStart(number) < from) break;
      if (segment.minStart(number) >= to) continue;
      const known = number;
      if (segment.hasBlooms && !this.#filter.mayMatch((hash) => segment.mayContain(known, hash))) continue;
      numbers.push(number);
    }
    return numbers;
  }

  #block(segment: SegmentBlocks, number: number): CachedBlock | undefined {
    return this.#cache.block(segment.id, number, (bloom) =>
      this.#filter.mayMatch((hash) => bloomMayContain(bloom, hash)),
    );
  }

  async #prefetch(segment: SegmentBlocks, numbers: readonly number[]): Promise<void> {
    await this.#cache.prefetch(numbers.map((number) => ({ segment: segment.id, number })));
  }

  /** Throws OutOfTime, and TooMuch. */
  async #giveWay(): Promise<void> {
    if (this.#cells.bytes > MAX_BYTES) throw new TooMuch();
    await giveWay(this.#pacer);
  }
}

/** The memory of one query is used up. */
class TooMuch extends Error {}

/** A block that retention takes meanwhile holds nothing. */
function unlessGone(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof BlockGone)) throw error;
  }
}

function isInDigest(field: TraceqlField): boolean {
  if (field.parent === true) return false;
  if (!("intrinsic" in field)) return field.scope === "resource" && field.key === "service.name";
  return /^span:(?:name|kind|status)$/.test(field.intrinsic);
}

function asksDigestOnly(filter: SpanFilter): boolean {
  switch (filter.op) {
    case "all":
      return true;
    case "and":
    case "or":
      return filter.of.every(asksDigestOnly);
    case "not":
      return asksDigestOnly(filter.of);
    case "compare":
    case "exists":
      return "intrinsic" in filter.field && /^(?:service|name|kind|status)$/.test(filter.field.intrinsic);
    default:
      return false;
  }
}

function fieldsOf({ by, function: fn }: MetricsStage): readonly TraceqlField[] {
  return "field" in fn ? [...by, fn.field] : by;
}
