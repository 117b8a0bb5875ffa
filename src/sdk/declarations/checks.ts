/** One thing that is wrong with a declaration. */
export interface DeclarationIssue {
  /** `name`, an option, or a part of one: `health_check.http.path`. */
  readonly path: string;
  /** What was expected, and what was there. */
  readonly message: string;
}

/** Says everything that is wrong with a value as somebody wrote it; `path` is where it stands. */
export type Check = (value: unknown, path: string) => readonly DeclarationIssue[];

export function isBoolean(value: unknown, path: string): readonly DeclarationIssue[] {
  return typeof value === "boolean" ? [] : [wrong(path, "true or false", value)];
}

export function isRatio(value: unknown, path: string): readonly DeclarationIssue[] {
  return typeof value === "number" && value >= 0 && value <= 1 ? [] : [wrong(path, "a number from 0.0 to 1.0", value)];
}

export function textOf(expected: string, pattern = /./s): Check {
  return (value, path) => (typeof value === "string" && pattern.test(value) ? [] : [wrong(path, expected, value)]);
}

export function oneOf(allowed: readonly string[]): Check {
  return (value, path) =>
    typeof value === "string" && allowed.includes(value) ? [] : [wrong(path, `one of ${allowed.join(", ")}`, value)];
}

export function listOf(check: Check, expected: string): Check {
  return (value, path) =>
    Array.isArray(value) ? value.flatMap((each, i) => check(each, `${path}[${i}]`)) : [wrong(path, expected, value)];
}

export function wholeNumber(expected: string, min: number, max: number): Check {
  return (value, path) =>
    typeof value === "number" && Number.isInteger(value) && value >= min && value <= max
      ? []
      : [wrong(path, expected, value)];
}

/** An object of which every field is known; none is required. */
export function fieldsOf(checks: Readonly<Record<string, Check>>): Check {
  return (value, path) => {
    if (!isRecord(value)) return [wrong(path, `options among ${Object.keys(checks).join(", ")}`, value)];
    return Object.entries(value).flatMap(([key, each]) => {
      const check = Object.hasOwn(checks, key) ? checks[key] : undefined;
      if (check === undefined) return [{ path: `${path}.${key}`, message: unknownOption(key, Object.keys(checks)) }];
      return each === undefined ? [] : check(each, `${path}.${key}`);
    });
  };
}

export function wrong(path: string, expected: string, got: unknown): DeclarationIssue {
  const shown =
    got === undefined
      ? "nothing"
      : typeof got === "number"
        ? String(got)
        : (JSON.stringify(got, bigintText) ?? String(got));
  return { path, message: `expected ${expected}, got ${shown.length > 80 ? `${shown.slice(0, 80)}…` : shown}` };
}

/** The message for an option that nobody knows, with the nearest that exists. */
export function unknownOption(key: string, known: readonly string[]): string {
  const nearest = [...known].sort((a, b) => distance(a, key) - distance(b, key))[0] as string;
  const hint = distance(nearest, key) <= Math.max(2, key.length / 2) ? `; did you mean ${nearest}?` : "";
  return `unknown option${hint === "" ? `: expected one of ${known.join(", ")}` : hint}`;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function bigintText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}

/** Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] as number) + 1, (next[j - 1] as number) + 1, change));
    }
    row = next;
  }
  return row[b.length] as number;
}
