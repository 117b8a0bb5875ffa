import { DecodeError } from "../decode-error.ts";
import { utf8Text } from "../utf8.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const MINUS = 0x2d;
export const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
export const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;

/** What a value is, by its first byte. */
export const JSON_KIND = { object: 0, array: 1, string: 2, number: 3, bool: 4, null: 5 } as const;
export type JsonKind = (typeof JSON_KIND)[keyof typeof JSON_KIND];

/**
 * Of containers that are at least this long, and not nested deeper than readers go, `skipOn` remembers the end, bytes.
 * So there are at most some ten thousand of them in a body of 64 MiB.
 */
const LONG = 1 << 18;
const REMEMBERED_DEPTH = 96;

/** Longest piece of the text that an error shows, bytes. */
const SHOWN = 60;

/**
 * Walks over JSON (RFC 8259) as UTF-8 bytes, value by value, and builds nothing: the caller reads what it knows from
 * the byte ranges, and skips the rest. Every step checks the syntax and throws DecodeError with line and column; values
 * nest as deep as they like. Ill-formed UTF-8 inside strings is the caller's to find.
 */
export class JsonCursor {
  readonly bytes: Uint8Array;
  /** The next byte. */
  at: number;
  /** Range of the last string, without its quotes, or number. */
  start = 0;
  end = 0;
  /** The last string has no escapes. */
  plain = true;
  /** The last string has nothing but ASCII. */
  ascii = true;
  /** The last number has neither fraction nor exponent. */
  whole = true;
  /** The text is known to be JSON: `skip` need not look again. */
  checked = false;
  /** Open containers of `skip`, one bit each: set for an object. */
  #stack = new Uint8Array(32);
  #depth = 0;
  /** A value was passed, and what it may be the last of was not left yet. */
  #leaving = false;
  /** By depth: where the open container begins, and how many items or members it has so far. */
  readonly #begins = new Float64Array(REMEMBERED_DEPTH);
  readonly #counts = new Float64Array(REMEMBERED_DEPTH);
  /** Long containers by where they begin. */
  readonly #long = new Map<number, { readonly end: number; readonly items: number }>();

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  }

  /** Steps over white space and says what value begins there. */
  kind(): JsonKind {
    switch (this.#space()) {
      case OPEN_OBJECT:
        return JSON_KIND.object;
      case OPEN_ARRAY:
        return JSON_KIND.array;
      case QUOTE:
        return JSON_KIND.string;
      case 0x74:
      case 0x66:
        return JSON_KIND.bool;
      case 0x6e:
        return JSON_KIND.null;
      default:
        return JSON_KIND.number;
    }
  }

  /** Enters the object at hand: false when it is empty, and then it is passed. */
  enterObject(): boolean {
    this.at++;
    if (this.#space() !== CLOSE_OBJECT) return true;
    this.at++;
    return false;
  }

  /** Reads a property name into `start`, `end` and steps over the colon. */
  key(): void {
    if (this.#space() !== QUOTE) this.#fail("a property name in double quotes");
    this.string();
    if (this.#space() !== COLON) this.#fail("`:`");
    this.at++;
  }

  /** After a member: true when another follows; else the object is passed. */
  moreMembers(): boolean {
    const byte = this.#space();
    if (byte !== COMMA && byte !== CLOSE_OBJECT) this.#fail("`,` or `}`");
    this.at++;
    return byte === COMMA;
  }

  enterArray(): boolean {
    this.at++;
    if (this.#space() !== CLOSE_ARRAY) return true;
    this.at++;
    return false;
  }

  moreItems(): boolean {
    const byte = this.#space();
    if (byte !== COMMA && byte !== CLOSE_ARRAY) this.#fail("`,` or `]`");
    this.at++;
    return byte === COMMA;
  }

  /** Reads the string at hand. */
  string(): void {
    const { bytes } = this;
    const { length } = bytes;
    let at = this.at + 1;
    let bits = 0;
    this.start = at;
    this.plain = true;
    for (;;) {
      const byte = bytes[at] as number;
      if (byte === QUOTE) break;
      if (byte === BACKSLASH) {
        this.plain = false;
        at = this.#escape(at);
        continue;
      }
      if (byte < 0x20 || at >= length) {
        this.at = at;
        this.#fail(at >= length ? "the end of the string" : "an escaped control character");
      }
      bits |= byte;
      at++;
    }
    this.ascii = bits < 0x80;
    this.end = at;
    this.at = at + 1;
  }

  /** Reads the number at hand. */
  number(): void {
    const { bytes } = this;
    let at = this.at;
    this.start = at;
    if (bytes[at] === MINUS) at++;
    const digits = at;
    at = this.#digits(at);
    if (at === digits) this.#fail("a value");
    if (bytes[digits] === 0x30) at = digits + 1;
    this.whole = true;
    if (bytes[at] === 0x2e) {
      const after = this.#digits(at + 1);
      if (after > at + 1) {
        at = after;
        this.whole = false;
      }
    }
    if (((bytes[at] as number) | 0x20) === 0x65) {
      const signed = bytes[at + 1] === 0x2b || bytes[at + 1] === MINUS ? at + 2 : at + 1;
      const after = this.#digits(signed);
      if (after > signed) {
        at = after;
        this.whole = false;
      }
    }
    this.end = at;
    this.at = at;
  }

  /** Reads `true` or `false`. */
  bool(): boolean {
    const value = this.bytes[this.at] === 0x74;
    this.#word(value ? "true" : "false");
    return value;
  }

  null(): void {
    this.#word("null");
  }

  /** Steps over a value of any kind. Without recursion: it may be nested as deep as it is long. */
  skip(): void {
    if (this.checked) this.#skipChecked();
    else {
      this.beginSkip();
      this.skipOn(Number.POSITIVE_INFINITY);
    }
  }

  /** Begins to step over a value in parts: `skipOn` does it. */
  beginSkip(): void {
    this.#depth = 0;
    this.#leaving = false;
  }

  /** Goes on until the value is passed, which is true, or something inside it ends behind `until`. */
  skipOn(until: number): boolean {
    for (;;) {
      if (!this.#leaving) this.#leaving = !this.#passOrEnter();
      if (this.#leaving) {
        this.#leave(until);
        if (this.#leaving) return this.#depth === 0;
      }
      if (this.at > until) return false;
    }
  }

  /** True where the value at hand is a container that holds something, and was entered. */
  #passOrEnter(): boolean {
    const kind = this.kind();
    const begin = this.at;
    switch (kind) {
      case JSON_KIND.string:
        this.string();
        return false;
      case JSON_KIND.number:
        this.number();
        return false;
      case JSON_KIND.bool:
        this.bool();
        return false;
      case JSON_KIND.null:
        this.null();
        return false;
      case JSON_KIND.object:
        if (!this.enterObject()) return false;
        this.#push(true, begin);
        this.key();
        return true;
      case JSON_KIND.array:
        if (!this.enterArray()) return false;
        this.#push(false, begin);
        return true;
    }
  }

  /** After a value: leaves what it was the last of. What it was not the last of ends the leaving. */
  #leave(until: number): void {
    while (this.#depth > 0 && this.at <= until) {
      const depth = this.#depth - 1;
      if (depth < REMEMBERED_DEPTH) (this.#counts[depth] as number)++;
      const more = this.#isObject(depth) ? this.moreMembers() : this.moreItems();
      if (more) {
        if (this.#isObject(depth)) this.key();
        this.#leaving = false;
        return;
      }
      this.#depth--;
      if (depth < REMEMBERED_DEPTH) this.#remember(this.#begins[depth] as number, this.#counts[depth] as number);
    }
  }

  #remember(begin: number, items: number): void {
    if (this.at - begin >= LONG) this.#long.set(begin, { end: this.at, items });
  }

  /**
   * Steps over the rest of an array, from the item at hand to the closing bracket, and gives the number of items. Of
   * text that is known to be JSON only brackets, commas and strings are looked at, and nothing where it is long.
   * @param begin of the array
   * @param before items that were read
   */
  skipItems(begin: number, before: number): number {
    let count = 0;
    const long = this.checked ? this.#long.get(begin) : undefined;
    if (long !== undefined) {
      this.at = long.end;
      return long.items - before;
    }
    if (!this.checked) {
      do {
        this.skip();
        count++;
      } while (this.moreItems());
      return count;
    }
    const { bytes } = this;
    let at = this.at;
    let depth = 1;
    count = 1;
    while (depth > 0) {
      const byte = bytes[at] as number;
      const kind = CLASSES[byte];
      if (kind === QUOTED) {
        at++;
        for (let one = bytes[at]; one !== QUOTE; one = bytes[at]) at += one === BACKSLASH ? 2 : 1;
      } else if (kind === OPENS) depth++;
      else if (kind === CLOSES) depth--;
      else if (byte === COMMA && depth === 1) count++;
      at++;
    }
    this.at = at;
    return count;
  }

  /** `skip` for what is known to be JSON: only strings and brackets are looked at. */
  #skipChecked(): void {
    const { bytes } = this;
    this.#space();
    let at = this.at;
    const long = this.#long.get(at);
    if (long !== undefined) {
      this.at = long.end;
      return;
    }
    let depth = 0;
    for (;;) {
      const kind = CLASSES[bytes[at] as number];
      if (kind === QUOTED) {
        at++;
        for (let byte = bytes[at]; byte !== QUOTE; byte = bytes[at]) at += byte === BACKSLASH ? 2 : 1;
      } else if (kind === OPENS) depth++;
      else if (kind === CLOSES) depth--;
      else if (depth === 0) {
        // A number or a word: it ends where no such letter follows.
        while (at + 1 < bytes.length && CLASSES[bytes[at + 1] as number] === LETTER) at++;
      }
      at++;
      if (depth === 0) break;
    }
    this.at = at;
  }

  /** Throws unless nothing but white space is left. */
  finish(): void {
    this.#space();
    if (this.at < this.bytes.length) this.#fail("the end of the document");
  }

  /** The beginning of bytes[from, to) for people. */
  shown(from: number, to: number): string {
    if (to - from <= SHOWN) return utf8Text(this.bytes, from, to);
    return `${utf8Text(this.bytes, from, from + SHOWN)}…`;
  }

  /**
   * Writes the text of the last string, escapes undone, to `to` and returns how many bytes it has; never more than
   * `end - start`. A lone surrogate becomes U+FFFD.
   */
  unescape(to: Uint8Array): number {
    const { bytes, end } = this;
    let at = this.start;
    let out = 0;
    while (at < end) {
      const byte = bytes[at++] as number;
      if (byte !== BACKSLASH) {
        to[out++] = byte;
        continue;
      }
      const letter = bytes[at++] as number;
      if (letter !== 0x75) {
        to[out++] = SIMPLE_ESCAPES[letter] as number;
        continue;
      }
      let code = hex4(bytes, at);
      at += 4;
      if (code >= 0xd800 && code < 0xe000) {
        const low = code < 0xdc00 && bytes[at] === BACKSLASH && bytes[at + 1] === 0x75 ? hex4(bytes, at + 2) : 0;
        if (low >= 0xdc00 && low < 0xe000) {
          code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
          at += 6;
        } else code = 0xfffd;
      }
      out = putUtf8(to, out, code);
    }
    return out;
  }

  #escape(at: number): number {
    const letter = this.bytes[at + 1] as number;
    if (letter === 0x75) {
      for (let i = at + 2; i < at + 6; i++) {
        if (hexDigit(this.bytes[i] as number) >= 0) continue;
        this.at = at;
        this.#fail("four hex digits after `\\u`");
      }
      return at + 6;
    }
    if (letter < 0x80 && SIMPLE_ESCAPES[letter] !== 0) return at + 2;
    this.at = at;
    return this.#fail("a valid escape after `\\`");
  }

  #digits(from: number): number {
    let at = from;
    for (let byte = this.bytes[at] as number; byte >= 0x30 && byte <= 0x39; ) byte = this.bytes[++at] as number;
    return at;
  }

  #word(word: string): void {
    for (let i = 0; i < word.length; i++) {
      if (this.bytes[this.at + i] !== word.charCodeAt(i)) this.#fail("a value");
    }
    this.at += word.length;
  }

  /** Steps over white space; the byte behind it, undefined at the end. */
  #space(): number | undefined {
    let byte = this.bytes[this.at];
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = this.bytes[++this.at];
    return byte;
  }

  #push(object: boolean, begin: number): void {
    const depth = this.#depth++;
    if (depth < REMEMBERED_DEPTH) {
      this.#begins[depth] = begin;
      this.#counts[depth] = 0;
    }
    const at = depth >> 3;
    if (at === this.#stack.length) {
      const larger = new Uint8Array(at * 2);
      larger.set(this.#stack);
      this.#stack = larger;
    }
    const bit = 1 << (depth & 7);
    this.#stack[at] = object ? (this.#stack[at] as number) | bit : (this.#stack[at] as number) & ~bit;
  }

  #isObject(depth: number): boolean {
    return ((this.#stack[depth >> 3] as number) & (1 << (depth & 7))) !== 0;
  }

  #fail(expected: string): never {
    const found = this.at < this.bytes.length ? JSON.stringify(this.#characterAtHand()) : "the end of the text";
    throw new DecodeError(`malformed JSON ${this.#place()}: expected ${expected}, found ${found}`);
  }

  #characterAtHand(): string {
    return Array.from(utf8Text(this.bytes, this.at, Math.min(this.at + 4, this.bytes.length)))[0] ?? "";
  }

  #place(): string {
    let line = 1;
    let lineStart = 0;
    for (let i = this.bytes.indexOf(0x0a); i >= 0 && i < this.at; i = this.bytes.indexOf(0x0a, i + 1)) {
      line++;
      lineStart = i + 1;
    }
    return `at line ${line}, column ${this.at - lineStart + 1}`;
  }
}

