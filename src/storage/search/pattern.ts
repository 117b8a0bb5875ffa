import { PermanentError } from "../../component/errors.ts";

/** Longest pattern, and longest text that a pattern is tried on, in UTF-16 units: longer texts never match. */
export const MAX_PATTERN = 512;
export const MAX_SUBJECT = 4096;

/**
 * A `=~` pattern as a predicate. The whole text must match, and `.` matches no line break, as in RE2. JavaScript's
 * engine tries alternatives one after another, so patterns that could take exponential time are refused by shape: a
 * repeated group that repeats or chooses within itself. Back references and look-around, which RE2 lacks, are refused
 * as well. Throws PermanentError `bad_request`.
 */
export function compilePattern(pattern: string): (text: string) => boolean {
  if (pattern.length > MAX_PATTERN) {
    throw bad(pattern, `it has ${pattern.length} characters, at most ${MAX_PATTERN} are allowed`);
  }
  checkShape(pattern);
  let expression: RegExp;
  try {
    expression = new RegExp(`^(?:${pattern})$`, "u");
  } catch (error) {
    throw bad(pattern, error instanceof Error ? error.message.replace(/^.*\$\/u?: /, "") : String(error));
  }
  return (text) => text.length <= MAX_SUBJECT && expression.test(text);
}

interface OpenGroup {
  /** The group holds a `*`, `+`, `{n,}` or `|`. */
  risky: boolean;
}

function checkShape(pattern: string): void {
  const groups: OpenGroup[] = [{ risky: false }];
  let closed: OpenGroup | undefined;
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i] as string;
    const last = closed;
    closed = undefined;
    switch (char) {
      case "\\": {
        const next = pattern[i + 1] ?? "";
        if (/[1-9k]/.test(next)) throw bad(pattern, "back references are not supported");
        i++;
        break;
      }
      case "[":
        i = endOfClass(pattern, i);
        break;
      case "(":
        if (/^\(\?(?:[=!]|<[=!])/.test(pattern.slice(i, i + 4))) throw bad(pattern, "look-around is not supported");
        groups.push({ risky: false });
        break;
      case ")":
        if (groups.length === 1) throw bad(pattern, "unmatched )");
        closed = groups.pop() as OpenGroup;
        if (closed.risky) (groups.at(-1) as OpenGroup).risky = true;
        break;
      case "|":
        (groups.at(-1) as OpenGroup).risky = true;
        break;
      case "*":
      case "+":
      case "{":
        if (char === "{" && !/^\{\d+,?\d*\}/.test(pattern.slice(i, i + 24))) break;
        if (last?.risky) throw bad(pattern, "a repeated group must not hold a repetition or a choice");
        (groups.at(-1) as OpenGroup).risky = true;
        break;
    }
  }
}

function endOfClass(pattern: string, start: number): number {
  let i = start + 1;
  while (i < pattern.length && pattern[i] !== "]") i += pattern[i] === "\\" ? 2 : 1;
  return i;
}

function bad(pattern: string, why: string): PermanentError {
  const shown = pattern.length > 80 ? `${pattern.slice(0, 80)}…` : pattern;
  return new PermanentError("bad_request", `regular expression ${JSON.stringify(shown)}: ${why}`);
}
