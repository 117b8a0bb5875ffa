import { encodeTraces } from "../../../src/codec/otlp/message/encode.ts";
import { TraceScanner } from "../../../src/codec/otlp/scan/scan.ts";
import { DEFAULT_SCAN_LIMITS, type ScanResult } from "../../../src/codec/otlp/scan/scan-result.ts";
import type { PreparedBatch } from "../../../src/component/ingest.ts";
import type { StoreStats } from "../../../src/component/read.ts";
import type { TracesData } from "../../../src/model/span.ts";
import { BlockWriter, type EncodedBlock } from "../../../src/storage/block/block-writer.ts";
import { firstFilter } from "../../../src/storage/block/bloom.ts";
import { decodeBody } from "../../../src/storage/block/body-codec.ts";
import type { SegmentOperation } from "../../../src/storage/block/operation-shares.ts";
import type { BlockHead, MissedReads, SegmentInfo, SegmentSource } from "../../../src/storage/log/segment-source.ts";
import type { SqlDatabase } from "../../../src/storage/sqlite/driver.ts";
import { testDriver } from "../storage/driver.ts";

/** Traces as the ingest pipeline hands them to the store, all rows kept. Valid until the scanner's next scan. */
export function prepare(scanner: TraceScanner, body: Uint8Array): PreparedBatch {
  const scan: ScanResult = scanner.scan(body);
  return { ...scan, body, keep: undefined, result: { accepted: scan.columns.count, rejected: 0, message: "" } };
}

interface MemorySegment {
  readonly id: number;
  open: boolean;
  readonly blocks: { readonly head: BlockHead; readonly block: EncodedBlock }[];
}

/** A stored log of plain objects: every append is a block of its own (more where it is large). */
export class MemorySource implements SegmentSource {
  readonly #scanner = new TraceScanner(DEFAULT_SCAN_LIMITS);
  readonly #writer = new BlockWriter();
  readonly #listeners: ((segments: readonly number[]) => void)[] = [];
  readonly #aggregates: SqlDatabase = testDriver.open(":memory:");
  #segments: MemorySegment[] = [{ id: 1, open: true, blocks: [] }];
  #sequence = 0;
  #spans = 0;
  /** Rows and bodies read, to see what a search touches. */
  readonly reads = { rows: 0, bodies: 0, operations: 0 };
  readonly #olderBlooms: boolean;

  /** With `olderBlooms` every other block has the bloom that versions before wrote. */
  constructor({ olderBlooms = false }: { readonly olderBlooms?: boolean } = {}) {
    this.#olderBlooms = olderBlooms;
  }

  append(traces: TracesData, receivedAtMs = 1_000): void {
    this.appendBody(encodeTraces(traces), receivedAtMs);
  }

  appendBody(body: Uint8Array, receivedAtMs = 1_000): void {
    this.#writer.add(prepare(this.#scanner, body), receivedAtMs);
    const segment = this.#segments.at(-1) as MemorySegment;
    for (const block of this.#writer.take()) {
      this.#spans += block.spans;
      const head: BlockHead = {
        segment: segment.id,
        block: segment.blocks.length + 1,
        sequence: ++this.#sequence,
        spans: block.spans,
        spansThrough: this.#spans,
        minStart: block.minStart,
        maxStart: block.maxStart,
        maxEnd: block.maxEnd,
        receivedAtMs: block.receivedAtMs,
        index: block.index,
        bloom: this.#olderBlooms && segment.blocks.length % 2 === 0 ? firstFilter(block.bloom).slice() : block.bloom,
      };
      segment.blocks.push({ head, block });
    }
  }

  /** Closes the open segment and begins another. */
  roll(): void {
    const last = this.#segments.at(-1) as MemorySegment;
    last.open = false;
    this.#segments.push({ id: last.id + 1, open: true, blocks: [] });
  }

  removeOldest(): void {
    const [first, ...rest] = this.#segments;
    this.#segments = rest;
    for (const listener of this.#listeners) listener([(first as MemorySegment).id]);
  }

  segments(): readonly SegmentInfo[] {
    return this.#segments.map(({ id, open }) => ({ id, position: id, status: open ? "open" : "closed" }));
  }

  blocksAfter(segment: number, row: number, limit: number): readonly BlockHead[] {
    const heads = this.#find(segment)?.blocks.slice(row, row + limit) ?? [];
    this.reads.rows += heads.length;
    return heads.map(({ head }) => head);
  }

  body(segment: number, row: number): Uint8Array | undefined {
    const stored = this.#find(segment)?.blocks[row - 1]?.block;
    this.reads.bodies++;
    return stored && decodeBody(stored.body.codec, stored.body.bytes, stored.rawLength);
  }

  async inflate(segment: number, row: number): Promise<Uint8Array | undefined> {
    return this.body(segment, row);
  }

  operationCount(segment: number): number {
    return this.#operations(segment).length;
  }

  operations(segment: number): { operations: readonly SegmentOperation[]; complete: boolean } {
    this.reads.operations++;
    return { operations: this.#operations(segment), complete: true };
  }

  #operations(segment: number): readonly SegmentOperation[] {
    const all = this.#find(segment)?.blocks.flatMap(({ block }) => block.operations) ?? [];
    return [...new Map(all.map((one) => [JSON.stringify(one), one])).values()];
  }

  visibleSequence(): number {
    return this.#sequence;
  }

  stats(): StoreStats {
    return { spans: this.#spans, batches: this.#sequence, segments: this.#segments.length, diskBytes: 0, oldestMs: 0 };
  }

  aggregates(): SqlDatabase {
    return this.#aggregates;
  }

  rowsLeft(): undefined {}

  missed(): MissedReads {
    return { count: 0, reason: "" };
  }

  isUnreadable(): boolean {
    return false;
  }

  onDeleted(): void {}

  onRemoved(listener: (segments: readonly number[]) => void): void {
    this.#listeners.push(listener);
  }

  #find(id: number): MemorySegment | undefined {
    return this.#segments.find((segment) => segment.id === id);
  }
}
