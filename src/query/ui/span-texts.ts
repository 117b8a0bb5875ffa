import { keyValueBody } from "../../codec/otlp/message/decode-values.ts";
import { ByteReader } from "../../codec/otlp/wire/wire.ts";
import { anyValueText, doubleText } from "../../model/any-value.ts";
import { bytesToHex } from "../../model/ids.ts";

/** Kinds of text in a span, as bits: what `spanHoldsText` is to look at. `other` is bytes, arrays and kvlists. */
export const TEXT_IN = { strings: 1, bools: 2, ints: 4, doubles: 8, other: 16, ids: 32 } as const;

/**
 * Tags of the fields of Span, Event, Link, Status, KeyValue and AnyValue that hold text (trace.proto, common.proto).
 */
const SPAN = { attributes: 0x4a, events: 0x5a, links: 0x6a, status: 0x7a } as const;
const EVENT = { name: 0x12, attributes: 0x1a } as const;
const LINK = { traceId: 0x0a, spanId: 0x12, attributes: 0x22 } as const;
const STATUS_MESSAGE = 0x12;
const KEY_VALUE = { key: 0x0a, value: 0x12 } as const;
const ANY_VALUE = { string: 0x0a, bool: 0x10, int: 0x18, double: 0x21 } as const;

/** What is looked for, and where; `spanHoldsText` keeps its own notes in the rest. */
export class WantedText {
  /** In lower case. */
  readonly text: string;
  readonly #isAscii: boolean;
  /** The span's bytes as Latin-1 in lower case: what they hold of an ASCII text, its strings may hold. */
  #bytesText = "";
  #base = 0;
  #match = -1;
  /** Bits of TEXT_IN. */
  where = 0;

  constructor(text: string) {
    this.text = text.toLowerCase();
    this.#isAscii = !/[^\x20-\x7e]/.test(this.text);
  }

  /** Prepares for the strings of one span; false where none of them can hold the text. */
  enterSpan(body: Uint8Array, start: number, end: number): boolean {
    if (!this.#isAscii) return true;
    const bytes = Buffer.from(body.buffer, body.byteOffset + start, end - start);
    this.#bytesText = bytes.toString("latin1").toLowerCase();
    this.#base = start;
    this.#match = this.#bytesText.indexOf(this.text);
    return this.#match >= 0;
  }

  /** Whether the string in the next length-delimited field holds the text; steps over it. Fields come in order. */
  isInString(r: ByteReader): boolean {
    if ((this.where & TEXT_IN.strings) !== 0 && !this.#isAscii) return r.text().toLowerCase().includes(this.text);
    const length = r.length();
    const from = r.at - this.#base;
    r.at += length;
    if ((this.where & TEXT_IN.strings) === 0) return false;
    if (this.#match >= 0 && this.#match < from) this.#match = this.#bytesText.indexOf(this.text, from);
    return this.#match >= 0 && this.#match + this.text.length <= from + length;
  }
}

/**
 * True when a key or value of an attribute, an event's name, the status message or the id of a link in the Span message
 * in [start, end) contains the text. Reads only what `wanted.where` names, and stops at the first match. Throws
 * DecodeError where the bytes are damaged.
 */
export function spanHoldsText(body: Uint8Array, start: number, end: number, wanted: WantedText): boolean {
  const r = new ByteReader(body, start, end);
  while (r.at < r.end) {
    const tag = r.tag();
    let found = false;
    if (tag === SPAN.attributes) found = inside(r, () => keyValueHolds(r, wanted));
    else if (tag === SPAN.events) found = inside(r, () => eventHolds(r, wanted));
    else if (tag === SPAN.links) found = inside(r, () => linkHolds(r, wanted));
    else if (tag === SPAN.status) found = inside(r, () => statusHolds(r, wanted));
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

function eventHolds(r: ByteReader, wanted: WantedText): boolean {
  while (r.at < r.end) {
    const tag = r.tag();
    if (tag === EVENT.name && wanted.isInString(r)) return true;
    if (tag === EVENT.attributes && inside(r, () => keyValueHolds(r, wanted))) return true;
    if (tag !== EVENT.name && tag !== EVENT.attributes) r.skip(tag, 0);
  }
  return false;
}

function linkHolds(r: ByteReader, wanted: WantedText): boolean {
  while (r.at < r.end) {
    const tag = r.tag();
    if (tag === LINK.attributes) {
      if (inside(r, () => keyValueHolds(r, wanted))) return true;
    } else if ((tag === LINK.traceId || tag === LINK.spanId) && (wanted.where & TEXT_IN.ids) !== 0) {
      if (bytesToHex(r.blob()).includes(wanted.text)) return true;
    } else r.skip(tag, 0);
  }
  return false;
}

function statusHolds(r: ByteReader, wanted: WantedText): boolean {
  while (r.at < r.end) {
    const tag = r.tag();
    if (tag !== STATUS_MESSAGE) r.skip(tag, 0);
    else if (wanted.isInString(r)) return true;
  }
  return false;
}

function keyValueHolds(r: ByteReader, wanted: WantedText): boolean {
  const start = r.at;
  while (r.at < r.end) {
    const tag = r.tag();
    if (tag === KEY_VALUE.key) {
      if (wanted.isInString(r)) return true;
    } else if (tag === KEY_VALUE.value) {
      const outer = r.enter();
      const found = scalarHolds(r, wanted);
      if (found === undefined) {
        r.end = outer;
        r.at = start;
        return (
          (wanted.where & TEXT_IN.other) !== 0 &&
          anyValueText(keyValueBody(r).value).toLowerCase().includes(wanted.text)
        );
      }
      if (found) return true;
      r.leave(outer);
    } else r.skip(tag, 0);
  }
  return false;
}

/** Undefined where the value is no scalar. */
function scalarHolds(r: ByteReader, wanted: WantedText): boolean | undefined {
  while (r.at < r.end) {
    const tag = r.tag();
    let found = false;
    if (tag === ANY_VALUE.string) found = wanted.isInString(r);
    else if (tag === ANY_VALUE.int && (wanted.where & TEXT_IN.ints) !== 0)
      found = r.int64().toString().includes(wanted.text);
    else if (tag === ANY_VALUE.bool && (wanted.where & TEXT_IN.bools) !== 0)
      found = String(r.bool()).includes(wanted.text);
    else if (tag === ANY_VALUE.double && (wanted.where & TEXT_IN.doubles) !== 0) {
      found = doubleText(r.double()).toLowerCase().includes(wanted.text);
    } else if (tag === ANY_VALUE.int || tag === ANY_VALUE.bool || tag === ANY_VALUE.double) r.skip(tag, 0);
    else return undefined;
    if (found) return true;
  }
  return false;
}
