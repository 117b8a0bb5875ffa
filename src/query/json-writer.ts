import { utf8Text } from "../codec/utf8.ts";

const FIRST_CHUNK = 1 << 14;
const MAX_CHUNK = 1 << 20;
/** Text up to here is copied a character at a time, which is quicker than asking an encoder. */
const SHORT = 64;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const HEX = Uint8Array.from("0123456789abcdef", (digit) => digit.charCodeAt(0));

/**
 * JSON as bytes: what is appended is encoded at once into chunks of up to a megabyte, so that a trace of any size is
 * never one JavaScript string nor a tree of objects, and text that is UTF-8 already is only copied.
 */
export class JsonWriter {
  readonly #full: Buffer[] = [];
  #fullBytes = 0;
  #chunk = Buffer.allocUnsafeSlow(FIRST_CHUNK);
  #at = 0;

  /** Appends text that is JSON already. */
  raw(text: string): void {
    const { length } = text;
    this.#reserve(length * 3);
    if (length > SHORT) {
      this.#encode(text);
      return;
    }
    const chunk = this.#chunk;
    const start = this.#at;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) {
        this.#encode(text);
        return;
      }
      chunk[start + i] = code;
    }
    this.#at = start + length;
  }

  /** Appends a value as JSON.stringify gives it. */
  value(value: unknown): void {
    this.raw(JSON.stringify(value));
  }

  /** Appends UTF-8 bytes as a JSON string; ill-formed parts become U+FFFD. */
  utf8(bytes: Uint8Array, start: number, end: number): void {
    this.#reserve(end - start + 2);
    const chunk = this.#chunk;
    let at = this.#at;
    chunk[at++] = QUOTE;
    for (let i = start; i < end; i++) {
      const byte = bytes[i] as number;
      if (byte > 0x7f || byte < 0x20 || byte === QUOTE || byte === BACKSLASH) {
        this.value(utf8Text(bytes, start, end));
        return;
      }
      chunk[at++] = byte;
    }
    chunk[at++] = QUOTE;
    this.#at = at;
  }

  /** Appends bytes as lower-case hex digits, without quotes. */
  hex(bytes: Uint8Array, start: number, length: number): void {
    this.#reserve(length * 2);
    const chunk = this.#chunk;
    let at = this.#at;
    for (let i = start; i < start + length; i++) {
      const byte = bytes[i] as number;
      chunk[at++] = HEX[byte >>> 4] as number;
      chunk[at++] = HEX[byte & 15] as number;
    }
    this.#at = at;
  }

  /** Bytes that `finish` would give. */
  get length(): number {
    return this.#fullBytes + this.#at;
  }

  /** All of it; the writer is empty afterwards. */
  finish(): Uint8Array<ArrayBuffer> {
    const all = new Uint8Array(this.#fullBytes + this.#at);
    let at = 0;
    for (const chunk of this.#full) {
      all.set(chunk, at);
      at += chunk.length;
    }
    all.set(this.#chunk.subarray(0, this.#at), at);
    this.#full.length = 0;
    this.#fullBytes = 0;
    this.#at = 0;
    return all;
  }

  #encode(text: string): void {
    this.#at += this.#chunk.write(text, this.#at, "utf8");
  }

  /** Makes room for so many bytes. */
  #reserve(bytes: number): void {
    if (this.#chunk.length - this.#at >= bytes) return;
    this.#full.push(this.#chunk.subarray(0, this.#at));
    this.#fullBytes += this.#at;
    this.#chunk = Buffer.allocUnsafeSlow(Math.max(bytes, Math.min(MAX_CHUNK, this.#chunk.length * 2)));
    this.#at = 0;
  }
}

/** The bytes of one value as JSON. */
export function jsonBytes(value: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(value)) as Uint8Array<ArrayBuffer>;
}
