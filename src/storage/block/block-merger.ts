import type { PreparedBatch } from "../../component/ingest.ts";
import { traceIdHash } from "../../model/attribute-hash.ts";
import { NO_THRESHOLD, type SpanColumns, type SpanGroup } from "../../model/span-columns.ts";
import { MAX_BLOCK_BYTES, MAX_BLOCK_SPANS } from "./block-limits.ts";
import type { HashSet } from "./hash-set.ts";

const MAX_GROUPS = 4096;
const MAX_STRINGS = 8192;
/** Slots of the trace id table: four times the greatest number of trace ids. */
const TRACE_SLOTS = MAX_BLOCK_SPANS * 4;

/**
 * Joins small batches into one block: bodies byte-wise (protobuf concatenates messages with repeated fields), columns
 * by copying with strings, trace ids and groups mapped to the block's own and byte ranges shifted. Its buffers are used
 * again for every block.
 */
export class BlockMerger {
  readonly #body = new Uint8Array(MAX_BLOCK_BYTES);
  readonly #spanIds = new Uint8Array(MAX_BLOCK_SPANS * 8);
  readonly #parentIds = new Uint8Array(MAX_BLOCK_SPANS * 8);
  readonly #traceIds = new Uint8Array(MAX_BLOCK_SPANS * 16);
  readonly #traceIndex = new Uint16Array(MAX_BLOCK_SPANS);
  readonly #nameIndex = new Uint16Array(MAX_BLOCK_SPANS);
  readonly #groupIndex = new Uint16Array(MAX_BLOCK_SPANS);
  readonly #thresholdIndex = new Uint16Array(MAX_BLOCK_SPANS);
  readonly #kind = new Uint8Array(MAX_BLOCK_SPANS);
  readonly #status = new Uint8Array(MAX_BLOCK_SPANS);
  readonly #marks = new Uint8Array(MAX_BLOCK_SPANS);
  readonly #startLow = new Uint32Array(MAX_BLOCK_SPANS);
  readonly #startHigh = new Uint32Array(MAX_BLOCK_SPANS);
  readonly #endLow = new Uint32Array(MAX_BLOCK_SPANS);
  readonly #endHigh = new Uint32Array(MAX_BLOCK_SPANS);
  readonly #spanStart = new Uint32Array(MAX_BLOCK_SPANS);
  readonly #spanEnd = new Uint32Array(MAX_BLOCK_SPANS);
  readonly #traceTable = new Uint16Array(TRACE_SLOTS);
  readonly #stringPosition = new Map<string, number>();
  #strings: string[] = [];
  #groups: SpanGroup[] = [];
  #stringMap = new Uint16Array(64);
  #traceMap = new Uint16Array(64);
  #count = 0;
  #bytes = 0;
  #traces = 0;
  #hasThresholds = false;

  get count(): number {
    return this.#count;
  }

  /** Whether `body` with `columns` fits beside what is there. */
  fits(body: Uint8Array, columns: SpanColumns): boolean {
    return (
      this.#count + columns.count <= MAX_BLOCK_SPANS &&
      this.#bytes + body.length <= MAX_BLOCK_BYTES &&
      this.#groups.length + columns.groups.length <= MAX_GROUPS &&
      this.#strings.length + columns.strings.length <= MAX_STRINGS &&
      columns.traceIds.length <= columns.count * 16
    );
  }

