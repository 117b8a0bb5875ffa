import { nearest } from "../model/text/nearest.ts";
import { TraceqlError, type TraceqlErrorKind } from "./error.ts";
import { lex, type QueryToken } from "./lex.ts";

/** How deep parentheses, braces and prefixes may nest, and how many parts a query may have. */
export const MAX_NESTING = 50;
export const MAX_PARTS = 1_000;

/** Steps over the tokens of one query, and says what is wrong where. */
export class TokenReader {
  readonly text: string;
  readonly #tokens: readonly QueryToken[];
  #next = 0;
  #depth = 0;
  #parts = 0;

  /** @throws TraceqlError */
  constructor(text: string) {
    this.text = text;
    this.#tokens = lex(text);
  }

  /** The token `ahead` of the next one; the end's where there is none. */
  peek(ahead = 0): QueryToken {
    return this.#tokens[Math.min(this.#next + ahead, this.#tokens.length - 1)] as QueryToken;
  }

  take(): QueryToken {
    const token = this.peek();
    this.#next++;
    return token;
  }

  /** The text of an operator or a word, `ahead` of the next token; undefined for other tokens. */
  textAt(ahead = 0): string | undefined {
    const token = this.peek(ahead);
    return token.type === "operator" || token.type === "word" ? token.text : undefined;
  }

  /** Steps over this operator or word where it comes next. */
  skip(text: string): boolean {
    if (this.textAt() !== text) return false;
    this.#next++;
    return true;
  }

  expect(text: string, what: string): void {
    if (!this.skip(text)) throw this.unexpected(what);
  }

  /** Counts a part of the query. */
  part<T>(part: T): T {
    if (++this.#parts > MAX_PARTS) {
      throw this.fault({
        found: "more",
        expected: `at most ${MAX_PARTS} conditions, values and stages`,
        kind: "limit",
      });
    }
    return part;
  }

  /** What is read one level deeper. */
  nested<T>(read: () => T): T {
    if (++this.#depth > MAX_NESTING) {
      throw this.fault({ found: "deeper nesting", expected: `at most ${MAX_NESTING} levels`, kind: "limit" });
    }
    const result = read();
    this.#depth--;
    return result;
  }

  /** The next token is not what was expected; a word may be a known name, misspelt. */
  unexpected(expected: string, names: readonly string[] = []): TraceqlError {
    const token = this.peek();
    const near = token.type === "word" && !names.includes(token.text) ? nearest(token.text, names) : undefined;
    return this.fault({ expected, ...(near === undefined ? {} : { suggestion: near }) });
  }

  /** A fault of the token at `token`, the next one if none is given. */
  fault(fault: {
    readonly expected: string;
    readonly found?: string;
    readonly suggestion?: string;
    readonly kind?: TraceqlErrorKind;
    readonly token?: QueryToken;
  }): TraceqlError {
    const { token = this.peek(), found = this.#shown(token), ...rest } = fault;
    return new TraceqlError(this.text, { at: token.at, found, ...rest });
  }

  /** The text from a token to the one before the next, as it is shown in errors. */
  since(token: QueryToken): string {
    const before = this.#tokens[this.#next - 1] as QueryToken;
    return `"${shorten(this.text.slice(token.at, before.end))}"`;
  }

  #shown(token: QueryToken): string {
    const text = shorten(this.text.slice(token.at, token.end));
    if (token.type === "end") return "the end of the query";
    return token.type === "string" ? text : `"${text}"`;
  }
}

const LONGEST_SHOWN = 60;

function shorten(text: string): string {
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
}
