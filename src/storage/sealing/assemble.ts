import { writeVarint } from "../../codec/otlp/wire/wire-writer.ts";
import { NO_THRESHOLD, type SpanColumns, type SpanGroup } from "../../model/span-columns.ts";
import { type FrameSizes, type GroupLayout, layOut } from "../columnar/block-layout.ts";
import type { Frame } from "../columnar/columnar-body.ts";
import type { SpanRefs } from "./grouping.ts";
import { frameKey, frameOf, type SourceBlock } from "./source-blocks.ts";

/** A row before it is encoded: an OTLP body, its columns, and how it is laid out. */
export interface AssembledBlock {
  readonly body: Uint8Array;
  readonly columns: SpanColumns;
  readonly groups: readonly GroupLayout[];
  readonly frames: readonly Frame[];
}

interface Group {
  readonly frame: Frame;
  readonly service: string;
  readonly order: number;
}

/**
 * Puts spans of many rows together into rows of one body each. Spans of one resource and scope stand together, ordered
 * by start: then most columns hardly change from row to row.
 */
export class Assembler {
  readonly #rows: readonly SourceBlock[];
  readonly #groups = new Map<string, Group>();
  /** By row and group of the row. */
  readonly #known: Group[][];

  constructor(rows: readonly SourceBlock[]) {
    this.#rows = rows;
    this.#known = rows.map(({ body, columns }) =>
      columns.groups.map((group) => this.#groupOf(frameOf(body, group), columns.strings[group.service] as string)),
    );
  }

