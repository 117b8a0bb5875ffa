import { keyValueBody } from "../../codec/otlp/message/decode-values.ts";
import { ByteReader } from "../../codec/otlp/wire/wire.ts";
import { type AnyValue, anyValueText, type KeyValue } from "../../model/any-value.ts";
import type { JsonWriter } from "../json-writer.ts";

/** A tag that Jaeger has where OTLP has a field. */
export interface DerivedTag {
  readonly key: Uint8Array;
  /** What anyValueText gives for its value. */
  readonly text: string;
  readonly json: string;
}

export function derivedTag(key: string, value: AnyValue): DerivedTag {
  return { key: Buffer.from(key, "utf8"), text: anyValueText(value), json: tagJson({ key, value }) };
}

export function derivedText(key: string, value: string): DerivedTag {
  return derivedTag(key, { type: "string", value });
}

/** Integers beyond ±(2^53 − 1) are strings, binary values base64; doubles that JSON lacks are strings. */
export function tagJson({ key, value }: KeyValue): string {
  return `{"key":${JSON.stringify(key)},${valueJson(value)}}`;
}

/** KeyValue messages of one list, by where they lie in a body. */
export class TagList {
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  /** Of each key in the body, once written; −1 where it has to be decoded to be known. */
  readonly #keyStarts: number[] = [];
  readonly #keyEnds: number[] = [];
  #count = 0;

  clear(): void {
    this.#count = 0;
  }

  add(start: number, end: number): void {
    const at = this.#count++;
    this.#starts[at] = start;
    this.#ends[at] = end;
  }

  /** The tags as a JSON list, then the derived ones, except where a tag says the same already. */
  write(w: JsonWriter, r: ByteReader, derived: readonly DerivedTag[]): void {
    let separator = "[";
    for (let i = 0; i < this.#count; i++) {
      w.raw(separator);
      separator = ",";
      if (!this.#writeScalar(w, r, i)) w.raw(tagJson(this.#decoded(r.bytes, i)));
    }
    for (const tag of derived) {
      if (this.#says(r.bytes, tag)) continue;
      w.raw(separator);
      separator = ",";
      w.raw(tag.json);
    }
    w.raw(separator === "[" ? "[]" : "]");
  }

  /**
   * A tag whose bytes are one key and one scalar, as they nearly always are, straight from them. Writes nothing and is
   * false for any other.
   */
  #writeScalar(w: JsonWriter, r: ByteReader, i: number): boolean {
    const end = this.#ends[i] as number;
    r.at = this.#starts[i] as number;
    r.end = end;
    this.#keyStarts[i] = -1;
    if (r.at === end || r.tag() !== 0x0a) return false;
    const keyEnd = r.length() + r.at;
    const keyStart = r.at;
    r.at = keyEnd;
    if (r.at === end || r.tag() !== 0x12 || r.length() !== end - r.at || r.at === end) return false;
    const type = r.tag();
    const value = r.at;
    let number = "";
    if (type === 0x0a) r.skip(type, 0);
    else if (type === 0x10) number = r.bool() ? "true" : "false";
    else if (type === 0x18) {
      const low = r.varint();
      // Negative, or not exact as a number.
      if (r.high >= 2 ** 21) return false;
      number = String(r.high * 2 ** 32 + low);
    } else if (type === 0x21) number = doubleJson(r.double());
    else return false;
    if (r.at !== end) return false;
    this.#keyStarts[i] = keyStart;
    this.#keyEnds[i] = keyEnd;
    w.raw('{"key":');
    w.utf8(r.bytes, keyStart, keyEnd);
    w.raw(TYPES[type] as string);
    if (type === 0x0a) {
      r.at = value;
      w.utf8(r.bytes, end - r.length(), end);
    } else w.raw(number);
    w.raw("}");
    return true;
  }

  #decoded(body: Uint8Array, i: number): KeyValue {
    return keyValueBody(new ByteReader(body, this.#starts[i], this.#ends[i]));
  }

  /** Whether the first tag of that key has that text. */
  #says(body: Uint8Array, { key, text }: DerivedTag): boolean {
    for (let i = 0; i < this.#count; i++) {
      const start = this.#keyStarts[i] as number;
      const same =
        start < 0
          ? this.#decoded(body, i).key === Buffer.from(key).toString("utf8")
          : sameBytes(body, start, this.#keyEnds[i] as number, key);
      if (same) return anyValueText(this.#decoded(body, i).value) === text;
    }
    return false;
  }
}

/** By the tag of an AnyValue's field. */
const TYPES: Readonly<Record<number, string>> = {
  10: ',"type":"string","value":',
  16: ',"type":"bool","value":',
  24: ',"type":"int64","value":',
  33: ',"type":"float64","value":',
};
const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

function valueJson(value: AnyValue): string {
  switch (value.type) {
    case "bool":
      return `"type":"bool","value":${value.value}`;
    case "int": {
      const safe = value.value <= MAX_SAFE && value.value >= -MAX_SAFE;
      return `"type":"int64","value":${safe ? value.value : `"${value.value}"`}`;
    }
    case "double":
      return `"type":"float64","value":${doubleJson(value.value)}`;
    case "bytes":
      return `"type":"binary","value":"${anyValueText(value)}"`;
    default:
      return `"type":"string","value":${JSON.stringify(anyValueText(value))}`;
  }
}

function doubleJson(value: number): string {
  if (Object.is(value, -0)) return "-0";
  return Number.isFinite(value) ? String(value) : `"${value}"`;
}

function sameBytes(body: Uint8Array, start: number, end: number, key: Uint8Array): boolean {
  if (end - start !== key.length) return false;
  for (let i = 0; i < key.length; i++) if (body[start + i] !== key[i]) return false;
  return true;
}
