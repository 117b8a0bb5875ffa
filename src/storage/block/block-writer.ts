import { cutBody } from "../../codec/otlp/cut/cut.ts";
import type { PreparedBatch } from "../../component/ingest.ts";
import { traceIdHash } from "../../model/attribute-hash.ts";
import type { SpanKind } from "../../model/span.ts";
import type { SpanColumns, SpanGroup } from "../../model/span-columns.ts";
import { encodeBlockIndex } from "./block-index.ts";
import { MAX_BLOCK_BYTES, MAX_BLOCK_SPANS, MAX_STORED_TIME } from "./block-limits.ts";
import { addHashes, BlockMerger } from "./block-merger.ts";
import { buildBloom } from "./bloom.ts";
import { encodeBody, type StoredBody } from "./body-codec.ts";
import { HashSet } from "./hash-set.ts";
import type { SegmentOperation } from "./operation-shares.ts";
import type { PlacedBody, RecentBodies } from "./recent-bodies.ts";

/** A block ready to be inserted; owns all of its bytes. */
export interface EncodedBlock {
  readonly spans: number;
  /** ns since the epoch, clamped to MAX_STORED_TIME. */
  readonly minStart: bigint;
  readonly maxStart: bigint;
  readonly maxEnd: bigint;
  /** Of the first batch in it, ms since the epoch. */
  readonly receivedAtMs: number;
  readonly rawLength: number;
  readonly body: StoredBody;
  /** The same uncompressed in shared memory, where it is. */
  readonly placed: PlacedBody | undefined;
  readonly index: Uint8Array;
  readonly bloom: Uint8Array;
  /** Distinct in the block. */
  readonly operations: readonly SegmentOperation[];
}

/** A batch this full makes a block of its own: joining it with another would only copy it. */
const ALONE_FROM_SPANS = MAX_BLOCK_SPANS * 0.75;
const ALONE_FROM_BYTES = MAX_BLOCK_BYTES * 0.75;
/** Beyond this many strings, triples of positions no longer fit 32 bits. */
const MAX_PACKED_STRINGS = 20_000;

/**
 * Gathers prepared batches into blocks of at most MAX_BLOCK_SPANS and about MAX_BLOCK_BYTES. Small batches are joined
 * in the order they came, large ones split, rows that sampling dropped cut out. A batch is either in the blocks as a
 * whole or, when `add` throws, not at all.
 */
export class BlockWriter {
  readonly #merger = new BlockMerger();
  /** Hashes of the batches in the merger. */
  readonly #merged = new HashSet(16_384);
  /** Hashes of a block that is made by itself. */
  readonly #single = new HashSet(16_384);
  readonly #triples = new HashSet(1024);
  readonly #recent: RecentBodies | undefined;
  #mergedReceivedAtMs = 0;
  #blocks: EncodedBlock[] = [];

  constructor(recent?: RecentBodies) {
    this.#recent = recent;
  }