  /** `extras` are put after the last group. */
  assemble(refs: SpanRefs, extras: Uint8Array): AssembledBlock {
    const count = refs.rows.length;
    const order = this.#order(refs);
    const strings = new StringPool(this.#rows.length);
    const traces = new TracePool(this.#rows, count);
    const groups: { group: Group; count: number; service: number }[] = [];
    const thresholds = new Uint32Array(count).fill(NO_THRESHOLD);
    let anyThreshold = false;
    const columns = {
      traceIndex: new Uint32Array(count),
      spanIds: new Uint8Array(count * 8),
      parentIds: new Uint8Array(count * 8),
      nameIndex: new Uint32Array(count),
      groupIndex: new Uint32Array(count),
      kind: new Uint8Array(count),
      status: new Uint8Array(count),
      marks: new Uint8Array(count),
      startLow: new Uint32Array(count),
      startHigh: new Uint32Array(count),
      endLow: new Uint32Array(count),
      endHigh: new Uint32Array(count),
    };
    const lengths = new Uint32Array(count);
    for (let i = 0; i < count; i++) {
      const ref = order[i] as number;
      const index = refs.rows[ref] as number;
      const span = refs.spans[ref] as number;
      const from = (this.#rows[index] as SourceBlock).columns;
      const group = (this.#known[index] as Group[])[from.groupIndex[span] as number] as Group;
      const last = groups.at(-1);
      if (last?.group === group) last.count++;
      else groups.push({ group, count: 1, service: strings.add(group.service) });
      columns.traceIndex[i] = traces.number(index, from.traceIndex[span] as number);
      for (let k = 0; k < 8; k++) {
        columns.spanIds[i * 8 + k] = from.spanIds[span * 8 + k] as number;
        columns.parentIds[i * 8 + k] = from.parentIds[span * 8 + k] as number;
      }
      columns.nameIndex[i] = strings.of(index, from, from.nameIndex[span] as number);
      columns.groupIndex[i] = groups.length - 1;
      columns.kind[i] = from.kind[span] as number;
      columns.status[i] = from.status[span] as number;
      columns.marks[i] = from.marks[span] as number;
      columns.startLow[i] = from.startLow[span] as number;
      columns.startHigh[i] = from.startHigh[span] as number;
      columns.endLow[i] = from.endLow[span] as number;
      columns.endHigh[i] = from.endHigh[span] as number;
      lengths[i] = (from.spanEnd[span] as number) - (from.spanStart[span] as number);
      const threshold = from.thresholdIndex?.[span] ?? NO_THRESHOLD;
      if (threshold === NO_THRESHOLD) continue;
      thresholds[i] = strings.of(index, from, threshold);
      anyThreshold = true;
    }
    const layouts = groups.map(({ group, count: spans, service }) => ({
      service,
      count: spans,
      frame: sizesOf(group.frame),
    }));
    const frames = groups.map(({ group }) => group.frame);
    const { groups: placed, spanStart, spanEnd, end } = layOut(layouts, lengths);
    const body = new Uint8Array(end + extras.length);
    writeFrames(body, placed, frames);
    for (let i = 0; i < count; i++) {
      const ref = order[i] as number;
      const { body: source, columns: from } = this.#rows[refs.rows[ref] as number] as SourceBlock;
      const span = refs.spans[ref] as number;
      writeMessage(body, 0x12, spanStart[i] as number, lengths[i] as number);
      body.set(source.subarray(from.spanStart[span], from.spanEnd[span]), spanStart[i] as number);
    }
    body.set(extras, end);
    return {
      body,
      columns: {
        count,
        traceIds: traces.ids(),
        ...columns,
        spanStart,
        spanEnd,
        ...(anyThreshold ? { thresholdIndex: thresholds } : {}),
        groups: placed,
        strings: strings.list,
      },
      groups: layouts,
      frames,
    };
  }

  #groupOf(frame: Frame, service: string): Group {
    const key = frameKey(frame);
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = { frame, service, order: this.#groups.size };
      this.#groups.set(key, group);
    }
    return group;
  }

  /** Positions in `refs` by group, then start. */
  #order(refs: SpanRefs): Uint32Array {
    const count = refs.rows.length;
    const group = new Uint32Array(count);
    const start = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      const index = refs.rows[i] as number;
      const span = refs.spans[i] as number;
      const { groupIndex, startHigh, startLow } = (this.#rows[index] as SourceBlock).columns;
      group[i] = ((this.#known[index] as Group[])[groupIndex[span] as number] as Group).order;
      start[i] = (startHigh[span] as number) * 0x1_0000_0000 + (startLow[span] as number);
    }
    const order = new Uint32Array(count);
    for (let i = 0; i < count; i++) order[i] = i;
    return order.sort(
      (a, b) => (group[a] as number) - (group[b] as number) || (start[a] as number) - (start[b] as number) || a - b,
    );
  }
}

function sizesOf(frame: Frame): FrameSizes {
  return {
    resourceHead: frame.resourceHead.length,
    resourceTail: frame.resourceTail.length,
    scopeHead: frame.scopeHead.length,
    scopeTail: frame.scopeTail.length,
  };
}

function writeFrames(body: Uint8Array, groups: readonly SpanGroup[], frames: readonly Frame[]): void {
  for (const [i, group] of groups.entries()) {
    const { resourceHead, resourceTail, scopeHead, scopeTail } = frames[i] as Frame;
    const { resourceSpansStart, resourceSpansEnd, scopeSpansStart, scopeSpansEnd } = group;
    writeMessage(body, 0x0a, resourceSpansStart, resourceSpansEnd - resourceSpansStart);
    body.set(resourceHead, resourceSpansStart);
    writeMessage(body, 0x12, scopeSpansStart, scopeSpansEnd - scopeSpansStart);
    body.set(scopeHead, scopeSpansStart);
    body.set(scopeTail, scopeSpansEnd - scopeTail.length);
    body.set(resourceTail, resourceSpansEnd - resourceTail.length);
  }
}

/** Tag and length of a message whose payload begins at `start`. */
function writeMessage(body: Uint8Array, tag: number, start: number, length: number): void {
  let size = 1;
  for (let rest = length >>> 7; rest > 0; rest >>>= 7) size++;
  body[start - size - 1] = tag;
  writeVarint(body, start - size, length);
}

/** Strings of many rows, each once. */
class StringPool {
  readonly list: string[] = [];
  readonly #positions = new Map<string, number>();
  /** By row: position in the row's strings to position in the list. */
  readonly #known: (Int32Array | undefined)[];

  constructor(rows: number) {
    this.#known = new Array<Int32Array | undefined>(rows);
  }

  of(row: number, columns: SpanColumns, index: number): number {
    let known = this.#known[row];
    if (known === undefined) {
      known = new Int32Array(columns.strings.length).fill(-1);
      this.#known[row] = known;
    }
    let position = known[index] as number;
    if (position < 0) {
      position = this.add(columns.strings[index] as string);
      known[index] = position;
    }
    return position;
  }

  add(text: string): number {
    let position = this.#positions.get(text);
    if (position === undefined) {
      // The position that says "no threshold" is nobody's.
      if (this.list.length === NO_THRESHOLD) this.list.push("");
      position = this.list.push(text) - 1;
      this.#positions.set(text, position);
    }
    return position;
  }
}

/** Trace ids of many rows, each once. */
class TracePool {
  readonly #rows: readonly SourceBlock[];
  readonly #positions = new Map<string, number>();
  readonly #known: (Int32Array | undefined)[];
  readonly #ids: Uint8Array<ArrayBuffer>;

  constructor(rows: readonly SourceBlock[], spans: number) {
    this.#rows = rows;
    this.#known = new Array<Int32Array | undefined>(rows.length);
    this.#ids = new Uint8Array(spans * 16);
  }

  number(row: number, index: number): number {
    const { traceIds } = (this.#rows[row] as SourceBlock).columns;
    let known = this.#known[row];
    if (known === undefined) {
      known = new Int32Array(traceIds.length / 16).fill(-1);
      this.#known[row] = known;
    }
    let position = known[index] as number;
    if (position >= 0) return position;
    const key = Buffer.from(traceIds.buffer, traceIds.byteOffset + index * 16, 16).toString("latin1");
    const other = this.#positions.get(key);
    position = other ?? this.#positions.size;
    if (other === undefined) {
      this.#positions.set(key, position);
      this.#ids.set(traceIds.subarray(index * 16, index * 16 + 16), position * 16);
    }
    known[index] = position;
    return position;
  }

  ids(): Uint8Array<ArrayBuffer> {
    return this.#ids.slice(0, this.#positions.size * 16);
  }
}
