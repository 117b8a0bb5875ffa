import type { OnGap, TraceReader } from "../../component/read.ts";
import { hexToBytes, type TraceKeyStart } from "../../model/ids.ts";
import type { LogFragment } from "../../model/log.ts";
import type { Operation } from "../../model/trace-query.ts";
import { readCallSeries } from "../aggregates/call-series.ts";
import { DependencyReader } from "../aggregates/dependency-reader.ts";
import { readRed } from "../aggregates/red-table.ts";
import { placesOf } from "../aggregates/service-places.ts";
import { readUncounted } from "../aggregates/uncounted.ts";
import { findFacets } from "../attributes/facets.ts";
import { readAttributeNames, readAttributeValues } from "../attributes/read-attributes.ts";
import type { BodyPool } from "../block/body-pool.ts";
import { BlockCache, type BlockCacheSettings, DEFAULT_BLOCK_CACHE } from "../cache/block-cache.ts";
import { FastLane } from "../cache/fast-lane.ts";
import { Pacer } from "../cache/pacer.ts";
import type { SegmentSource } from "../log/segment-source.ts";
import { digestsFor, readMetrics } from "../metrics/read-metrics.ts";
import { findTraces } from "../search/find.ts";
import { findHeat } from "../search/heat-map.ts";
import { weighSelection } from "../selections/weigh-selection.ts";
import { bodyUnderId, idsOf } from "../spans/shown-id.ts";
import { withoutDuplicates } from "../spans/trace-rows.ts";
import { readLive } from "./live-reader.ts";
import { OperationCache } from "./operation-cache.ts";

export interface TraceReaderSettings {
  readonly cache: BlockCacheSettings;
  /** A search, or a query of metrics, that takes longer answers with what it has and `complete: false`, ms. */
  readonly findBudgetMs: number;
}

export const DEFAULT_TRACE_READER: TraceReaderSettings = { cache: DEFAULT_BLOCK_CACHE, findBudgetMs: 30_000 };

/** The default with these bytes of ids compared. */
export function traceReaderSettings(traceKeyFrom: TraceKeyStart): TraceReaderSettings {
  return { ...DEFAULT_TRACE_READER, cache: { ...DEFAULT_BLOCK_CACHE, traceKeyFrom } };
}

/** Each of the searches for the traces that are weighed ends then, ms. */
const WEIGHED_SEARCH_MS = 3_000;
/** Bodies that are inflated together. */
const PREFETCH = 16;

/**
 * Reads the stored log: every call sees all that was committed before it. Calls run in one thread and give way to each
 * other every few milliseconds, searches to all others; an aborted one throws PermanentError `cancelled`. What the
 * first call would have to load is loaded at once where `background` is given, until it aborts. Who reads what a call
 * gave holds the pool, where there is one.
 */
