import { UNIT_NANOS } from "../model/duration-parts.ts";
import { TraceqlError } from "./error.ts";

export const MAX_INT = (1n << 63n) - 1n;

const PRINTED = ["h", "m", "s", "ms", "us", "ns"] as const;

/** The shortest text without a fraction: `90m`, `1500ms`. */
export function durationText(nano: bigint): string {
  const size = nano < 0n ? -nano : nano;
  const unit = size === 0n ? "ns" : (PRINTED.find((one) => size % (UNIT_NANOS[one] as bigint) === 0n) as string);
  return `${nano / (UNIT_NANOS[unit] as bigint)}${unit}`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  '"': '"',
};

export interface QuotedText {
  readonly value: string;
  /** Where the text goes on. */
  readonly end: number;
}

/**
 * The string that begins at text[at], by Go's rules: "…" with escapes and without line breaks, or `…` as it stands.
 * @throws TraceqlError
 */
export function readString(text: string, at: number): QuotedText {
  if (text[at] === "`") {
    const end = text.indexOf("`", at + 1);
    if (end < 0) throw new TraceqlError(text, { at, found: "a string without an end", expected: "a closing `" });
    return { value: text.slice(at + 1, end).replaceAll("\r", ""), end: end + 1 };
  }
  let value = "";
  let i = at + 1;
  for (;;) {
    const char = text[i];
    if (char === undefined || char === "\n") {
      throw new TraceqlError(text, { at, found: "a string without an end", expected: 'a closing "' });
    }
    if (char === '"') return { value, end: i + 1 };
    if (char !== "\\") {
      value += char;
      i++;
      continue;
    }
    const { value: escaped, end } = readEscape(text, i);
    value += escaped;
    i = end;
  }
}

function readEscape(text: string, at: number): QuotedText {
  const known = ESCAPES[text[at + 1] ?? ""];
  if (known !== undefined) return { value: known, end: at + 2 };
  const coded = /^\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))/.exec(text.slice(at, at + 10));
  if (coded !== null) {
    const [all, byte, short, long, octal] = coded;
    const code =
      octal === undefined ? Number.parseInt(byte ?? short ?? (long as string), 16) : Number.parseInt(octal, 8);
    const isByte = byte !== undefined || octal !== undefined;
    // A byte of 128 and more is a part of a character, which is written as itself.
    const allowed = isByte ? code < 0x80 : code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
    if (allowed) return { value: String.fromCodePoint(code), end: at + all.length };
  }
  throw new TraceqlError(text, {
    at,
    found: JSON.stringify(text.slice(at, at + 2)),
    expected: String.raw`an escape that Go knows, such as \" \\ \n \t \u00e9; a backslash of a pattern is written \\, or the pattern in backticks`,
  });
}