/** What `#skipChecked` does at a byte. */
const LETTER = 0;
const QUOTED = 1;
const OPENS = 2;
const CLOSES = 3;
const STOPS = 4;
const CLASSES = new Uint8Array(256);
for (const byte of [OPEN_OBJECT, OPEN_ARRAY]) CLASSES[byte] = OPENS;
for (const byte of [CLOSE_OBJECT, CLOSE_ARRAY]) CLASSES[byte] = CLOSES;
for (const byte of [COMMA, COLON, 0x20, 0x09, 0x0a, 0x0d]) CLASSES[byte] = STOPS;
CLASSES[QUOTE] = QUOTED;

/** By letter behind the backslash; 0 for what is none. */
const SIMPLE_ESCAPES = new Uint8Array(128);
for (const [letter, text] of ['""', "\\\\", "//", "b\b", "f\f", "n\n", "r\r", "t\t"].map((pair) => [...pair])) {
  SIMPLE_ESCAPES[(letter as string).charCodeAt(0)] = (text as string).charCodeAt(0);
}

/** The value of a hex digit, -1 for what is none. */
export function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : -1;
}

function hex4(bytes: Uint8Array, at: number): number {
  let code = 0;
  for (let i = at; i < at + 4; i++) code = code * 16 + hexDigit(bytes[i] as number);
  return code;
}

function putUtf8(to: Uint8Array, at: number, code: number): number {
  let out = at;
  if (code < 0x80) to[out++] = code;
  else if (code < 0x800) {
    to[out++] = 0xc0 | (code >> 6);
    to[out++] = 0x80 | (code & 0x3f);
  } else {
    if (code < 0x10000) to[out++] = 0xe0 | (code >> 12);
    else {
      to[out++] = 0xf0 | (code >> 18);
      to[out++] = 0x80 | ((code >> 12) & 0x3f);
    }
    to[out++] = 0x80 | ((code >> 6) & 0x3f);
    to[out++] = 0x80 | (code & 0x3f);
  }
  return out;
}
