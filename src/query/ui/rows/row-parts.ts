import { FACT_KEYS } from "../../analysis/span-facts.ts";

/** Tags of Span (attributes 9, events 11, links 13), Event, KeyValue and AnyValue: trace.proto and common.proto. */
const SPAN = { attributes: 0x4a, events: 0x5a, links: 0x6a } as const;
const EVENT = { time: 0x09, name: 0x12 } as const;
const KEY_VALUE = { key: 0x0a, value: 0x12 } as const;
const ANY_VALUE = { string: 0x0a, int: 0x18 } as const;
const EXCEPTION = new TextEncoder().encode("exception");

/** Of a value, so many bytes are read: a label has less, and of a statement the table stands near its beginning. */
const MOST_VALUE_BYTES = 512;
/** Of a span, so many events are told. */
const MOST_EVENTS = 32;

interface WantedKey {
  readonly bytes: Uint8Array;
  readonly key: string;
  /** Its place among all. */
  readonly index: number;
}

/** Values that were found stand there one after the other: key, kind and length before each. */
const HEAD_BYTES = 4;
const SCRATCH_BYTES = 32_768;

/** What a row's columns tell of its span beyond what the index has. One is used again for every span of a trace. */
export class RowParts {
  attributes = 0;
  events = 0;
  links = 0;
  /** When the first events were, ns since the Unix epoch, and whether each is an exception. */
  readonly eventTimes: bigint[] = [];
  readonly eventIsException: boolean[] = [];
  /** The wanted attributes as bytes; equal for spans of which `value` says the same, empty where it says nothing. */
  readonly scratch = new Uint8Array(SCRATCH_BYTES);
  used = 0;
  readonly #indexes = new Map<string, number>();
  /** By the length of their keys. */
  readonly #wanted: (readonly WantedKey[] | undefined)[] = [];
  #bytes: Uint8Array = new Uint8Array(0);
  readonly #decoder = new TextDecoder();
  #view: DataView = new DataView(new ArrayBuffer(0));
  #at = 0;

  constructor() {
    const encoder = new TextEncoder();
    for (const [index, key] of Object.values(FACT_KEYS).flat().entries()) {
      const bytes = encoder.encode(key);
      this.#wanted[bytes.length] = [...(this.#wanted[bytes.length] ?? []), { bytes, key, index }];
      this.#indexes.set(key, index);
    }
  }

  /** What an attribute that says what a span is has as its value; strings and integers alone. */
  readonly value = (key: string): string | undefined => {
    const index = this.#indexes.get(key);
    for (let at = 0; at < this.used; ) {
      const length = ((this.scratch[at + 2] as number) << 8) | (this.scratch[at + 3] as number);
      const start = at + HEAD_BYTES;
      if (this.scratch[at] === index) return this.#decode(this.scratch[at + 1] as number, start, start + length);
      at = start + length;
    }
    return undefined;
  };

  #decode(kind: number, start: number, end: number): string | undefined {
    const bytes = this.scratch.subarray(start, end);
    if (kind === ANY_VALUE.string) return this.#decoder.decode(bytes);
    let value = 0;
    for (let i = bytes.length - 1; i >= 0; i--) value = value * 128 + ((bytes[i] as number) & 0x7f);
    // Negative ones take ten bytes and say nothing here.
    return Number.isSafeInteger(value) ? String(value) : undefined;
  }

  /**
   * Reads the Span message in [start, end) by stepping over its fields; only the attributes that FACT_KEYS name are
   * decoded. The bytes were checked when they were stored; a message that ends early all the same is read up to there.
   */
  read(bytes: Uint8Array, start: number, end: number): void {
    this.attributes = 0;
    this.events = 0;
    this.links = 0;
    this.eventTimes.length = 0;
    this.eventIsException.length = 0;
    this.used = 0;
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    this.#at = start;
    while (this.#at < end) {
      const tag = this.#varint(end);
      if ((tag & 7) !== 2) {
        this.#skip(tag, end);
        continue;
      }
      const length = this.#varint(end);
      const stop = Math.min(end, this.#at + length);
      if (tag === SPAN.attributes) {
        this.attributes++;
        this.#readAttribute(stop);
      } else if (tag === SPAN.events) {
        this.events++;
        if (this.eventTimes.length < MOST_EVENTS) this.#readEvent(stop);
      } else if (tag === SPAN.links) this.links++;
      this.#at = stop;
    }
  }

  #readAttribute(end: number): void {
    if (this.#bytes[this.#at] !== KEY_VALUE.key) return;
    this.#at++;
    const length = this.#varint(end);
    const candidates = this.#wanted[length];
    const wanted = candidates === undefined ? undefined : this.#keyAt(candidates, length);
    if (wanted === undefined) return;
    this.#at += length;
    if (this.#bytes[this.#at++] !== KEY_VALUE.value) return;
    const stop = Math.min(end, this.#varint(end) + this.#at);
    const kind = this.#at < stop ? this.#bytes[this.#at++] : undefined;
    if (kind === ANY_VALUE.string) {
      const size = this.#varint(stop);
      this.#keep(wanted, kind, Math.min(stop, this.#at + size, this.#at + MOST_VALUE_BYTES));
    } else if (kind === ANY_VALUE.int) this.#keep(wanted, kind, stop);
  }

  #keep({ index }: WantedKey, kind: number, end: number): void {
    const length = end - this.#at;
    if (this.used + HEAD_BYTES + length > SCRATCH_BYTES) return;
    this.scratch[this.used++] = index;
    this.scratch[this.used++] = kind;
    this.scratch[this.used++] = length >> 8;
    this.scratch[this.used++] = length & 0xff;
    for (let i = this.#at; i < end; i++) this.scratch[this.used++] = this.#bytes[i] as number;
  }

  #keyAt(candidates: readonly WantedKey[], length: number): WantedKey | undefined {
    const at = this.#at;
    next: for (const candidate of candidates) {
      // Keys of one length differ late more often than early.
      for (let i = length - 1; i >= 0; i--) if (this.#bytes[at + i] !== candidate.bytes[i]) continue next;
      return candidate;
    }
    return undefined;
  }

  #readEvent(end: number): void {
    let time = 0n;
    let exception = false;
    while (this.#at < end) {
      const tag = this.#varint(end);
      if (tag === EVENT.time && this.#at + 8 <= end) {
        time = this.#view.getBigUint64(this.#at, true);
        this.#at += 8;
      } else if (tag === EVENT.name) {
        const length = this.#varint(end);
        const at = this.#at;
        exception = length === EXCEPTION.length && EXCEPTION.every((byte, i) => this.#bytes[at + i] === byte);
        this.#at += length;
      } else this.#skip(tag, end);
    }
    this.eventTimes.push(time);
    this.eventIsException.push(exception);
  }

  #varint(end: number): number {
    let value = 0;
    for (let factor = 1; this.#at < end; factor *= 128) {
      const byte = this.#bytes[this.#at++] as number;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) break;
    }
    return value;
  }

  #skip(tag: number, end: number): void {
    switch (tag & 7) {
      case 0:
        this.#varint(end);
        break;
      case 1:
        this.#at += 8;
        break;
      case 2: {
        const length = this.#varint(end);
        this.#at += length;
        break;
      }
      case 5:
        this.#at += 4;
        break;
      default:
        this.#at = end;
    }
  }
}
