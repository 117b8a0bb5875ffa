import { TraceqlError } from "./error.ts";

/** ns of each unit; days, weeks and years as Prometheus counts them. */
const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
  w: 604_800_000_000_000n,
  y: 31_536_000_000_000_000n,
};
const PART = /^(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h|d|w|y)/;

export const MAX_INT = (1n << 63n) - 1n;

/** ns of `1h30m`, `1.5s`, `2d`; undefined for anything else, and beyond 2^63 − 1 ns. Fractions of a ns are cut off. */
export function nanoOfDuration(text: string): bigint | undefined {
  let rest = text;
  let total = 0n;
  do {
    const part = PART.exec(rest);
    if (part === null) return undefined;
    const unit = UNITS[part[2] as string] as bigint;
    const [whole, fraction] = (part[1] as string).split(".");
    total += BigInt(whole || "0") * unit;
    if (fraction) {
      const kept = fraction.slice(0, 18);
      total += (BigInt(kept) * unit) / 10n ** BigInt(kept.length);
    }
    rest = rest.slice(part[0].length);
  } while (rest !== "");
  return total <= MAX_INT ? total : undefined;
}

const PRINTED = ["h", "m", "s", "ms", "us", "ns"] as const;

/** The shortest text without a fraction: `90m`, `1500ms`. */
export function durationText(nano: bigint): string {
  const size = nano < 0n ? -nano : nano;
  const unit = size === 0n ? "ns" : (PRINTED.find((one) => size % (UNITS[one] as bigint) === 0n) as string);
  return `${nano / (UNITS[unit] as bigint)}${unit}`;
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