  /** Adds a batch that fits; its bytes are copied. */
  add(body: Uint8Array, columns: SpanColumns): void {
    const at = this.#count;
    const offset = this.#bytes;
    const { count } = columns;
    this.#body.set(body, offset);
    this.#spanIds.set(exactly(columns.spanIds, count * 8), at * 8);
    this.#parentIds.set(exactly(columns.parentIds, count * 8), at * 8);
    this.#kind.set(exactly(columns.kind, count), at);
    this.#status.set(exactly(columns.status, count), at);
    this.#marks.set(exactly(columns.marks, count), at);
    this.#startLow.set(exactly(columns.startLow, count), at);
    this.#startHigh.set(exactly(columns.startHigh, count), at);
    this.#endLow.set(exactly(columns.endLow, count), at);
    this.#endHigh.set(exactly(columns.endHigh, count), at);

    const strings = this.#mapStrings(columns.strings);
    const traces = this.#mapTraces(columns.traceIds);
    const firstGroup = this.#groups.length;
    for (let i = 0; i < count; i++) {
      this.#spanStart[at + i] = (columns.spanStart[i] as number) + offset;
      this.#spanEnd[at + i] = (columns.spanEnd[i] as number) + offset;
      this.#nameIndex[at + i] = strings[columns.nameIndex[i] as number] as number;
      this.#traceIndex[at + i] = traces[columns.traceIndex[i] as number] as number;
      this.#groupIndex[at + i] = (columns.groupIndex[i] as number) + firstGroup;
    }
    this.#addThresholds(columns, strings, at);
    for (const group of columns.groups) {
      this.#groups.push({
        service: strings[group.service] as number,
        resourceSpansStart: group.resourceSpansStart + offset,
        resourceSpansEnd: group.resourceSpansEnd + offset,
        scopeSpansStart: group.scopeSpansStart + offset,
        scopeSpansEnd: group.scopeSpansEnd + offset,
      });
    }
    this.#count += count;
    this.#bytes += body.length;
  }

  /** The block so far; views of buffers that are valid until `clear`. */
  take(): { readonly body: Uint8Array; readonly columns: SpanColumns } {
    const count = this.#count;
    return {
      body: this.#body.subarray(0, this.#bytes),
      columns: {
        count,
        traceIds: this.#traceIds.subarray(0, this.#traces * 16),
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
        spanStart: this.#spanStart.subarray(0, count),
        spanEnd: this.#spanEnd.subarray(0, count),
        ...(this.#hasThresholds ? { thresholdIndex: this.#thresholdIndex.subarray(0, count) } : {}),
        groups: this.#groups,
        strings: this.#strings,
      },
    };
  }

  clear(): void {
    this.#count = 0;
    this.#bytes = 0;
    this.#traces = 0;
    this.#hasThresholds = false;
    this.#strings = [];
    this.#groups = [];
    this.#stringPosition.clear();
    this.#traceTable.fill(0);
  }

  #mapStrings(strings: readonly string[]): Uint16Array {
    if (this.#stringMap.length < strings.length) this.#stringMap = new Uint16Array(strings.length * 2);
    for (let i = 0; i < strings.length; i++) {
      const text = strings[i] as string;
      let position = this.#stringPosition.get(text);
      if (position === undefined) {
        position = this.#strings.length;
        this.#strings.push(text);
        this.#stringPosition.set(text, position);
      }
      this.#stringMap[i] = position;
    }
    return this.#stringMap;
  }

  #mapTraces(ids: Uint8Array): Uint16Array {
    const count = ids.length / 16;
    if (this.#traceMap.length < count) this.#traceMap = new Uint16Array(count * 2);
    for (let i = 0; i < count; i++) this.#traceMap[i] = this.#tracePosition(ids, i * 16);
    return this.#traceMap;
  }

  #tracePosition(ids: Uint8Array, start: number): number {
    let slot = traceIdHash(ids, start) & (TRACE_SLOTS - 1);
    for (;;) {
      const known = this.#traceTable[slot] as number;
      if (known === 0) break;
      if (sameId(this.#traceIds, (known - 1) * 16, ids, start)) return known - 1;
      slot = (slot + 1) & (TRACE_SLOTS - 1);
    }
    this.#traceIds.set(ids.subarray(start, start + 16), this.#traces * 16);
    this.#traces++;
    this.#traceTable[slot] = this.#traces;
    return this.#traces - 1;
  }

  #addThresholds(columns: SpanColumns, strings: Uint16Array, at: number): void {
    const { thresholdIndex, count } = columns;
    if (thresholdIndex === undefined) {
      if (this.#hasThresholds) this.#thresholdIndex.fill(NO_THRESHOLD, at, at + count);
      return;
    }
    if (!this.#hasThresholds) this.#thresholdIndex.fill(NO_THRESHOLD, 0, at);
    this.#hasThresholds = true;
    for (let i = 0; i < count; i++) {
      const position = thresholdIndex[i] as number;
      this.#thresholdIndex[at + i] = position === NO_THRESHOLD ? NO_THRESHOLD : (strings[position] as number);
    }
  }
}

/** Adds what a block's bloom knows of the given rows (undefined: all): attributes of spans, resources and scopes. */
export function addHashes(into: HashSet, batch: PreparedBatch, rows: Uint32Array | undefined): void {
  const { hashes, hashStart, groupHashes, groupHashStart, columns } = batch;
  if (rows === undefined) {
    into.addRange(hashes, hashStart[0] as number, hashStart[columns.count] as number);
    into.addRange(groupHashes, groupHashStart[0] as number, groupHashStart[columns.groups.length] as number);
    return;
  }
  let lastGroup = -1;
  for (const row of rows) {
    into.addRange(hashes, hashStart[row] as number, hashStart[row + 1] as number);
    const group = columns.groupIndex[row] as number;
    if (group === lastGroup) continue;
    into.addRange(groupHashes, groupHashStart[group] as number, groupHashStart[group + 1] as number);
    lastGroup = group;
  }
}

/** The first `length` of a column: scanners keep larger buffers. */
function exactly<T extends Uint8Array | Uint32Array>(column: T, length: number): T {
  return (column.length === length ? column : column.subarray(0, length)) as T;
}

function sameId(a: Uint8Array, atA: number, b: Uint8Array, atB: number): boolean {
  for (let i = 0; i < 16; i++) if (a[atA + i] !== b[atB + i]) return false;
  return true;
}
