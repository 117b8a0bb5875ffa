import type { AnyValue, KeyValue } from "../../model/any-value.ts";
import { intFromText } from "./any-value-json.ts";

const MAX_DEPTH = 64;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const SPACE = /[ \t\n\r]*/y;

/**
 * Plain JSON text (RFC 8259) as an AnyValue: what attribute values and annotation payloads look like after they went
 * through a format that only knows text. A number without fraction and exponent that fits int64 is an int, exactly,
 * also above 2^53; any other number is a double; null is the empty value; key order and repeated keys are kept.
 * Undefined for text that is no JSON or is nested deeper than 64.
 */
export function anyValueFromJsonText(text: string): AnyValue | undefined {
  const parser = new Parser(text);
  return parser.document();
}

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): AnyValue | undefined {
    const value = this.#value(0);
    this.#match(SPACE);
    return this.#at === this.#text.length ? value : undefined;
  }

  #value(depth: number): AnyValue | undefined {
    if (depth > MAX_DEPTH) return undefined;
    this.#match(SPACE);
    switch (this.#text[this.#at]) {
      case '"':
        return this.#string();
      case "[":
        return this.#array(depth);
      case "{":
        return this.#object(depth);
      case "t":
        return this.#word("true", { type: "bool", value: true });
      case "f":
        return this.#word("false", { type: "bool", value: false });
      case "n":
        return this.#word("null", { type: "empty" });
      default:
        return this.#number();
    }
  }

  #string(): { type: "string"; value: string } | undefined {
    if (this.#text[this.#at] !== '"') return undefined;
    let end = this.#at + 1;
    while (end < this.#text.length && this.#text[end] !== '"') end += this.#text[end] === "\\" ? 2 : 1;
    const token = this.#text.slice(this.#at, end + 1);
    this.#at = end + 1;
    try {
      return { type: "string", value: JSON.parse(token) as string };
    } catch {
      return undefined;
    }
  }

  #number(): AnyValue | undefined {
    const token = this.#match(NUMBER);
    if (!token) return undefined;
    const int = token === "-0" ? undefined : intFromText(token);
    return int ?? { type: "double", value: Number(token) };
  }

  #array(depth: number): AnyValue | undefined {
    const items: AnyValue[] = [];
    this.#at++;
    if (this.#take("]")) return { type: "array", value: items };
    do {
      const item = this.#value(depth + 1);
      if (item === undefined) return undefined;
      items.push(item);
    } while (this.#take(","));
    return this.#take("]") ? { type: "array", value: items } : undefined;
  }

  #object(depth: number): AnyValue | undefined {
    const items: KeyValue[] = [];
    this.#at++;
    if (this.#take("}")) return { type: "kvlist", value: items };
    do {
      this.#match(SPACE);
      const key = this.#string();
      if (key === undefined || !this.#take(":")) return undefined;
      const value = this.#value(depth + 1);
      if (value === undefined) return undefined;
      items.push({ key: key.value, value });
    } while (this.#take(","));
    return this.#take("}") ? { type: "kvlist", value: items } : undefined;
  }

  #word(word: string, value: AnyValue): AnyValue | undefined {
    if (!this.#text.startsWith(word, this.#at)) return undefined;
    this.#at += word.length;
    return value;
  }

  /** Takes `token` after white space, if it is next. */
  #take(token: string): boolean {
    this.#match(SPACE);
    if (this.#text[this.#at] !== token) return false;
    this.#at++;
    return true;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const token = pattern.exec(this.#text)?.[0];
    if (token !== undefined) this.#at += token.length;
    return token;
  }
}
