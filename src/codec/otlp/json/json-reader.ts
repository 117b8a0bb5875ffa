import { DecodeError } from "../../decode-error.ts";

/** A parsed JSON value in which an integer that a float64 cannot hold is a bigint. */
export type Json = null | boolean | number | bigint | string | readonly Json[] | { readonly [key: string]: Json };

const MAX_DEPTH = 1000;
/** Longer integers are no 64-bit integers by far, and reading them exactly takes time that grows with the square. */
const MAX_DIGITS = 40;
/** A run of digits that may be an integer beyond 2^53. In a string it only costs the careful reader. */
const LONG_NUMBER = /(?:^|[:[,\s-])\d{16}/;

/**
 * Parses JSON (RFC 8259). Bare integers keep every digit: those beyond ±(2^53 − 1) come as bigint. Throws DecodeError
 * that names line, column and what was expected.
 */
export function parseJson(text: string): Json {
  if (!LONG_NUMBER.test(text)) {
    try {
      return JSON.parse(text) as Json;
    } catch {
      // Read again below, by the reader that knows where it stands.
    }
  }
  return new JsonReader(text).document();
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const QUOTE = 34;
const BACKSLASH = 92;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

class JsonReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): Json {
    const value = this.#value(0);
    this.#space();
    if (this.#at < this.#text.length) this.#fail("the end of the document");
    return value;
  }

  #value(depth: number): Json {
    if (depth > MAX_DEPTH) throw new DecodeError(`JSON is nested deeper than ${MAX_DEPTH} levels ${this.#place()}`);
    this.#space();
    switch (this.#text[this.#at]) {
      case "{":
        return this.#object(depth);
      case "[":
        return this.#array(depth);
      case '"':
        return this.#string();
      case "t":
        return this.#word("true", true);
      case "f":
        return this.#word("false", false);
      case "n":
        return this.#word("null", null);
      default:
        return this.#number();
    }
  }

  #object(depth: number): Json {
    const result: Record<string, Json> = {};
    this.#at++;
    this.#space();
    if (this.#take("}")) return result;
    for (;;) {
      this.#space();
      if (this.#text[this.#at] !== '"') this.#fail("a property name in double quotes");
      const key = this.#string();
      this.#space();
      if (!this.#take(":")) this.#fail("`:`");
      const value = this.#value(depth + 1);
      if (key === "__proto__") {
        Object.defineProperty(result, key, { value, enumerable: true, configurable: true, writable: true });
      } else result[key] = value;
      this.#space();
      if (this.#take("}")) return result;
      if (!this.#take(",")) this.#fail("`,` or `}`");
    }
  }

  #array(depth: number): Json {
    const result: Json[] = [];
    this.#at++;
    this.#space();
    if (this.#take("]")) return result;
    for (;;) {
      result.push(this.#value(depth + 1));
      this.#space();
      if (this.#take("]")) return result;
      if (!this.#take(",")) this.#fail("`,` or `]`");
    }
  }

  #string(): string {
    this.#at++;
    let result = "";
    for (;;) {
      const from = this.#at;
      let code = this.#text.charCodeAt(this.#at);
      while (code >= 0x20 && code !== QUOTE && code !== BACKSLASH) code = this.#text.charCodeAt(++this.#at);
      result += this.#text.slice(from, this.#at);
      const next = this.#text[this.#at];
      if (next === '"') {
        this.#at++;
        return result;
      }
      if (next !== "\\") this.#fail(next === undefined ? "the end of the string" : "an escaped control character");
      result += this.#escape();
    }
  }

  #escape(): string {
    const letter = this.#text[this.#at + 1] ?? "";
    if (letter === "u") {
      const digits = this.#text.slice(this.#at + 2, this.#at + 6);
      if (!/^[0-9a-fA-F]{4}$/.test(digits)) this.#fail("four hex digits after `\\u`");
      this.#at += 6;
      return String.fromCharCode(Number.parseInt(digits, 16));
    }
    const plain = Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined;
    if (plain === undefined) this.#fail("a valid escape after `\\`");
    this.#at += 2;
    return plain;
  }

  #number(): Json {
    NUMBER.lastIndex = this.#at;
    const match = NUMBER.exec(this.#text);
    if (match === null) this.#fail("a value");
    const digits = match[0];
    this.#at += digits.length;
    const value = Number(digits);
    const exact = Number.isSafeInteger(value) || digits.length > MAX_DIGITS || /[.eE]/.test(digits);
    return exact ? value : BigInt(digits);
  }

  #word<T extends Json>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) this.#fail("a value");
    this.#at += word.length;
    return value;
  }

  #space(): void {
    while (" \t\n\r".includes(this.#text[this.#at] ?? "x")) this.#at++;
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #fail(expected: string): never {
    const found = this.#text[this.#at];
    const what = found === undefined ? "the end of the text" : JSON.stringify(found);
    throw new DecodeError(`malformed JSON ${this.#place()}: expected ${expected}, found ${what}`);
  }

  #place(): string {
    const before = this.#text.slice(0, this.#at);
    const line = before.split("\n").length;
    return `at line ${line}, column ${this.#at - before.lastIndexOf("\n")}`;
  }
}
