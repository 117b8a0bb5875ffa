import { setImmediate as nextTurn } from "node:timers/promises";
import { traceIdHash } from "../../model/attribute-hash.ts";
import { BoundedMap } from "../../model/collections/bounded-map.ts";
import { type TraceKeyStart, traceKey } from "../../model/ids.ts";
import type { SegmentId, SegmentPosition } from "../../model/log.ts";
import { decodeBlockIndex, indexedTraceIds } from "../block/block-index.ts";
import { bloomMayContain } from "../block/bloom.ts";
import type { BodyPool } from "../block/body-pool.ts";
import type { BlockHead, MissedReads, SegmentSource } from "../log/segment-source.ts";
import type { BlockDigest } from "./block-digest.ts";
import { BlockDigests } from "./block-digests.ts";
import { BlockTraces } from "./block-traces.ts";
import { ByteLru } from "./byte-lru.ts";
import type { BlockName, CachedBlock, TraceRows, TraceTimes } from "./cached-block.ts";
import type { LongTrace } from "./long-trace.ts";
import { LongTraces } from "./long-traces.ts";
import type { Pacer } from "./pacer.ts";
import { SegmentBlocks } from "./segment-blocks.ts";

export interface BlockCacheSettings {
  /** Blooms and trace tables; the newest segments are kept, older ones are read again when asked. */
  readonly bloomBytes: number;
  /** Decoded block indexes. */
  readonly indexBytes: number;
  /** Inflated bodies. */
  readonly bodyBytes: number;
  /** Absent: 0. */
  readonly traceKeyFrom?: TraceKeyStart;
  /** A trace in so many blocks is kept as columns of its own. */
  readonly longTraceBlocks: number;
}

export const DEFAULT_BLOCK_CACHE: BlockCacheSettings = {
  bloomBytes: 128 * 1024 * 1024,
  indexBytes: 8 * 1024 * 1024,
  bodyBytes: 32 * 1024 * 1024,
  longTraceBlocks: 64,
};

const MAX_TIMES = 50_000;

/** Bounds of the starts of a block's spans, ns since the epoch. */
export type BlockStarts = Pick<BlockHead, "minStart" | "maxStart">;

/** Rows read in one step while loading: between steps other requests get in. */
const LOAD_ROWS = 64;
/** Blocks of one segment stay below this, so that (segment, number) is one exact number. */
const MAX_BLOCKS = 2 ** 26;

/** The blocks of a segment that may hold a trace; undefined where they have to be looked for. */
interface TracePlaces {
  readonly segment: SegmentBlocks;
  readonly hash: number;
  readonly numbers: readonly number[] | undefined;
}

/**
 * What queries keep of the log: statistics of every block, blooms and trace tables, and recently used indexes and
 * bodies. Grows with the log at every `refresh`, follows retention through the source, and is bounded in bytes.
 */
export class BlockCache {
  readonly #source: SegmentSource;
  readonly #settings: BlockCacheSettings;
  /** What of ids is compared: all that is made of them here goes by that, whatever is stored. */
  readonly traceKeyFrom: TraceKeyStart;
  readonly #segments = new Map<SegmentId, SegmentBlocks>();
  #sorted: readonly SegmentBlocks[] | undefined;
  readonly #blocks: ByteLru<CachedBlock>;
  readonly #bodies: ByteLru<Uint8Array>;
  /** By `traceKey`; emptied when rows are removed. */
  readonly #times = new BoundedMap<string, TraceTimes & { readonly state: number }>(MAX_TIMES);
  readonly #digests = new BlockDigests();
  readonly #long: LongTraces;
  /** How often a segment was finished: what is known of those that are does not change. */
  #finished = 0;
  #refreshing: Promise<void> = Promise.resolve();

