import { keyValueBody } from "../../codec/otlp/decode-values.ts";
import { ByteReader } from "../../codec/otlp/wire.ts";
import { anyValueText, doubleText } from "../../model/any-value.ts";
import { bytesToHex } from "../../model/ids.ts";

/** Kinds of text in a span, as bits: what `spanHoldsText` is to look at. `other` is bytes, arrays and kvlists. */
export const TEXT_IN = { strings: 1, bools: 2, ints: 4, doubles: 8, other: 16, ids: 32 } as const;

/** Tags of the fields of Span, Event, Link, Status, KeyValue and AnyValue that hold text (trace.proto, common.proto). */
const SPAN = { attributes: 0x4a, events: 0x5a, links: 0x6a, status: 0x7a } as const;
const EVENT = { name: 0x12, attributes: 0x1a } as const;
const LINK = { traceId: 0x0a, spanId: 0x12, attributes: 0x22 } as const;
const STATUS_MESSAGE = 0x12;
const KEY_VALUE = { key: 0x0a, value: 0x12 } as const;
const ANY_VALUE = { string: 0x0a, bool: 0x10, int: 0x18, double: 0x21 } as const;

/**
 * True when a key or value of an attribute, an event's name, the status message or the id of a link in the Span message
 * in [start, end) contains `wanted`, a text in lower case. Reads only what `where`, bits of TEXT_IN, names, and stops at
 * the first match, so it makes no object for a span. Throws DecodeError where the bytes are damaged.
 */
export function spanHoldsText(body: Uint8Array, start: number, end: number, wanted: string, where: number): boolean {
  const r = new ByteReader(body, start, end);
  while (r.at < r.end) {
    const tag = r.tag();
    let found = false;
    if (tag === SPAN.attributes) found = inside(r, () => keyValueHolds(r, wanted, where));
    else if (tag === SPAN.events) found = inside(r, () => eventHolds(r, wanted, where));
    else if (tag === SPAN.links) found = inside(r, () => linkHolds(r, wanted, where));
    else if (tag === SPAN.status) found = inside(r, () => statusHolds(r, wanted, where));
    else r.skip(tag, 0);
    if (found) return true;
  }
  return false;
}

function inside(r: ByteReader, holds: () => boolean): boolean {
  const outer = r.enter();
  if (holds()) return true;
  r.leave(outer);
  return false;
}

function eventHolds(r: ByteReader, wanted: string, where: number): boolean {
  while (r.at < r.end) {
    const tag = r.tag();
    if (tag === EVENT.name && textHolds(r, wanted, where)) return true;
    if (tag === EVENT.attributes && inside(r, () => keyValueHolds(r, wanted, where))) return true;
    if (tag !== EVENT.name && tag !== EVENT.attributes) r.skip(tag, 0);
  }
  return false;
}

function linkHolds(r: ByteReader, wanted: string, where: number): boolean {
  while (r.at < r.end) {
    const tag = r.tag();
    if (tag === LINK.attributes) {
      if (inside(r, () => keyValueHolds(r, wanted, where))) return true;
    } else if ((tag === LINK.traceId || tag === LINK.spanId) && (where & TEXT_IN.ids) !== 0) {
      if (bytesToHex(r.blob()).includes(wanted)) return true;
    } else r.skip(tag, 0);
  }
  return false;
}

function statusHolds(r: ByteReader, wanted: string, where: number): boolean {
  while (r.at < r.end) {
    const tag = r.tag();
    if (tag !== STATUS_MESSAGE) r.skip(tag, 0);
    else if (textHolds(r, wanted, where)) return true;
  }
  return false;
}

function keyValueHolds(r: ByteReader, wanted: string, where: number): boolean {
  const start = r.at;
  while (r.at < r.end) {
    const tag = r.tag();
    if (tag === KEY_VALUE.key) {
      if (textHolds(r, wanted, where)) return true;
    } else if (tag === KEY_VALUE.value) {
      const outer = r.enter();
      const found = scalarHolds(r, wanted, where);
      if (found === undefined) {
        r.end = outer;
        r.at = start;
        return (where & TEXT_IN.other) !== 0 && anyValueText(keyValueBody(r).value).toLowerCase().includes(wanted);
      }
      if (found) return true;
      r.leave(outer);
    } else r.skip(tag, 0);
  }
  return false;
}

/** Undefined where the value is no scalar. */
function scalarHolds(r: ByteReader, wanted: string, where: number): boolean | undefined {
  while (r.at < r.end) {
    const tag = r.tag();
    let found = false;
    if (tag === ANY_VALUE.string) found = textHolds(r, wanted, where);
    else if (tag === ANY_VALUE.int && (where & TEXT_IN.ints) !== 0) found = r.int64().toString().includes(wanted);
    else if (tag === ANY_VALUE.bool && (where & TEXT_IN.bools) !== 0) found = String(r.bool()).includes(wanted);
    else if (tag === ANY_VALUE.double && (where & TEXT_IN.doubles) !== 0) {
      found = doubleText(r.double()).toLowerCase().includes(wanted);
    } else if (tag === ANY_VALUE.int || tag === ANY_VALUE.bool || tag === ANY_VALUE.double) r.skip(tag, 0);
    else return undefined;
    if (found) return true;
  }
  return false;
}

function textHolds(r: ByteReader, wanted: string, where: number): boolean {
  if ((where & TEXT_IN.strings) === 0) {
    const length = r.length();
    r.at += length;
    return false;
  }
  return r.text().toLowerCase().includes(wanted);
}