export function createTraceReader(
  source: SegmentSource,
  settings: TraceReaderSettings = DEFAULT_TRACE_READER,
  background?: AbortSignal,
  pool?: BodyPool,
): TraceReader {
  const cache = new BlockCache(source, settings.cache, pool);
  const operations = new OperationCache(source);
  const dependencies = new DependencyReader();
  const lane = new FastLane();
  // What goes wrong here is met again, and reported, by the first call.
  if (background?.aborted === false) cache.refresh(new Pacer(background)).catch(() => {});
  return {
    trace: (traceId, signal, onGap) =>
      lane.run(async () => {
        const tell = gapsSince(source, onGap);
        const pacer = new Pacer(signal, lane);
        await cache.refresh(pacer);
        const trace = await readTrace(cache, traceId, pacer);
        tell();
        return trace;
      }),

    async *traces(traceIds, signal, onGap) {
      const tell = gapsSince(source, onGap);
      const pacer = new Pacer(signal, lane);
      await cache.refresh(pacer);
      tell();
      for (const traceId of traceIds) {
        const trace = await lane.run(() => readTrace(cache, traceId, pacer));
        tell();
        yield trace;
      }
    },

    async find(query, signal) {
      const { count } = source.missed();
      // Refreshing lets nobody by: short requests may be waiting for it.
      await cache.refresh(new Pacer(signal));
      return findTraces(cache, query, new Pacer(signal, lane, settings.findBudgetMs), count);
    },

    async heat(query, signal) {
      const { count } = source.missed();
      await cache.refresh(new Pacer(signal));
      return findHeat(cache, query, new Pacer(signal, lane, query.budgetMs), count);
    },

    async facets(query, signal) {
      const { count } = source.missed();
      await cache.refresh(new Pacer(signal));
      return findFacets(cache, query, new Pacer(signal, lane, query.budgetMs), count);
    },

    async weigh(query, signal) {
      const { count } = source.missed();
      await cache.refresh(new Pacer(signal));
      return weighSelection(cache, query, () => new Pacer(signal, lane, WEIGHED_SEARCH_MS), count);
    },

    async metrics(query, signal) {
      const { count } = source.missed();
      await cache.refresh(new Pacer(signal), digestsFor(query));
      return readMetrics(cache, query, new Pacer(signal, lane, query.budgetMs ?? settings.findBudgetMs), count);
    },

    async attributeNames(query, signal) {
      const { count } = source.missed();
      await cache.refresh(new Pacer(signal));
      return readAttributeNames(cache, query, new Pacer(signal, lane, settings.findBudgetMs), count);
    },

    async attributeValues(query, signal) {
      const { count } = source.missed();
      await cache.refresh(new Pacer(signal));
      return readAttributeValues(cache, query, new Pacer(signal, lane, settings.findBudgetMs), count);
    },

    async live(request, signal, onGap) {
      const tell = gapsSince(source, onGap);
      const pacer = new Pacer(signal, lane, Number.POSITIVE_INFINITY);
      await cache.refresh(new Pacer(signal));
      const step = await readLive(cache, request, pacer);
      tell();
      return step;
    },

    async services(signal, onGap) {
      new Pacer(signal).check();
      const tell = gapsSince(source, onGap);
      const found = operations.services();
      tell();
      return found;
    },

    async servicePlaces(signal) {
      new Pacer(signal).check();
      return placesOf(source.aggregates(), operations.services());
    },

    async operations(service, signal, onGap): Promise<readonly Operation[]> {
      new Pacer(signal).check();
      const tell = gapsSince(source, onGap);
      const found = operations.operations(service);
      tell();
      return found;
    },

    async dependencies(query, signal, onGap) {
      new Pacer(signal).check();
      const tell = gapsSince(source, onGap);
      const found = dependencies.read(source.aggregates(), query);
      readUncounted(source, "aggregate/dependencies");
      tell();
      return found;
    },

    async callSeries(query, signal, onGap) {
      new Pacer(signal).check();
      const tell = gapsSince(source, onGap);
      const found = readCallSeries(source.aggregates(), query);
      readUncounted(source, "aggregate/dependencies");
      tell();
      return found;
    },

    async red(query, signal, onGap) {
      new Pacer(signal).check();
      const tell = gapsSince(source, onGap);
      const found = readRed(source.aggregates(), query);
      readUncounted(source, "aggregate/red");
      tell();
      return found;
    },

    async stats(signal) {
      new Pacer(signal).check();
      return source.stats();
    },
  };
}

/** Gives what tells of the reads that were missed since. */
function gapsSince(source: SegmentSource, onGap: OnGap = () => {}): () => void {
  const { count } = source.missed();
  return () => {
    const now = source.missed();
    if (now.count !== count) onGap(now.reason);
  };
}

async function readTrace(cache: BlockCache, traceId: Uint8Array, pacer: Pacer): Promise<LogFragment[]> {
  const stored = await cache.trace(traceId, pacer);
  const trace = withoutDuplicates(stored, (block) => cache.body(block.segment, block.number));
  const fragments: LogFragment[] = [];
  const traceIds = cache.traceKeyFrom === 0 ? [] : idsOf(stored);
  const shownId = traceIds[0] === undefined ? undefined : hexToBytes(traceIds[0]);
  for (const [i, { block, rows }] of trace.entries()) {
    if (i % PREFETCH === 0) await cache.prefetch(trace.slice(i, i + PREFETCH).map((part) => part.block));
    const unchanged = cache.body(block.segment, block.number);
    if (unchanged === undefined) continue;
    const { position, number, receivedAtMs, columns } = block;
    const body = shownId === undefined ? unchanged : bodyUnderId(unchanged, columns, rows, shownId);
    const next = { segment: position, block: number };
    const ids = shownId === undefined ? {} : { traceIds };
    fragments.push({ block: { next, receivedAtMs, body, columns }, rows, ...ids });
    if (pacer.due()) await pacer.pause();
  }
  return fragments;
}
