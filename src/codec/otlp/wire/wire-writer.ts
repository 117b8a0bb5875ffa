/** How much room a writer has at most that gave its memory away, bytes. */
const KEPT_SIZE = 1 << 20;

/**
 * Grows as it writes protobuf. Sub-messages are opened and closed: one byte is kept for the length, and the message is
 * moved where the length needs more.
 */
export class WireWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #at = 0;

  constructor(size = 1024) {
    this.#bytes = new Uint8Array(size);
  }

  /** Bytes written. */
  get length(): number {
    return this.#at;
  }

  /** Forgets what was written from `length` on. */
  rewind(length: number): void {
    this.#at = length;
  }

  /** A copy of a part of what was written. */
  copy(from: number, to: number): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(from, to);
  }

  /** A copy of what was written. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#at);
  }

  /** What was written, until something else is. */
  written(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#at);
  }

  /** What was written, in memory that the writer gives away. It begins anew. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = this.#bytes.subarray(0, this.#at);
    this.#bytes = new Uint8Array(Math.min(this.#bytes.length, KEPT_SIZE));
    this.#at = 0;
    return taken;
  }

  /** Writes the tag of a length-delimited field and opens its payload; returns what `close` needs. */
  open(tag: number): number {
    this.tag(tag);
    this.#room(1);
    this.#at++;
    return this.#at;
  }

  close(start: number): void {
    const length = this.#at - start;
    const extra = varintSize(length) - 1;
    if (extra > 0) {
      this.#room(extra);
      this.#bytes.copyWithin(start + extra, start, this.#at);
    }
    writeVarint(this.#bytes, start - 1, length);
    this.#at += extra;
  }

  /** A tag: field number times 8 plus wire type; at most two bytes in OTLP. */
  tag(tag: number): void {
    this.varint(tag);
  }

  /** An unsigned 32-bit varint. */
  varint(value: number): void {
    this.#room(5);
    this.#at = writeVarint(this.#bytes, this.#at, value);
  }

  /** A 64-bit varint in two's complement. */
  int64(value: bigint): void {
    const bits = BigInt.asUintN(64, value);
    this.varint64(Number(bits & 0xffff_ffffn), Number(bits >> 32n));
  }

  fixed32(value: number): void {
    this.#room(4);
    for (let shift = 0; shift < 32; shift += 8) this.#bytes[this.#at++] = (value >>> shift) & 0xff;
  }

  fixed64(value: bigint): void {
    this.#room(8);
    this.#view().setBigUint64(this.#at, BigInt.asUintN(64, value), true);
    this.#at += 8;
  }

  double(value: number): void {
    this.#room(8);
    this.#view().setFloat64(this.#at, value, true);
    this.#at += 8;
  }

  /** A fixed64 of which the halves are given; 0 is left out, as proto3 has it. */
  halves(tag: number, low: number, high: number): void {
    if (low === 0 && high === 0) return;
    this.tag(tag);
    this.fixed32(low);
    this.fixed32(high);
  }

  /** A KeyValue in field `tag`, which is below 16. `key` is its field 1 as it is written, its text bytes[from, to). */
  textAttribute(tag: number, key: Uint8Array, bytes: Uint8Array, from: number, to: number): void {
    const size = to - from;
    this.#pair(tag, key, 1 + varintSize(size) + size);
    this.#bytes[this.#at] = 0x0a;
    this.#at = writeVarint(this.#bytes, this.#at + 1, size);
    this.rawRange(bytes, from, to);
  }

  /** The same with bytes[from, to) as the whole AnyValue. */
  attribute(tag: number, key: Uint8Array, bytes: Uint8Array, from: number, to: number): void {
    this.#pair(tag, key, to - from);
    this.rawRange(bytes, from, to);
  }

  /** Begins a KeyValue with a value of `size` bytes, and makes room for it. */
  #pair(tag: number, key: Uint8Array, size: number): void {
    const pair = key.length + 1 + varintSize(size) + size;
    this.#room(pair + 6);
    const out = this.#bytes;
    out[this.#at] = tag;
    let at = writeVarint(out, this.#at + 1, pair);
    for (let i = 0; i < key.length; i++) out[at++] = key[i] as number;
    out[at++] = 0x12;
    this.#at = writeVarint(out, at, size);
  }

  /** A length-delimited string; lone surrogates become U+FFFD. */
  text(tag: number, text: string): void {
    const start = this.open(tag);
    this.#room(text.length * 3);
    this.#at += this.#buffer().write(text, this.#at, "utf8");
    this.close(start);
  }

  blob(tag: number, bytes: Uint8Array): void {
    this.tag(tag);
    this.varint(bytes.length);
    this.raw(bytes);
  }

  /** bytes[from, to) as a length-delimited field. */
  range(tag: number, bytes: Uint8Array, from: number, to: number): void {
    this.tag(tag);
    this.varint(to - from);
    this.rawRange(bytes, from, to);
  }

  /** bytes[from, to) as they are, without tag or length. */
  rawRange(bytes: Uint8Array, from: number, to: number): void {
    const size = to - from;
    this.#room(size);
    if (size > 48) this.#bytes.set(bytes.subarray(from, to), this.#at);
    else for (let i = 0; i < size; i++) this.#bytes[this.#at + i] = bytes[from + i] as number;
    this.#at += size;
  }

  /** A 64-bit varint from the halves of its two's complement. */
  varint64(low: number, high: number): void {
    this.#room(10);
    let rest = low >>> 0;
    let upper = high >>> 0;
    while (upper > 0 || rest > 0x7f) {
      this.#bytes[this.#at++] = (rest & 0x7f) | 0x80;
      rest = ((rest >>> 7) | (upper << 25)) >>> 0;
      upper >>>= 7;
    }
    this.#bytes[this.#at++] = rest;
  }

  /** Bytes as they are, without tag or length. */
  raw(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #view(): DataView {
    return new DataView(this.#bytes.buffer);
  }

  #buffer(): Buffer {
    return Buffer.from(this.#bytes.buffer);
  }

  #room(size: number): void {
    if (this.#at + size <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#at + size));
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
  }
}

/** Bytes of a varint below 2^32. */
export function varintSize(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5;
}

/** Writes an unsigned 32-bit varint; returns where it ends. The caller has made room. */
export function writeVarint(to: Uint8Array, at: number, value: number): number {
  let end = at;
  let rest = value >>> 0;
  while (rest > 0x7f) {
    to[end++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  to[end++] = rest;
  return end;
}
