import { keyValueBody } from "../../codec/otlp/message/decode-values.ts";
import { ByteReader } from "../../codec/otlp/wire/wire.ts";
import type { AnyValue } from "../../model/any-value.ts";

/** Fields of Span: attributes 9, events 11 (their attributes 3), links 13 (theirs 4), all length-delimited. */
const ATTRIBUTES = 0x4a;
const EVENTS = 0x5a;
const EVENT_ATTRIBUTES = 0x1a;
const LINKS = 0x6a;
const LINK_ATTRIBUTES = 0x22;

export type SpanScope = "any" | "span" | "event" | "link";

/**
 * Whether an attribute of the Span message at body[start, end) satisfies `test`: the first under `key` of the span's
 * own (`span`, `any`), of some event (`event`, `any`) or of some link. Steps over everything else without decoding it.
 * The bytes have to be what the scanner accepted.
 */
export function spanAttributeHolds(
  body: Uint8Array,
  start: number,
  end: number,
  scope: SpanScope,
  key: Uint8Array,
  test: (value: AnyValue) => boolean,
): boolean {
  const walk = new FieldWalk(body, start, end);
  let seen = scope === "event" || scope === "link";
  while (walk.next()) {
    if (walk.tag === ATTRIBUTES && !seen) {
      const value = valueUnder(body, walk.from, walk.at, key);
      if (value === undefined) continue;
      if (test(value)) return true;
      if (scope === "span") return false;
      seen = true;
    } else if (walk.tag === EVENTS && (scope === "any" || scope === "event")) {
      if (listHolds(body, walk.from, walk.at, EVENT_ATTRIBUTES, key, test)) return true;
    } else if (walk.tag === LINKS && scope === "link") {
      if (listHolds(body, walk.from, walk.at, LINK_ATTRIBUTES, key, test)) return true;
    }
  }
  return false;
}

/**
 * Tells the keys of a span's own attributes, of its events' and of its links', one after the other; a key as often as
 * it stands there. The bytes have to be what the scanner accepted.
 */
export function visitKeys(
  body: Uint8Array,
  start: number,
  end: number,
  visit: (scope: "span" | "event" | "link", key: string) => void,
): void {
  const walk = new FieldWalk(body, start, end);
  while (walk.next()) {
    if (walk.tag === ATTRIBUTES) visit("span", attributeKey(body, walk.from, walk.at));
    else if (walk.tag === EVENTS || walk.tag === LINKS) {
      const scope = walk.tag === EVENTS ? "event" : "link";
      const attributes = scope === "event" ? EVENT_ATTRIBUTES : LINK_ATTRIBUTES;
      const inner = new FieldWalk(body, walk.from, walk.at);
      while (inner.next()) if (inner.tag === attributes) visit(scope, attributeKey(body, inner.from, inner.at));
    }
  }
}

/**
 * Tells a span's own attributes, a key as often as it stands there; the value is decoded where `wants` takes its key.
 * The bytes have to be what the scanner accepted.
 */
export function visitAttributes(
  body: Uint8Array,
  start: number,
  end: number,
  wants: (key: string) => boolean,
  visit: (key: string, value: AnyValue) => void,
): void {
  const walk = new FieldWalk(body, start, end);
  while (walk.next()) {
    if (walk.tag !== ATTRIBUTES) continue;
    const key = attributeKey(body, walk.from, walk.at);
    if (wants(key)) visit(key, keyValueBody(new ByteReader(body, walk.from, walk.at)).value);
  }
}

/** Tells where the KeyValue messages of a span's own attributes lie. The bytes have to be what the scanner accepted. */
export function visitAttributeBytes(
  body: Uint8Array,
  start: number,
  end: number,
  visit: (from: number, to: number) => void,
): void {
  const walk = new FieldWalk(body, start, end);
  while (walk.next()) if (walk.tag === ATTRIBUTES) visit(walk.from, walk.at);
}

/** The key of the KeyValue at body[start, end), without its value, which may be long. */
export function attributeKey(body: Uint8Array, start: number, end: number): string {
  const walk = new FieldWalk(body, start, end);
  if (walk.next() && walk.tag === 0x0a) {
    const { from, at } = walk;
    // Nearly always a key and then its value; of several keys the last one counts.
    if (!walk.next() || ((walk.tag as number) === 0x12 && walk.at === end)) {
      return Buffer.from(body.buffer, body.byteOffset + from, at - from).toString("utf8");
    }
  }
  return keyValueBody(new ByteReader(body, start, end)).key;
}

/** Whether the first attribute under `key` in field `tag` of a message satisfies `test`. */
function listHolds(
  body: Uint8Array,
  start: number,
  end: number,
  tag: number,
  key: Uint8Array,
  test: (value: AnyValue) => boolean,
): boolean {
  const walk = new FieldWalk(body, start, end);
  while (walk.next()) {
    if (walk.tag !== tag) continue;
    const value = valueUnder(body, walk.from, walk.at, key);
    if (value !== undefined) return test(value);
  }
  return false;
}

/** The value of the KeyValue at body[start, end) where its key is `key`. */
function valueUnder(body: Uint8Array, start: number, end: number, key: Uint8Array): AnyValue | undefined {
  const walk = new FieldWalk(body, start, end);
  let first = true;
  let matches = false;
  while (walk.next()) {
    if (walk.tag === 0x0a && first) {
      matches = sameBytes(body, walk.from, walk.at, key);
    } else if (walk.tag !== 0x12 || first || walk.at !== end) {
      // Not a key and then a value, as every known encoder writes it.
      const { key: decoded, value } = keyValueBody(new ByteReader(body, start, end));
      return decoded === Buffer.from(key).toString("utf8") ? value : undefined;
    }
    first = false;
  }
  // An empty message is an empty key without a value.
  if (first) matches = key.length === 0;
  return matches ? keyValueBody(new ByteReader(body, start, end)).value : undefined;
}

function sameBytes(body: Uint8Array, start: number, end: number, key: Uint8Array): boolean {
  if (end - start !== key.length) return false;
  for (let i = 0; i < key.length; i++) if (body[start + i] !== key[i]) return false;
  return true;
}

/** Steps from field to field of a message that is known to be well formed. */
class FieldWalk {
  readonly #body: Uint8Array;
  readonly #end: number;
  /** Of the field that `next` has found: its payload is body[from, at). */
  tag = 0;
  from: number;
  at: number;

  constructor(body: Uint8Array, start: number, end: number) {
    this.#body = body;
    this.from = start;
    this.at = start;
    this.#end = end;
  }

  /** False at the end. */
  next(): boolean {
    if (this.at >= this.#end) return false;
    this.tag = this.#varint();
    switch (this.tag & 7) {
      case 0:
        this.from = this.at;
        this.#varint();
        return true;
      case 1:
        this.from = this.at;
        this.at += 8;
        return true;
      case 2: {
        const length = this.#varint();
        this.from = this.at;
        this.at += length;
        return true;
      }
      default:
        this.from = this.at;
        this.at += 4;
        return true;
    }
  }

  #varint(): number {
    const body = this.#body;
    let byte = body[this.at++] as number;
    let value = byte & 0x7f;
    for (let unit = 0x80; byte >= 0x80 && this.at < this.#end; unit *= 0x80) {
      byte = body[this.at++] as number;
      value += (byte & 0x7f) * unit;
    }
    return value;
  }
}
