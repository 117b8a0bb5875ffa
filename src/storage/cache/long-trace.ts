import type { TraceKeyStart } from "../../model/ids.ts";
import type { SegmentId, SegmentPosition } from "../../model/log.ts";
import type { SpanColumns, SpanGroup } from "../../model/span-columns.ts";
import { BlockTraces } from "./block-traces.ts";
import type { BlockName, CachedBlock, TraceRows } from "./cached-block.ts";

const FIRST_SPANS = 256;
/** Copied whenever they are full. */
const GROWTH = 1.25;
/** Of one span in the columns and in the list of rows, and of the number of a block. */
const SPAN_BYTES = 64;
const BLOCK_BYTES = 8;
/** A bloom of one filter of 32 set bits with one probe: everything may be in it. */
const EVERYTHING = new Uint8Array([1, 1, 0, 0, 255, 255, 255, 255]);

/**
 * The spans of one trace out of many blocks as columns of its own: where a worker or a socket keeps one trace for
 * hours, its spans lie in thousands of blocks, each of which would have to be read and held for a few rows. It grows
 * with the log. Bodies are not reachable through these columns: byte ranges are left out.
 */
export class LongTrace {
  readonly #from: TraceKeyStart;
  /** Numbers of blocks with spans of it, by their segments in log order. */
  readonly #blocks = new Map<SegmentId, number[]>();
  #blockCount = 0;
  /** The last block of each segment that was looked at. */
  readonly #lookedAt = new Map<SegmentId, number>();
  readonly #strings = new Interned();
  readonly #groups: SpanGroup[] = [];
  readonly #groupOf = new Map<string, number>();
  #count = 0;
  #traceIds = new Uint8Array(0);
  #traceIndex = new Uint32Array(FIRST_SPANS);
  #spanIds = new Uint8Array(FIRST_SPANS * 8);
  #parentIds = new Uint8Array(FIRST_SPANS * 8);
  #nameIndex = new Uint32Array(FIRST_SPANS);
  #groupIndex = new Uint32Array(FIRST_SPANS);
  #kind = new Uint8Array(FIRST_SPANS);
  #status = new Uint8Array(FIRST_SPANS);
  #marks = new Uint8Array(FIRST_SPANS);
  #startLow = new Uint32Array(FIRST_SPANS);
  #startHigh = new Uint32Array(FIRST_SPANS);
  #endLow = new Uint32Array(FIRST_SPANS);
  #endHigh = new Uint32Array(FIRST_SPANS);
  #part: TraceRows | undefined;

  /** `from` as in traceKey: what of an id is compared. */
  constructor(from: TraceKeyStart) {
    this.#from = from;
  }

  /** Memory, estimated. */
  get bytes(): number {
    return this.#startLow.length * SPAN_BYTES + this.#blockCount * BLOCK_BYTES;
  }

