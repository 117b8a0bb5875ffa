import { SPAN_MARK } from "../../model/span.ts";
import { type SpanColumns, serviceOf } from "../../model/span-columns.ts";

/**
 * How many spans of a block share service, name, kind and status: what counts spans without looking at each. Row i of
 * `columns` stands for `counts[i]` of them; besides these four it has only the mark of a service without a name, and
 * its groups know nothing but their service.
 */
export interface BlockDigest {
  readonly columns: SpanColumns;
  readonly counts: Uint32Array;
  /** In memory, about. */
  readonly bytes: number;
}

/** A block with more combinations is better looked at itself. */
const MAX_ROWS = 1024;
/** Of the table by which rows that are alike are found. */
const SLOTS = 4096;
/** Of a digest besides its rows and names. */
const OVERHEAD = 800;

const NO_BYTES = new Uint8Array(0);
const NO_WORDS = new Uint32Array(0);

/** Undefined where it would be little smaller than the block. `intern` gives equal texts as one. */
export function digestBlock(columns: SpanColumns, intern: (text: string) => string): BlockDigest | undefined {
  const { nameIndex, kind, status, marks } = columns;
  const alike = alikeRows(columns);
  if (alike === undefined) return undefined;
  const { firstRows, counts } = alike;
  const strings: string[] = [];
  const places = new Map<string, number>();
  const placeOf = (text: string): number => {
    const known = places.get(text);
    if (known !== undefined) return known;
    const own = intern(text);
    places.set(own, strings.length);
    return strings.push(own) - 1;
  };
  const serviceAt = firstRows.map((row) => placeOf(serviceOf(columns, row)));
  const distinct = [...new Set(serviceAt)];
  return {
    columns: {
      count: firstRows.length,
      traceIds: NO_BYTES,
      traceIndex: NO_WORDS,
      spanIds: NO_BYTES,
      parentIds: NO_BYTES,
      nameIndex: Uint16Array.from(firstRows, (row) => placeOf(columns.strings[nameIndex[row] as number] as string)),
      groupIndex: Uint16Array.from(serviceAt, (place) => distinct.indexOf(place)),
      kind: Uint8Array.from(firstRows, (row) => kind[row] as number),
      status: Uint8Array.from(firstRows, (row) => status[row] as number),
      marks: Uint8Array.from(firstRows, (row) => (marks[row] as number) & SPAN_MARK.serviceDefaulted),
      startLow: NO_WORDS,
      startHigh: NO_WORDS,
      endLow: NO_WORDS,
      endHigh: NO_WORDS,
      spanStart: NO_WORDS,
      spanEnd: NO_WORDS,
      groups: distinct.map((service) => ({
        service,
        resourceSpansStart: 0,
        resourceSpansEnd: 0,
        scopeSpansStart: 0,
        scopeSpansEnd: 0,
      })),
      strings,
    },
    counts: Uint32Array.from(counts),
    bytes: OVERHEAD + firstRows.length * 11 + strings.length * 16 + distinct.length * 60,
  };
}

/** The first row of each combination, and how many rows have it; undefined where there are too many. */
function alikeRows(columns: SpanColumns): { readonly firstRows: number[]; readonly counts: number[] } | undefined {
  const { count, groupIndex, groups, nameIndex, kind, status, marks } = columns;
  const firstRows: number[] = [];
  const counts: number[] = [];
  const most = Math.min(MAX_ROWS, (count + 64) / 3);
  const services = groups.map((group) => group.service);
  // Place in firstRows + 1 in the slot of a row, or in one of those after it; 0 is free.
  const slots = new Uint16Array(SLOTS);
  const isAlike = (row: number, other: number): boolean =>
    nameIndex[row] === nameIndex[other] &&
    kind[row] === kind[other] &&
    status[row] === status[other] &&
    (((marks[row] as number) ^ (marks[other] as number)) & SPAN_MARK.serviceDefaulted) === 0 &&
    services[groupIndex[row] as number] === services[groupIndex[other] as number];
  for (let row = 0; row < count; row++) {
    const service = services[groupIndex[row] as number] as number;
    const names = Math.imul(nameIndex[row] as number, 31) + Math.imul(service, 1021);
    const spread = names + (kind[row] as number) * 7 + (status[row] as number);
    let slot = (Math.imul(spread, 0x9e3779b1) >>> 16) & (SLOTS - 1);
    while (slots[slot] !== 0 && !isAlike(row, firstRows[(slots[slot] as number) - 1] as number)) {
      slot = (slot + 1) & (SLOTS - 1);
    }
    const at = slots[slot] as number;
    if (at > 0) {
      counts[at - 1] = (counts[at - 1] as number) + 1;
      continue;
    }
    if (firstRows.length + 1 > most) return undefined;
    counts.push(1);
    slots[slot] = firstRows.push(row);
  }
  return { firstRows, counts };
}