  /** Memory of bodies that are not kept any longer goes to `pool`. */
  constructor(source: SegmentSource, settings: BlockCacheSettings, pool?: BodyPool) {
    this.#source = source;
    this.#settings = settings;
    this.traceKeyFrom = settings.traceKeyFrom ?? 0;
    this.#long = new LongTraces(this, this.traceKeyFrom, settings.longTraceBlocks);
    this.#blocks = new ByteLru(settings.indexBytes);
    this.#bodies = new ByteLru(settings.bodyBytes, (body) => pool?.letGo(body));
    source.onRemoved((ids) => {
      for (const id of ids) this.#remove(id);
    });
    source.onDeleted(() => {
      this.#blocks.removeWhere(() => true);
      this.#digests.clear();
      this.#times.clear();
      this.#long.clear();
    });
  }

  /** As SegmentSource.missed. */
  get missed(): MissedReads {
    return this.#source.missed();
  }

  /** Oldest first, as of the last refresh. */
  get segments(): readonly SegmentBlocks[] {
    this.#sorted ??= [...this.#segments.values()].sort((a, b) => a.position - b.position || a.id - b.id);
    return this.#sorted;
  }

  /**
   * Takes in everything that was committed before the call.
   * @param digested of which blocks that are taken in digests are made, as their columns are at hand then
   */
  refresh(pacer: Pacer, digested: (starts: BlockStarts) => boolean = () => false): Promise<void> {
    const turn = this.#refreshing.then(() => this.#load(pacer, digested));
    this.#refreshing = turn.catch(() => {});
    return turn;
  }

  /** A row with its decoded columns; undefined when it is gone, or when `mayHold` is false of its bloom. */
  block(
    segment: SegmentId,
    number: number,
    mayHold: (bloom: Uint8Array) => boolean = () => true,
  ): CachedBlock | undefined {
    const cached = this.#blocks.get(keyOf(segment, number));
    if (cached !== undefined) return mayHold(cached.bloom) ? cached : undefined;
    const position = this.#segments.get(segment)?.position;
    const [head] = this.#source.blocksAfter(segment, number - 1, 1);
    if (position === undefined || head === undefined || head.block !== number || !mayHold(head.bloom)) return undefined;
    return this.#keep(head, position);
  }

  /** False where no span of a block can match, by what is in memory of its bloom. */
  mayHold(segment: SegmentId, number: number, mayMatch: (mayContain: (hash: number) => boolean) => boolean): boolean {
    const blocks = this.#segments.get(segment);
    if (blocks?.hasBlooms !== true) return true;
    return mayMatch((hash) => blocks.mayContain(number, hash));
  }

  /** What counts the spans of a block; null for one that has none, undefined where it is not known. */
  digest(segment: SegmentId, number: number): BlockDigest | null | undefined {
    return this.#digests.get(keyOf(segment, number));
  }

  /** Makes the digests of a block and of those behind it, `count` in all, and keeps nothing else of them. */
  readDigests(segment: SegmentId, number: number, count: number): void {
    this.#addDigests(segment, this.#source.blocksAfter(segment, number - 1, count));
  }

