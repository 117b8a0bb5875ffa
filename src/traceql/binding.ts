import type { ArithmeticOperator, TraceqlComparison } from "../model/traceql.ts";

export const COMPARISONS: ReadonlySet<string> = new Set<TraceqlComparison>([
  "=",
  "!=",
  "=~",
  "!~",
  ">",
  ">=",
  "<",
  "<=",
]);
export const ARITHMETIC: ReadonlySet<string> = new Set<ArithmeticOperator>(["+", "-", "*", "/", "%", "^"]);

/**
 * How close operators bind, in fields and in scalars. `&&` and `||` bind alike, as in Tempo. All bind to the left but
 * `^`.
 */
export const BINDING: Readonly<Record<string, number>> = {
  "&&": 1,
  "||": 1,
  ...Object.fromEntries([...COMPARISONS].map((is) => [is, 2])),
  "+": 3,
  "-": 3,
  "*": 5,
  "/": 5,
  "%": 5,
  "^": 6,
};

/** `!` and a sign bind closer than `+`; what binds closer than they do belongs to their operand. */
export const PREFIX_BINDING = 4;
export const PREFIX_OPERAND = 5;