  /** Takes the rows to keep of a batch. Nothing of it is referred to afterwards. */
  add(batch: PreparedBatch, receivedAtMs: number): void {
    const { columns, body } = batch;
    const keep = batch.keep?.length === columns.count ? undefined : batch.keep;
    const count = keep?.length ?? columns.count;
    if (count === 0) return;
    if (keep === undefined && count <= MAX_BLOCK_SPANS && body.length <= MAX_BLOCK_BYTES) {
      this.#place(batch, undefined, { body, columns }, receivedAtMs);
      return;
    }
    const parts = splitRows(columns, keep, body.length).map((rows) => ({ rows, ...cutBody(body, columns, rows) }));
    const [only] = parts;
    if (parts.length === 1 && only !== undefined) {
      this.#place(batch, only.rows, only, receivedAtMs);
      return;
    }
    const blocks = parts.map((part) => this.#alone(batch, part.rows, part, receivedAtMs));
    this.#flushMerger();
    this.#blocks.push(...blocks);
  }

  /** The blocks of all batches since the last call, in order. */
  take(): readonly EncodedBlock[] {
    this.#flushMerger();
    const blocks = this.#blocks;
    this.#blocks = [];
    return blocks;
  }

  #place(batch: PreparedBatch, rows: Uint32Array | undefined, cut: Cut, receivedAtMs: number): void {
    const { body, columns } = cut;
    const alone = columns.count >= ALONE_FROM_SPANS || body.length >= ALONE_FROM_BYTES;
    if (!alone && !this.#merger.fits(body, columns)) this.#flushMerger();
    if (alone || !this.#merger.fits(body, columns)) {
      const block = this.#alone(batch, rows, cut, receivedAtMs);
      this.#flushMerger();
      this.#blocks.push(block);
      return;
    }
    if (this.#merger.count === 0) this.#mergedReceivedAtMs = receivedAtMs;
    this.#merger.add(body, columns);
    addHashes(this.#merged, batch, rows);
  }

  #alone(batch: PreparedBatch, rows: Uint32Array | undefined, cut: Cut, receivedAtMs: number): EncodedBlock {
    this.#single.clear();
    addHashes(this.#single, batch, rows);
    return this.#encode(cut, this.#single, receivedAtMs);
  }

  #flushMerger(): void {
    if (this.#merger.count === 0) return;
    const block = this.#encode(this.#merger.take(), this.#merged, this.#mergedReceivedAtMs);
    this.#merger.clear();
    this.#merged.clear();
    this.#blocks.push(block);
  }

  #encode({ body, columns }: Cut, hashes: HashSet, receivedAtMs: number): EncodedBlock {
    for (let at = 0; at < columns.traceIds.length; at += 16) hashes.add(traceIdHash(columns.traceIds, at));
    return {
      spans: columns.count,
      minStart: extreme(columns.startHigh, columns.startLow, columns.count, -1),
      maxStart: extreme(columns.startHigh, columns.startLow, columns.count, 1),
      maxEnd: extreme(columns.endHigh, columns.endLow, columns.count, 1),
      receivedAtMs,
      rawLength: body.length,
      body: encodeBody(body),
      placed: this.#recent?.place(body),
      index: encodeBlockIndex(columns),
      bloom: buildBloom(hashes.list, hashes.size),
      operations: this.#operations(columns),
    };
  }

  #operations(columns: SpanColumns): SegmentOperation[] {
    const operations: SegmentOperation[] = [];
    const { strings, count, groups, groupIndex, nameIndex, kind } = columns;
    const packed = strings.length <= MAX_PACKED_STRINGS;
    const wide = new Set<number>();
    this.#triples.clear();
    for (let row = 0; row < count; row++) {
      const service = (groups[groupIndex[row] as number] as SpanGroup).service;
      const name = nameIndex[row] as number;
      const triple = (service * strings.length + name) * 8 + (kind[row] as number);
      if (packed ? !this.#triples.add(triple) : wide.has(triple)) continue;
      if (!packed) wide.add(triple);
      operations.push({
        service: strings[service] as string,
        name: strings[name] as string,
        kind: kind[row] as SpanKind,
      });
    }
    return operations;
  }
}

interface Cut {
  readonly body: Uint8Array;
  readonly columns: SpanColumns;
}

/** Rows in parts of at most MAX_BLOCK_SPANS whose share of the body is about MAX_BLOCK_BYTES, in order. */
function splitRows(columns: SpanColumns, keep: Uint32Array | undefined, bodyLength: number): Uint32Array[] {
  const count = keep?.length ?? columns.count;
  let spanBytes = 1;
  for (let row = 0; row < columns.count; row++) spanBytes += spanLength(columns, row);
  const overhead = Math.max(1, bodyLength / spanBytes);
  const parts: Uint32Array[] = [];
  let part: number[] = [];
  let bytes = 0;
  for (let i = 0; i < count; i++) {
    const row = keep === undefined ? i : (keep[i] as number);
    const length = spanLength(columns, row) * overhead;
    if (part.length > 0 && (part.length === MAX_BLOCK_SPANS || bytes + length > MAX_BLOCK_BYTES)) {
      parts.push(Uint32Array.from(part));
      part = [];
      bytes = 0;
    }
    part.push(row);
    bytes += length;
  }
  parts.push(Uint32Array.from(part));
  return parts;
}

function spanLength(columns: SpanColumns, row: number): number {
  return (columns.spanEnd[row] as number) - (columns.spanStart[row] as number);
}

/** The smallest (sign -1) or greatest (1) of `count` u64 numbers given in halves. */
function extreme(high: Uint32Array, low: Uint32Array, count: number, sign: 1 | -1): bigint {
  let bestHigh = high[0] as number;
  let bestLow = low[0] as number;
  for (let i = 1; i < count; i++) {
    const difference = ((high[i] as number) - bestHigh) * sign;
    if (difference < 0 || (difference === 0 && ((low[i] as number) - bestLow) * sign <= 0)) continue;
    bestHigh = high[i] as number;
    bestLow = low[i] as number;
  }
  const value = (BigInt(bestHigh) << 32n) | BigInt(bestLow);
  return value > MAX_STORED_TIME ? MAX_STORED_TIME : value;
}
