import { type AnyValue, anyValueText, doubleText, type KeyValue } from "../../../model/any-value.ts";
import { attributeHash, finishHash, HASH_SEED } from "../../../model/attribute-hash.ts";
import { isUtf8 } from "../../utf8.ts";
import { keyValueBody } from "../message/decode-values.ts";
import type { SpanLimits } from "../message/span-limits.ts";
import type { ByteInterner } from "./byte-interner.ts";
import { hashDigits, hashText } from "./hash-text.ts";
import { SPAN_TROUBLE } from "./scan-result.ts";
import type { WireCursor } from "./wire-cursor.ts";

const PRIME = 0x01000193;
const SERVICE_NAME = new TextEncoder().encode("service.name");
const SAMPLING_PRIORITY = new TextEncoder().encode("sampling.priority");

/** Where an attribute stands; only a resource's `service.name` and a span's `sampling.priority` mean anything here. */
export const PLACE = { span: 0, event: 1, resource: 2, scope: 3 } as const;
type Place = (typeof PLACE)[keyof typeof PLACE];

/** How many of a span's attributes are remembered for the next span. */
const REMEMBERED = 64;

/**
 * Hashes attributes for the scanner and notices the two whose value it needs. Troubles go to the cursor.
 *
 * Spans of one sender have the same keys in the same order, and often the same values: what the span before had in the
 * same place is compared, four bytes at a time, before anything is hashed a byte at a time.
 */
export class AttributeScanner {
  /** `sampling.priority` of the span: -1 until it is seen. */
  priority = -1;
  /** Position of the service name in the strings: -1 until the resource names one, -2 where its first is no text. */
  service = -1;
  readonly #limits: SpanLimits;
  readonly #wire: WireCursor;
  readonly #interner: ByteInterner;
  #view: DataView = new DataView(new ArrayBuffer(0));
  /**
   * By place among a span's attributes: where in the body the last plain one stands, how long it and its key are, their
   * hashes.
   */
  readonly #starts = new Uint32Array(REMEMBERED);
  readonly #lengths = new Uint32Array(REMEMBERED);
  readonly #keyHashes = new Int32Array(REMEMBERED);
  readonly #hashes = new Int32Array(REMEMBERED);

  constructor(limits: SpanLimits, wire: WireCursor, interner: ByteInterner) {
    this.#limits = limits;
    this.#wire = wire;
    this.#interner = interner;
  }

  /** Begins a body, of which `view` is a view. */
  begin(view: DataView): void {
    this.#view = view;
    this.#lengths.fill(0);
  }

