import { nanosOfParts } from "../model/duration-parts.ts";
import type { TraceqlField } from "../model/traceql.ts";
import { TraceqlError } from "./error.ts";
import { readField } from "./lex-field.ts";
import { readString } from "./literals.ts";

/** A part of a query's text, [at, end). */
export type QueryToken = { readonly at: number; readonly end: number } & (
  | { readonly type: "operator" | "word"; readonly text: string }
  | { readonly type: "field"; readonly field: TraceqlField }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "int" | "duration"; readonly value: bigint }
  | { readonly type: "float"; readonly value: number }
  | { readonly type: "end" }
);

/** Longest query, in UTF-16 units, and most tokens in one. */
export const MAX_QUERY = 16_384;
const MAX_TOKENS = 4_096;

/** Longest first: the longest that stands there counts. */
const OPERATORS = [
  ..."&>> &<< !>> !<<".split(" "),
  ..."&> &< &~ !> !< != !~ >> << >= <= =~ && ||".split(" "),
  ..."{}(),=><~!|+-*/%^",
];
const BLANK = /(?:\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\/)+/y;
const NUMBER = /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;
const DURATION = /(?:\d|\.\d)[\d.nsuµμmhdwy]*/y;
const WORD = /[\p{L}_][\p{L}\p{N}_]*/uy;

/**
 * All tokens of a query, the last of type `end`. Blanks and Go's comments are left out.
 * @throws TraceqlError
 */
export function lex(text: string): readonly QueryToken[] {
  if (text.length > MAX_QUERY) {
    throw new TraceqlError(text, {
      at: MAX_QUERY,
      found: `a query of ${text.length} characters`,
      expected: `at most ${MAX_QUERY}`,
      kind: "limit",
    });
  }
  const tokens: QueryToken[] = [];
  let at = 0;
  for (;;) {
    at += matchAt(BLANK, text, at)?.length ?? 0;
    if (tokens.length > MAX_TOKENS) {
      const expected = `at most ${MAX_TOKENS} words, values and operators`;
      throw new TraceqlError(text, { at, found: "more", expected, kind: "limit" });
    }
    if (at === text.length) break;
    const token = readToken(text, at);
    tokens.push(token);
    at = token.end;
  }
  return [...tokens, { type: "end", at, end: at }];
}

function readToken(text: string, at: number): QueryToken {
  const char = text[at] as string;
  if (char === '"' || char === "`") {
    const { value, end } = readString(text, at);
    return { type: "string", value, at, end };
  }
  const number = readNumber(text, at);
  if (number !== undefined) return number;
  const word = matchAt(WORD, text, at);
  const field = readField(text, at, word);
  if (field !== undefined) return { type: "field", at, ...field };
  if (word !== undefined) return { type: "word", text: word, at, end: at + word.length };
  if (text.startsWith("/*", at)) {
    throw new TraceqlError(text, { at, found: "a comment without an end", expected: "a closing */" });
  }
  const operator = OPERATORS.find((one) => text.startsWith(one, at));
  if (operator !== undefined) return { type: "operator", text: operator, at, end: at + operator.length };
  const found = JSON.stringify(String.fromCodePoint(text.codePointAt(at) as number));
  const expected = char === "'" ? 'a string in "double quotes" or `backticks`' : "a part of a query";
  throw new TraceqlError(text, { at, found, expected });
}

function readNumber(text: string, at: number): QueryToken | undefined {
  const digits = matchAt(NUMBER, text, at);
  if (digits === undefined) return undefined;
  const written = matchAt(DURATION, text, at) ?? digits;
  const nano = nanosOfParts(written, "y");
  const end = at + (nano === undefined ? digits : written).length;
  const rest = matchAt(WORD, text, end);
  if (rest !== undefined || (nano === undefined && written.length > digits.length)) {
    const found = JSON.stringify(text.slice(at, Math.max(end + (rest ?? "").length, at + written.length)));
    const expected = "a number, or a duration of at most 2^63 ns in ns, us, ms, s, m, h, d, w or y";
    throw new TraceqlError(text, { at, found, expected });
  }
  if (nano !== undefined) return { type: "duration", value: nano, at, end };
  if (/^\d+$/.test(digits)) return { type: "int", value: BigInt(digits), at, end };
  const value = Number(digits);
  if (Number.isFinite(value)) return { type: "float", value, at, end };
  throw new TraceqlError(text, { at, found: `"${digits}"`, expected: "a number of at most 1.8e308" });
}

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}