  /** Blocks with spans of it, in log order. */
  *blocks(): Generator<BlockName> {
    for (const [segment, numbers] of this.#blocks) for (const number of numbers) yield { segment, number };
  }

  /** The number of the last block of the segment that was looked at; 0 where none was. */
  lookedAt(segment: SegmentId): number {
    return this.#lookedAt.get(segment) ?? 0;
  }

  /** Says that the blocks of a segment up to `number` have no spans of it but those that were added. */
  passed(segment: SegmentId, number: number): void {
    this.#lookedAt.set(segment, Math.max(number, this.lookedAt(segment)));
  }

  /** The rows of the next block in log order. */
  add(block: CachedBlock, rows: readonly number[]): void {
    this.passed(block.segment, block.number);
    if (rows.length === 0) return;
    const blocks = this.#blocks.get(block.segment);
    if (blocks === undefined) this.#blocks.set(block.segment, [block.number]);
    else blocks.push(block.number);
    this.#blockCount++;
    this.#reserve(this.#count + rows.length);
    const { columns } = block;
    for (const row of rows) this.#addSpan(columns, row);
    this.#part = undefined;
  }

  /** All spans, duplicates included, as one part that later additions leave as it is. Its block is of no segment. */
  get part(): TraceRows {
    if (this.#part === undefined) {
      const columns = this.#columns();
      this.#part = {
        block: {
          segment: 0 as SegmentId,
          position: 0 as SegmentPosition,
          number: 0,
          receivedAtMs: 0,
          columns,
          traces: new BlockTraces(columns, this.#from),
          bloom: EVERYTHING,
        },
        rows: Array.from({ length: this.#count }, (_, row) => row),
      };
    }
    return this.#part;
  }

  #columns(): SpanColumns {
    const count = this.#count;
    return {
      count,
      traceIds: this.#traceIds,
      traceIndex: this.#traceIndex.subarray(0, count),
      spanIds: this.#spanIds.subarray(0, count * 8),
      parentIds: this.#parentIds.subarray(0, count * 8),
      nameIndex: this.#nameIndex.subarray(0, count),
      groupIndex: this.#groupIndex.subarray(0, count),
      kind: this.#kind.subarray(0, count),
      status: this.#status.subarray(0, count),
      marks: this.#marks.subarray(0, count),
      startLow: this.#startLow.subarray(0, count),
      startHigh: this.#startHigh.subarray(0, count),
      endLow: this.#endLow.subarray(0, count),
      endHigh: this.#endHigh.subarray(0, count),
      spanStart: new Uint32Array(0),
      spanEnd: new Uint32Array(0),
      groups: [...this.#groups],
      strings: [...this.#strings.texts],
    };
  }

  #addSpan(columns: SpanColumns, row: number): void {
    const at = this.#count++;
    this.#traceIndex[at] = this.#idIndex(columns.traceIds, (columns.traceIndex[row] as number) * 16);
    for (let i = 0; i < 8; i++) {
      this.#spanIds[at * 8 + i] = columns.spanIds[row * 8 + i] as number;
      this.#parentIds[at * 8 + i] = columns.parentIds[row * 8 + i] as number;
    }
    this.#nameIndex[at] = this.#strings.indexOf(columns.strings[columns.nameIndex[row] as number] as string);
    const { service } = columns.groups[columns.groupIndex[row] as number] as SpanGroup;
    this.#groupIndex[at] = this.#groupIndexOf(columns.strings[service] as string);
    this.#kind[at] = columns.kind[row] as number;
    this.#status[at] = columns.status[row] as number;
    this.#marks[at] = columns.marks[row] as number;
    this.#startLow[at] = columns.startLow[row] as number;
    this.#startHigh[at] = columns.startHigh[row] as number;
    this.#endLow[at] = columns.endLow[row] as number;
    this.#endHigh[at] = columns.endHigh[row] as number;
  }

  /** A trace has one id, or a few where only halves are compared. */
  #idIndex(ids: Uint8Array, at: number): number {
    const known = this.#traceIds;
    for (let index = 0; index < known.length; index += 16) {
      let same = 0;
      while (same < 16 && known[index + same] === ids[at + same]) same++;
      if (same === 16) return index / 16;
    }
    this.#traceIds = new Uint8Array(known.length + 16);
    this.#traceIds.set(known);
    this.#traceIds.set(ids.subarray(at, at + 16), known.length);
    return known.length / 16;
  }

  #groupIndexOf(service: string): number {
    const known = this.#groupOf.get(service);
    if (known !== undefined) return known;
    const index = this.#groups.length;
    const nowhere = { resourceSpansStart: 0, resourceSpansEnd: 0, scopeSpansStart: 0, scopeSpansEnd: 0 };
    this.#groups.push({ service: this.#strings.indexOf(service), ...nowhere });
    this.#groupOf.set(service, index);
    return index;
  }

  #reserve(count: number): void {
    if (count <= this.#startLow.length) return;
    const room = Math.ceil(count * GROWTH);
    const wider = (numbers: Uint32Array<ArrayBuffer>) => copied(numbers, new Uint32Array(room));
    const longer = (bytes: Uint8Array<ArrayBuffer>, each: number) => copied(bytes, new Uint8Array(room * each));
    this.#traceIndex = wider(this.#traceIndex);
    this.#spanIds = longer(this.#spanIds, 8);
    this.#parentIds = longer(this.#parentIds, 8);
    this.#nameIndex = wider(this.#nameIndex);
    this.#groupIndex = wider(this.#groupIndex);
    this.#kind = longer(this.#kind, 1);
    this.#status = longer(this.#status, 1);
    this.#marks = longer(this.#marks, 1);
    this.#startLow = wider(this.#startLow);
    this.#startHigh = wider(this.#startHigh);
    this.#endLow = wider(this.#endLow);
    this.#endHigh = wider(this.#endHigh);
  }
}

/** Texts, each once. */
class Interned {
  readonly texts: string[] = [];
  readonly #index = new Map<string, number>();

  indexOf(text: string): number {
    const known = this.#index.get(text);
    if (known !== undefined) return known;
    const index = this.texts.length;
    this.texts.push(text);
    this.#index.set(text, index);
    return index;
  }
}

function copied<T extends Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer>>(from: T, to: T): T {
  to.set(from);
  return to;
}