  /**
   * The hash of a KeyValue message, as int32. The form every sender writes, key then value and one scalar in it, is
   * done here; whatever else goes through the decoder. `nth` is its place among the attributes of a span.
   */
  hash(body: Uint8Array, start: number, end: number, place: Place, nth = REMEMBERED): number {
    const matched = nth < REMEMBERED ? this.#matched(start, end - start, nth) : 0;
    if (matched > 0 && matched === end - start && matched === this.#lengths[nth]) return this.#hashes[nth] as number;
    if (end - start < 5 || body[start] !== 0x0a) return this.#odd(start, end, place);
    const keyStart = start + 2;
    const keyEnd = keyStart + (body[start + 1] as number);
    let at = keyEnd + 1;
    if ((body[start + 1] as number) > 0x7f || at >= end || body[keyEnd] !== 0x12) {
      return this.#odd(start, end, place);
    }
    let length = body[at++] as number;
    if (length > 0x7f) length = (length & 0x7f) | ((body[at++] as number) << 7);
    if (length === 0 || at + length !== end || length > 0x3fff) return this.#odd(start, end, place);
    const valueTag = body[at++] as number;
    let hash = HASH_SEED;
    let bits = 0;
    if (keyEnd - start <= matched) hash = this.#keyHashes[nth] as number;
    else {
      for (let i = keyStart; i < keyEnd; i++) {
        const byte = body[i] as number;
        bits |= byte;
        hash = Math.imul(hash ^ byte, PRIME);
      }
      hash = Math.imul(hash, PRIME);
    }
    const keyHash = hash;
    const keyLength = keyEnd - keyStart;
    const special = (keyLength === 12 || keyLength === 17) && isSpecial(body, keyStart, keyEnd, place);
    if (valueTag === 0x0a) {
      length = body[at++] as number;
      if (length > 0x7f) length = (length & 0x7f) | ((body[at++] as number) << 7);
      if (at + length !== end || length > 0x3fff) return this.#odd(start, end, place);
      if (length > this.#limits.maxValueBytes) this.#wire.trouble |= SPAN_TROUBLE.longValue;
      for (let i = at; i < end; i++) {
        const byte = body[i] as number;
        bits |= byte;
        hash = Math.imul(hash ^ byte, PRIME);
      }
      if (bits > 0x7f && !(isUtf8(body, keyStart, keyEnd) && isUtf8(body, at, end))) {
        return this.#odd(start, end, place);
      }
      if (special) this.#specialText(body, at, end, place);
    } else {
      if (bits > 0x7f || special) return this.#odd(start, end, place);
      if (valueTag === 0x18) {
        const low = this.#wire.varint(body, at, end);
        if (this.#wire.at !== end) return this.#odd(start, end, place);
        hash = hashDigits(hash, low, this.#wire.high);
      } else if (valueTag === 0x10) {
        if (at + 1 !== end || (body[at] as number) > 0x7f) return this.#odd(start, end, place);
        hash = hashText(hash, body[at] === 0 ? "false" : "true");
      } else if (valueTag === 0x21 && at + 8 === end) {
        hash = hashText(hash, doubleText(double(body, at)));
      } else return this.#odd(start, end, place);
    }
    const finished = finishHash(hash) | 0;
    // Only what means nothing but its hash.
    if (nth < REMEMBERED && bits <= 0x7f && !special && end - start <= this.#limits.maxValueBytes) {
      this.#starts[nth] = start;
      this.#lengths[nth] = end - start;
      this.#keyHashes[nth] = keyHash;
      this.#hashes[nth] = finished;
    }
    return finished;
  }

  /** How many of `length` bytes at `start` are those of the attribute that is remembered for this place. */
  #matched(start: number, length: number, nth: number): number {
    const view = this.#view;
    const other = this.#starts[nth] as number;
    const most = Math.min(length, this.#lengths[nth] as number);
    let at = 0;
    while (at + 4 <= most && view.getInt32(start + at, true) === view.getInt32(other + at, true)) at += 4;
    while (at < most && view.getUint8(start + at) === view.getUint8(other + at)) at++;
    return at;
  }

  #specialText(body: Uint8Array, start: number, end: number, place: Place): void {
    if (place === PLACE.resource && this.service === -1) {
      if (end - start > this.#limits.maxNameBytes) this.#wire.trouble |= SPAN_TROUBLE.longValue;
      this.service = end > start ? this.#interner.intern(body, start, end) : -2;
    } else if (place === PLACE.span && this.priority < 0) {
      this.priority = textPriority(Buffer.from(body.buffer, body.byteOffset + start, end - start).toString());
    }
  }

  /** Any KeyValue at all, through the decoder; one that is too long is not read. */
  #odd(start: number, end: number, place: Place): number {
    const { maxValueBytes, maxNameBytes } = this.#limits;
    if (end - start > maxValueBytes + maxNameBytes) {
      this.#wire.trouble |= SPAN_TROUBLE.longValue;
      return 0;
    }
    const reader = this.#wire.readerAt(start, end);
    reader.invalidUtf8 = false;
    const attribute = keyValueBody(reader, this.#limits.maxDepth);
    if (reader.invalidUtf8) this.#wire.trouble |= SPAN_TROUBLE.invalidUtf8;
    const valueBytes = end - start - attribute.key.length;
    const long = valueBytes > maxValueBytes && isLong(attribute.value, maxValueBytes);
    if (long || Buffer.byteLength(attribute.key) > maxNameBytes) this.#wire.trouble |= SPAN_TROUBLE.longValue;
    this.#oddSpecial(attribute, place);
    return attributeHash(attribute.key, anyValueText(attribute.value)) | 0;
  }

  #oddSpecial({ key, value }: KeyValue, place: Place): void {
    if (place === PLACE.resource && this.service === -1 && key === "service.name") {
      if (value.type !== "string" || value.value === "") this.service = -2;
      else {
        const bytes = Buffer.from(value.value, "utf8");
        if (bytes.length > this.#limits.maxNameBytes) this.#wire.trouble |= SPAN_TROUBLE.longValue;
        this.service = this.#interner.intern(bytes, 0, bytes.length);
      }
    } else if (place === PLACE.span && this.priority < 0 && key === "sampling.priority") {
      this.priority = valuePriority(value);
    }
  }
}

/** Whether more than the hash of the attribute with this key is wanted. */
function isSpecial(body: Uint8Array, start: number, end: number, place: Place): boolean {
  if (place === PLACE.resource) return equal(body, start, end, SERVICE_NAME);
  return place === PLACE.span && equal(body, start, end, SAMPLING_PRIORITY);
}

function double(body: Uint8Array, at: number): number {
  return new DataView(body.buffer, body.byteOffset + at, 8).getFloat64(0, true);
}

function equal(body: Uint8Array, start: number, end: number, text: Uint8Array): boolean {
  if (end - start !== text.length) return false;
  for (let i = 0; i < text.length; i++) if (body[start + i] !== text[i]) return false;
  return true;
}

/** A list counts as a whole: it came here because the message around it is longer than the limit. */
function isLong(value: AnyValue, max: number): boolean {
  switch (value.type) {
    case "string":
      return value.value.length * 3 > max && Buffer.byteLength(value.value) > max;
    case "bytes":
      return value.value.length > max;
    default:
      return value.type === "array" || value.type === "kvlist";
  }
}

/**
 * `sampling.priority` (OpenTracing): above zero keeps, zero drops, and anything else, a negative number among it,
 * leaves the decision open, as in the Collector. Senders write it in every type.
 */
function valuePriority(value: AnyValue): number {
  switch (value.type) {
    case "int":
      return numberPriority(Number(value.value));
    case "double":
      return numberPriority(value.value);
    case "bool":
      return value.value ? 1 : 0;
    case "string":
      return textPriority(value.value);
    default:
      return -1;
  }
}

function numberPriority(value: number): number {
  if (value > 0) return 1;
  return value === 0 ? 0 : -1;
}

function textPriority(text: string): number {
  const trimmed = text.trim().toLowerCase();
  if (trimmed === "true") return 1;
  if (trimmed === "false") return 0;
  return trimmed === "" ? -1 : numberPriority(Number(trimmed));
}
