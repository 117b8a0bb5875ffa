import { ByteReader } from "../../codec/otlp/wire.ts";

/** Bits of what `nonStringTypes` gives. */
export const VALUE_TYPE = { bool: 1, int: 2, double: 4, other: 8 } as const;

const ATTRIBUTES = 0x4a;
const EVENTS = 0x5a;
const LINKS = 0x6a;
/** Field of the attributes in Event (3) and Link (4), as tags. */
const EVENT_ATTRIBUTES = 0x1a;
const LINK_ATTRIBUTES = 0x22;
const KEY_VALUE_VALUE = 0x12;

/**
 * The types, other than string, of the attribute values in the Span message in [start, end), its events and links, as
 * bits of VALUE_TYPE; bytes, arrays and kvlists are `other`. No value is decoded.
 */
export function nonStringTypes(body: Uint8Array, start: number, end: number): number {
  return typesIn(new ByteReader(body, start, end), ATTRIBUTES);
}

function typesIn(r: ByteReader, attributesTag: number): number {
  let types = 0;
  while (r.at < r.end) {
    const tag = r.tag();
    const nested = attributesTag === ATTRIBUTES ? nestedTag(tag) : 0;
    if (tag !== attributesTag && nested === 0) {
      r.skip(tag, 0);
      continue;
    }
    const outer = r.enter();
    types |= nested === 0 ? typeOfKeyValue(r) : typesIn(r, nested);
    r.leave(outer);
  }
  return types;
}

function nestedTag(tag: number): number {
  if (tag === EVENTS) return EVENT_ATTRIBUTES;
  return tag === LINKS ? LINK_ATTRIBUTES : 0;
}

function typeOfKeyValue(r: ByteReader): number {
  let types = 0;
  while (r.at < r.end) {
    const tag = r.tag();
    if (tag !== KEY_VALUE_VALUE) {
      r.skip(tag, 0);
      continue;
    }
    const outer = r.enter();
    while (r.at < r.end) {
      const value = r.tag();
      types |= TYPE_OF_FIELD[value >>> 3] ?? 0;
      r.skip(value, 0);
    }
    r.leave(outer);
  }
  return types;
}

/** By field number of AnyValue: bool 2, int 3, double 4, array 5, kvlist 6, bytes 7. */
const TYPE_OF_FIELD: readonly number[] = [
  0,
  0,
  VALUE_TYPE.bool,
  VALUE_TYPE.int,
  VALUE_TYPE.double,
  VALUE_TYPE.other,
  VALUE_TYPE.other,
  VALUE_TYPE.other,
];
