import { traceIdHash } from "../../model/attribute-hash.ts";
import { BoundedMap } from "../../model/collections/bounded-map.ts";
import type { TraceKeyStart } from "../../model/ids.ts";
import type { SegmentId, SegmentPosition } from "../../model/log.ts";
import { EARLIEST_TIME } from "../../model/span-times.ts";
import { MAX_STORED_TIME } from "../block/block-limits.ts";
import { checkBloom, filterMayContainAt, firstFilter, narrowByFilter } from "../block/bloom.ts";
import type { BlockHead } from "../log/segment-source.ts";
import { HashBlocks } from "./hash-blocks.ts";
import type { PackedTraceTable } from "./packed-trace-table.ts";
import { TraceTable } from "./trace-table.ts";

const BEYOND_U64 = 2 ** 64;
/** Tens of megabytes hang on it, and what is copied more often is copied in a moment. */
const GROWTH = 1.25;

/** Hashes whose rows are remembered, at most 8 bytes a row and hash. */
const MAX_HASHES = 16;

/**
 * What is kept of all blocks of one segment: bounds of their span starts, the first filters of their blooms in one
 * buffer, and the trace table. Bounds are float64 rounded outwards (256 ns at today's times), so comparing with them
 * never leaves a block out.
 */
export class SegmentBlocks {
  readonly id: SegmentId;
  /** Place in the log; greater is newer. */
  readonly position: SegmentPosition;
  readonly #from: TraceKeyStart;
  #count = 0;
  #complete = false;
  #earlyBlocks = 0;
  #minStart = new Float64Array(64);
  #maxStart = new Float64Array(64);
  #received = new Float64Array(64);
  #spans = new Float64Array(64);
  #traceCounts = new Float64Array(64);
  #blooms: Uint8Array<ArrayBufferLike> | undefined = new Uint8Array(64 * 1024);
  /** The filter of row i + 1 lies at blooms[offsets[i], offsets[i + 1]). */
  #offsets = new Float64Array(65);
  /** Fewest probes of any filter. */
  #probes = 255;
  #traces: TraceTable | PackedTraceTable | undefined = new TraceTable();
  #order: Uint32Array | undefined;
  /** By hash, latest used last; empty until the segment is complete. */
  readonly #blocksOf = new BoundedMap<number, HashBlocks>(MAX_HASHES);

  constructor(id: SegmentId, position: SegmentPosition, from: TraceKeyStart = 0) {
    this.id = id;
    this.position = position;
    this.#from = from;
  }

  /** Rows 1 to `count` are known. */
  get count(): number {
    return this.#count;
  }

  /** How many hold a start before EARLIEST_TIME. */
  get earlyBlocks(): number {
    return this.#earlyBlocks;
  }

  /** The segment is closed and all its rows are known. */
  get complete(): boolean {
    return this.#complete;
  }

