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
/** Of a digest besides its rows and names. */
const OVERHEAD = 800;

const NO_BYTES = new Uint8Array(0);
const NO_WORDS = new Uint32Array(0);

/** Undefined where it would be little smaller than the block. `intern` gives equal texts as one. */
export function digestBlock(columns: SpanColumns, intern: (text: string) => string): BlockDigest | undefined {
  const { count, groupIndex, groups, nameIndex, kind, status, marks } = columns;
  const strings: string[] = [];
  const places = new Map<string, number>();
  const placeOf = (text: string): number => {
    const known = places.get(text);
    if (known !== undefined) return known;
    const own = intern(text);
    places.set(own, strings.length);
    return strings.push(own) - 1;
  };
  const firstRows: number[] = [];
  const counts: number[] = [];
  const rowsByKey = new Map<number, number>();
  const services = groups.map((group) => group.service);
  for (let row = 0; row < count; row++) {
    const defaulted = (marks[row] as number) & SPAN_MARK.serviceDefaulted;
    const flags = (kind[row] as number) + (status[row] as number) * 8 + defaulted * 2;
    const names = (services[groupIndex[row] as number] as number) * 2 ** 20 + (nameIndex[row] as number);
    const key = names * 64 + flags;
    const at = rowsByKey.get(key);
    if (at !== undefined) {
      counts[at] = (counts[at] as number) + 1;
      continue;
    }
    if (firstRows.length === MAX_ROWS) return undefined;
    rowsByKey.set(key, firstRows.length);
    firstRows.push(row);
    counts.push(1);
  }
  if (firstRows.length * 3 > count + 64) return undefined;
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