  #addDigests(segment: SegmentId, heads: readonly BlockHead[]): void {
    for (const { block, index } of heads) this.#digests.add(keyOf(segment, block), decodeBlockIndex(index));
  }

  /** Inflated bytes of a row; undefined when it is gone or damaged. */
  body(segment: SegmentId, number: number): Uint8Array | undefined {
    const key = keyOf(segment, number);
    const cached = this.#bodies.get(key);
    if (cached !== undefined) return cached;
    const body = this.#source.body(segment, number);
    if (body !== undefined) this.#bodies.set(key, body, body.buffer.byteLength);
    return body;
  }

  /**
   * Inflates bodies that are about to be asked for: in this thread from the first on, and at the same time another from
   * the last. More at once would take twice the processor time for each, in memory that every thread first has to map.
   */
  async prefetch(blocks: Iterable<BlockName>): Promise<void> {
    const missing = [...blocks].filter(({ segment, number }) => this.#bodies.get(keyOf(segment, number)) === undefined);
    const beside = missing.length > 1 ? this.#inflateFromLast(missing) : undefined;
    // It is waited for below, unless this thread fails first.
    beside?.catch(() => {});
    for (let next = missing.shift(); next !== undefined; next = missing.shift()) {
      this.body(next.segment, next.number);
      if (missing.length > 0) await nextTurn();
    }
    await beside;
  }

  async #inflateFromLast(blocks: BlockName[]): Promise<void> {
    for (let next = blocks.pop(); next !== undefined; next = blocks.pop()) {
      const { segment, number } = next;
      const body = await this.#source.inflate(segment, number);
      // Retention may have taken the segment meanwhile.
      if (body === undefined || !this.#segments.has(segment)) continue;
      this.#bodies.set(keyOf(segment, number), body, body.buffer.byteLength);
    }
  }

  /** A number that is another one when rows of the log were added that may hold spans of the trace. */
  traceState(traceId: Uint8Array): number {
    const hash = traceIdHash(traceId, 0, this.traceKeyFrom);
    let count = 0;
    for (const segment of this.segments) if (!segment.complete) count += segment.traceState(hash);
    return this.#finished * MAX_BLOCKS + count;
  }

  /** What `keepTimes` was told of a trace; undefined where that was of another state. */
  knownTimes(traceKey: string, state: number): TraceTimes | undefined {
    const known = this.#times.get(traceKey);
    return known?.state === state ? known : undefined;
  }

  /** `state` is that from before the trace was read. */
  keepTimes(traceKey: string, state: number, { start, end, ended }: TraceTimes): void {
    this.#times.set(traceKey, { state, start, end, ended });
  }

  /** The trace of an id of 16 bytes at `at`, a character a byte; as a Buffer it is an id of the trace. */
  traceKey(ids: Buffer, at: number): string {
    return traceKey(ids, at, this.traceKeyFrom);
  }

  /** All stored rows of the trace, duplicates included, in log order. */
  trace(traceId: Uint8Array, pacer: Pacer): Promise<TraceRows[]> {
    return this.#rowsAt(traceId, this.#placesOf(traceId), pacer);
  }

  /**
   * The same, or, of a trace that lies in many blocks, its spans as columns of its own, without a way to their bodies.
   * `beside` are keys of traces that will be asked for next.
   */
  async gather(
    traceId: Uint8Array,
    pacer: Pacer,
    beside: () => Iterable<string> = () => [],
  ): Promise<TraceRows[] | LongTrace> {
    const id = Buffer.from(traceId.buffer, traceId.byteOffset, traceId.byteLength);
    const key = this.traceKey(id, 0);
    const places = this.#long.kept(key) === undefined ? this.#placesOf(traceId) : undefined;
    let blocks = 0;
    for (const { numbers } of places ?? []) blocks += numbers?.length ?? 0;
    if (places === undefined || blocks >= this.#settings.longTraceBlocks) {
      const long = await this.#long.get(key, pacer, beside);
      if (long !== undefined) return long;
    }
    return this.#rowsAt(traceId, places ?? this.#placesOf(traceId), pacer);
  }

  /** What is kept of a trace that lies in many blocks, as far as it was gathered. */
  keptLongTrace(key: string): LongTrace | undefined {
    return this.#long.kept(key);
  }

  #placesOf(traceId: Uint8Array): TracePlaces[] {
    const hash = traceIdHash(traceId, 0, this.traceKeyFrom);
    return this.segments.map((segment) => ({ segment, hash, numbers: segment.traceBlocks(hash) }));
  }

  async #rowsAt(traceId: Uint8Array, places: readonly TracePlaces[], pacer: Pacer): Promise<TraceRows[]> {
    const found: TraceRows[] = [];
    for (const { segment, hash, numbers } of places) {
      for (const number of numbers ?? (await this.scanForTrace(segment, hash, pacer))) {
        const block = this.block(segment.id, number);
        const rows = block?.traces.rows(traceId) ?? [];
        if (block !== undefined && rows.length > 0) found.push({ block, rows });
        if (pacer.due()) await pacer.pause();
      }
    }
    return found;
  }

  async #load(pacer: Pacer, digested: (starts: BlockStarts) => boolean): Promise<void> {
    const infos = this.#source.segments();
    for (const info of infos) {
      let segment = this.#segments.get(info.id);
      if (segment === undefined) {
        segment = new SegmentBlocks(info.id, info.position, this.traceKeyFrom);
        this.#segments.set(info.id, segment);
        this.#sorted = undefined;
      }
      while (!segment.complete) {
        const heads = this.#source.blocksAfter(info.id, segment.count, LOAD_ROWS);
        if (heads.length > 0)
          segment.add(
            heads.map(({ index }) => indexedTraceIds(index)),
            heads,
          );
        this.#addDigests(info.id, heads.filter(digested));
        if (heads.length < LOAD_ROWS) {
          if (info.status === "closed" && !this.#source.isUnreadable(info.id)) {
            segment.finish();
            this.#finished++;
          }
          break;
        }
        if (pacer.due()) await pacer.pause();
      }
    }
    // Last: a sealed segment is known as a whole before the one whose place it takes is forgotten.
    const present = new Set(infos.map((info) => info.id));
    for (const id of [...this.#segments.keys()]) if (!present.has(id)) this.#remove(id);
    this.#evict();
  }

  #evict(): void {
    let bytes = 0;
    for (const segment of this.segments.toReversed()) {
      bytes += segment.bytes;
      if (bytes > this.#settings.bloomBytes && segment.complete) {
        bytes -= segment.bytes;
        segment.release();
      }
    }
  }

  /**
   * The slow way for segments whose tables did not fit in memory: their blooms are read again, or the ids themselves
   * where the half of one is looked for, as blooms know whole ones.
   */
  async scanForTrace(segment: SegmentBlocks, hash: number, pacer: Pacer): Promise<number[]> {
    const rows: number[] = [];
    for (let row = 0; ; ) {
      const heads = this.#source.blocksAfter(segment.id, row, LOAD_ROWS);
      for (const head of heads) if (this.#mayHoldTrace(head, hash)) rows.push(head.block);
      if (heads.length < LOAD_ROWS) return rows;
      row = (heads.at(-1) as BlockHead).block;
      if (pacer.due()) await pacer.pause();
    }
  }

  #mayHoldTrace({ bloom, index }: BlockHead, hash: number): boolean {
    if (this.traceKeyFrom === 0) return bloomMayContain(bloom, hash);
    const ids = indexedTraceIds(index);
    for (let at = 0; at < ids.length; at += 16) if (traceIdHash(ids, at, this.traceKeyFrom) === hash) return true;
    return false;
  }

  #keep(head: BlockHead, position: SegmentPosition): CachedBlock {
    const { segment, block: number, receivedAtMs, bloom } = head;
    const columns = decodeBlockIndex(head.index);
    const traces = new BlockTraces(columns, this.traceKeyFrom);
    const block: CachedBlock = { segment, position, number, receivedAtMs, bloom, columns, traces };
    this.#blocks.set(keyOf(segment, number), block, head.index.byteLength * 1.7 + bloom.byteLength + 1000);
    return block;
  }

  #remove(id: SegmentId): void {
    this.#segments.delete(id);
    this.#sorted = undefined;
    this.#times.clear();
    this.#long.clear();
    const gone = (key: number) => Math.trunc(key / MAX_BLOCKS) === id;
    this.#blocks.removeWhere(gone);
    this.#bodies.removeWhere(gone);
    this.#digests.removeWhere(gone);
  }
}

function keyOf(segment: SegmentId, number: number): number {
  return segment * MAX_BLOCKS + number;
}
