import { NO_THRESHOLD, type SpanColumns, type SpanGroup } from "../../../model/span-columns.ts";

type Index = Uint16Array | Uint32Array;
/** Below this a pool is indexed with 16 bits; NO_THRESHOLD stays free. */
const SMALL = NO_THRESHOLD;

/** Positions of a pool that are still in use, numbered anew in the order they come up. */
class Pool {
  readonly kept: number[] = [];
  readonly #numbers: Int32Array;

  constructor(size: number) {
    this.#numbers = new Int32Array(size).fill(-1);
  }

  number(old: number): number {
    const known = this.#numbers[old] as number;
    if (known >= 0) return known;
    const fresh = this.kept.length;
    this.#numbers[old] = fresh;
    this.kept.push(old);
    return fresh;
  }
}

/**
 * The columns of `rows` alone, in new arrays. `spanStart`, `spanEnd` and `groups` are those of the new body, groups in
 * the order in which the rows come to them and with `service` still a position in the old strings.
 */
export function cutColumns(
  columns: SpanColumns,
  rows: ArrayLike<number>,
  spanStart: Uint32Array,
  spanEnd: Uint32Array,
  groups: readonly SpanGroup[],
): SpanColumns {
  const count = rows.length;
  const traces = new Pool(columns.traceIds.length / 16);
  const strings = new Pool(columns.strings.length);
  const groupPool = new Pool(columns.groups.length);
  const traceIndex = renumber(columns.traceIndex, rows, traces);
  const groupIndex = renumber(columns.groupIndex, rows, groupPool);
  const newGroups = groups.map((group) => ({ ...group, service: strings.number(group.service) }));
  const nameIndex = renumber(columns.nameIndex, rows, strings);
  const thresholdIndex = columns.thresholdIndex && thresholds(columns.thresholdIndex, rows, strings);
  return {
    count,
    traceIds: ids(columns.traceIds, traces.kept, 16),
    traceIndex: narrow(traceIndex, traces.kept.length),
    spanIds: ids(columns.spanIds, rows, 8),
    parentIds: ids(columns.parentIds, rows, 8),
    nameIndex: narrow(nameIndex, strings.kept.length),
    groupIndex: narrow(groupIndex, newGroups.length),
    kind: bytes(columns.kind, rows),
    status: bytes(columns.status, rows),
    marks: bytes(columns.marks, rows),
    startLow: words(columns.startLow, rows),
    startHigh: words(columns.startHigh, rows),
    endLow: words(columns.endLow, rows),
    endHigh: words(columns.endHigh, rows),
    spanStart,
    spanEnd,
    ...(thresholdIndex && { thresholdIndex: narrow(thresholdIndex, strings.kept.length) }),
    groups: newGroups,
    strings: strings.kept.map((old) => columns.strings[old] as string),
  };
}

/**
 * The columns of `rows` alone, of the body that all of them describe: byte ranges stay as they are, and the body holds
 * spans that no row names.
 */
export function partialColumns(columns: SpanColumns, rows: readonly number[]): SpanColumns {
  const named = new Set(rows.map((row) => columns.groupIndex[row] as number));
  const groups = [...named].map((index) => columns.groups[index] as SpanGroup);
  const spanStart = Uint32Array.from(rows, (row) => columns.spanStart[row] as number);
  const spanEnd = Uint32Array.from(rows, (row) => columns.spanEnd[row] as number);
  return { ...cutColumns(columns, rows, spanStart, spanEnd, groups), partial: true };
}

function renumber(index: Index, rows: ArrayLike<number>, pool: Pool): Uint32Array {
  const out = new Uint32Array(rows.length);
  for (let i = 0; i < rows.length; i++) out[i] = pool.number(index[rows[i] as number] as number);
  return out;
}

/** Undefined when no row that is left has a threshold. */
function thresholds(index: Index, rows: ArrayLike<number>, strings: Pool): Uint32Array | undefined {
  const out = new Uint32Array(rows.length);
  let any = false;
  for (let i = 0; i < rows.length; i++) {
    const old = index[rows[i] as number] as number;
    out[i] = old === NO_THRESHOLD ? NO_THRESHOLD : strings.number(old);
    any ||= old !== NO_THRESHOLD;
  }
  return any ? out : undefined;
}

function narrow(index: Uint32Array, pool: number): Index {
  return pool < SMALL ? Uint16Array.from(index) : index;
}

function ids(from: Uint8Array, positions: ArrayLike<number>, size: number): Uint8Array {
  const out = new Uint8Array(positions.length * size);
  for (let i = 0; i < positions.length; i++) {
    const at = (positions[i] as number) * size;
    for (let k = 0; k < size; k++) out[i * size + k] = from[at + k] as number;
  }
  return out;
}

function bytes(from: Uint8Array, rows: ArrayLike<number>): Uint8Array {
  const out = new Uint8Array(rows.length);
  for (let i = 0; i < rows.length; i++) out[i] = from[rows[i] as number] as number;
  return out;
}

function words(from: Uint32Array, rows: ArrayLike<number>): Uint32Array {
  const out = new Uint32Array(rows.length);
  for (let i = 0; i < rows.length; i++) out[i] = from[rows[i] as number] as number;
  return out;
}