  /** Of blooms and trace table. */
  get bytes(): number {
    return (this.#blooms?.byteLength ?? 0) + (this.#traces?.bytes ?? 0);
  }

  /** ns since the epoch, rounded down. */
  minStart(block: number): number {
    return this.#minStart[block - 1] as number;
  }

  /** ns since the epoch, rounded up. */
  maxStart(block: number): number {
    return this.#maxStart[block - 1] as number;
  }

  /** Spans of a block, those included that are deleted. */
  spans(block: number): number {
    return this.#spans[block - 1] as number;
  }

  /** Distinct trace ids in a block. */
  traceCount(block: number): number {
    return this.#traceCounts[block - 1] as number;
  }

  /** ms since the epoch. */
  receivedAtMs(block: number): number {
    return this.#received[block - 1] as number;
  }

  /** The next rows in order, with the distinct trace ids of each, 16 bytes an id. */
  add(traceIds: readonly Uint8Array[], heads: readonly BlockHead[]): void {
    const traces = this.#traces instanceof TraceTable ? this.#traces : undefined;
    for (const [i, head] of heads.entries()) {
      const at = this.#count;
      checkBloom(head.bloom);
      const filter = firstFilter(head.bloom);
      this.#reserve(at + 1, filter.length);
      this.#minStart[at] = roundDown(head.minStart);
      if ((this.#minStart[at] as number) < EARLIEST_TIME) this.#earlyBlocks++;
      this.#maxStart[at] = head.maxStart >= MAX_STORED_TIME ? BEYOND_U64 : roundUp(head.maxStart);
      this.#received[at] = head.receivedAtMs;
      this.#spans[at] = head.spans;
      this.#probes = Math.min(this.#probes, filter[1] as number);
      const offset = this.#offsets[at] as number;
      this.#blooms?.set(filter, offset);
      this.#offsets[at + 1] = offset + filter.length;
      const ids = traceIds[i] as Uint8Array;
      this.#traceCounts[at] = ids.length / 16;
      for (let id = 0; id < ids.length; id += 16) traces?.add(traceIdHash(ids, id, this.#from), at);
      this.#count++;
    }
    this.#order = undefined;
  }

  /** No more rows will come. */
  finish(): void {
    this.#complete = true;
    this.#blooms = this.#blooms?.slice(0, this.#offsets[this.#count] as number);
    if (this.#traces instanceof TraceTable) this.#traces = this.#traces.pack();
  }

  /** Gives the memory of blooms and trace table back; `traceRows` and `mayContain` then know nothing. */
  release(): void {
    this.#blooms = undefined;
    this.#traces = undefined;
    this.#offsets = new Float64Array(1);
    this.#blocksOf.clear();
  }

  /**
   * Blocks after `after` that may hold spans of the trace, ascending, each once; undefined where the table was
   * released.
   */
  traceBlocks(hash: number, after = 0): number[] | undefined {
    const rows = this.#traces?.rows(hash, after);
    // A row is there more than once where ids in it share the hash.
    return rows?.filter((row, i) => row !== rows[i - 1]).map((row) => row + 1);
  }

  /** A number that grows with every block that may hold spans of the trace; of a segment that still grows. */
  traceState(hash: number): number {
    return this.#traces instanceof TraceTable ? this.#traces.count(hash) : 0;
  }

  /** False where the block certainly holds none; true also where the blooms were released. */
  mayContain(block: number, hash: number): boolean {
    if (this.#blooms === undefined) return true;
    return filterMayContainAt(this.#blooms, this.#offsets[block - 1] as number, this.#offsets[block] as number, hash);
  }

  /**
   * Leaves of rows[0, count), in their order, those that may contain the hash; how many these are. Quicker than asking
   * for each, and may leave some that `mayContain` would not.
   */
  narrow(rows: Uint32Array, count: number, hash: number): number {
    if (this.#blooms === undefined) return count;
    return narrowByFilter({ bytes: this.#blooms, offsets: this.#offsets, probes: this.#probes }, rows, count, hash);
  }

  /** The rows known now that may contain the hash, newest first. */
  blocksOf(hash: number): HashBlocks {
    const known = this.#blocksOf.get(hash);
    const order = this.newestFirst();
    const rows =
      known ?? new HashBlocks({ get: (index) => order[index] }, (some, count) => this.narrow(some, count, hash));
    if (!this.#complete || this.#blooms === undefined) return rows;
    this.#blocksOf.set(hash, rows);
    return rows;
  }

  /** False once they were released. */
  get hasBlooms(): boolean {
    return this.#blooms !== undefined;
  }

  /** Rows by latest span start, newest first. */
  newestFirst(): Uint32Array {
    if (this.#order === undefined) {
      const starts = this.#maxStart;
      this.#order = Uint32Array.from({ length: this.#count }, (_, i) => i + 1);
      this.#order.sort((a, b) => (starts[b - 1] as number) - (starts[a - 1] as number));
    }
    return this.#order;
  }

  #reserve(count: number, bloomBytes: number): void {
    if (count > this.#minStart.length) {
      const room = Math.ceil(count * GROWTH);
      this.#minStart = grown(this.#minStart, room);
      this.#maxStart = grown(this.#maxStart, room);
      this.#received = grown(this.#received, room);
      this.#spans = grown(this.#spans, room);
      this.#traceCounts = grown(this.#traceCounts, room);
      this.#offsets = grown(this.#offsets, room + 1);
    }
    const needed = (this.#offsets[count - 1] as number) + bloomBytes;
    if (this.#blooms !== undefined && needed > this.#blooms.length) {
      const larger = new Uint8Array(Math.ceil(needed * GROWTH));
      larger.set(this.#blooms);
      this.#blooms = larger;
    }
  }
}

function grown(array: Float64Array, length: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(length);
  larger.set(array);
  return larger;
}

/** The nearest float64 not below `value`, or the next one. */
export function roundUp(value: bigint): number {
  const near = Number(value);
  return near < value ? near + Math.abs(near) * 2 ** -52 : near;
}

/** The nearest float64 not above `value`, or the one before. */
export function roundDown(value: bigint): number {
  const near = Number(value);
  return near > value ? near - Math.abs(near) * 2 ** -52 : near;
}
