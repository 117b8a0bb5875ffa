import { WIRE } from "./wire.ts";

/**
 * Reads protobuf fields one after the other from bytes that may be no protobuf. It throws nothing, as a body may have
 * millions of faults: `next` is false at the end of the message, and `broken` tells whether it ended in a fault.
 */
export class LenientCursor {
  readonly bytes: Uint8Array;
  /** Field number times 8 plus wire type. */
  tag = 0;
  /** Where the field begins, with its tag; where its payload does; and where both end. */
  from = 0;
  start = 0;
  end = 0;
  broken = false;
  /** Halves of the last varint. */
  low = 0;
  high = 0;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Reads the field at `at` of a message that ends at `limit`. */
  next(at: number, limit: number): boolean {
    this.broken = false;
    if (at >= limit) return false;
    this.from = at;
    this.broken = !this.#field(at, limit);
    return !this.broken;
  }

  /**
   * Steps over the fields that follow the one at hand, have its tag and are shorter than 128 bytes, however many there
   * are; gives their number, at most `most`, and `end` is that of the last.
   */
  skipAlike(limit: number, most = Number.POSITIVE_INFINITY): number {
    const { bytes, tag } = this;
    let count = 0;
    let at = this.end;
    if (tag > 0x7f || (tag & 7) !== WIRE.bytes) return 0;
    while (count < most && at + 1 < limit && bytes[at] === tag) {
      const length = bytes[at + 1] as number;
      const next = at + 2 + length;
      if (length > 0x7f || next > limit) break;
      at = next;
      count++;
    }
    this.end = at;
    return count;
  }

  /** Whether the field at hand is a message, text or bytes of no length. */
  get isEmpty(): boolean {
    return this.start === this.end && (this.tag & 7) === WIRE.bytes;
  }

  /** As `skipAlike`, over fields of no length alone. */
  skipEmpty(limit: number): number {
    const { bytes, tag, end } = this;
    if (tag > 0x7f || (tag & 7) !== WIRE.bytes) return 0;
    let at = end;
    while (at + 1 < limit && bytes[at] === tag && bytes[at + 1] === 0) at += 2;
    this.end = at;
    return (at - end) / 2;
  }

  /** Reads the varint at `start` of the field at hand again, into `low` and `high`. */
  readVarint(): void {
    this.#varint(this.start, this.end);
  }

  #field(at: number, limit: number): boolean {
    const { bytes } = this;
    let tag = bytes[at] as number;
    this.#at = at + 1;
    if (tag > 0x7f) {
      if (!this.#varint(at, limit) || this.high !== 0) return false;
      tag = this.low;
    }
    if (tag >>> 3 === 0) return false;
    this.tag = tag;
    this.start = this.#at;
    switch (tag & 7) {
      case WIRE.varint:
        if (!this.#varint(this.#at, limit)) return false;
        break;
      case WIRE.fixed64:
        this.#at += 8;
        break;
      case WIRE.bytes:
        if (!this.#varint(this.#at, limit) || this.high !== 0) return false;
        this.start = this.#at;
        this.#at += this.low;
        break;
      case WIRE.fixed32:
        this.#at += 4;
        break;
      default:
        return false;
    }
    this.end = this.#at;
    return this.#at <= limit;
  }

  #varint(from: number, limit: number): boolean {
    const { bytes } = this;
    this.low = 0;
    this.high = 0;
    let at = from;
    for (let i = 0; i < 10; i++) {
      if (at >= limit) return false;
      const byte = bytes[at++] as number;
      const bits = byte & 0x7f;
      if (i < 4) this.low |= bits << (7 * i);
      else if (i === 4) {
        this.low |= bits << 28;
        this.high = bits >>> 4;
      } else if (i < 9) this.high |= bits << (7 * i - 32);
      else this.high |= bits << 31;
      if (byte > 0x7f) continue;
      this.low >>>= 0;
      this.high >>>= 0;
      this.#at = at;
      return true;
    }
    return false;
  }
}
