/** Longest pattern of a regular expression in a query, in UTF-16 units. */
export const MAX_PATTERN = 512;

/**
 * Why a pattern cannot be used; undefined where it can. JavaScript's engine tries alternatives one after another, so
 * patterns that could take exponential time are refused by shape: a repeated group that repeats or chooses within
 * itself. Back references and look-around, which RE2 lacks, are refused as well.
 */
export function textPatternFault(pattern: string): string | undefined {
  if (pattern.length > MAX_PATTERN) return `it has ${pattern.length} characters, at most ${MAX_PATTERN} are allowed`;
  const shape = shapeFault(pattern);
  if (shape !== undefined) return shape;
  try {
    wholeTextPattern(pattern);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message.replace(/^.*\$\/\w*: /s, "") : String(error);
  }
}

/**
 * The pattern as it is used: the whole text must match, and `.` matches no line break, as in RE2. `(?i)`, `(?s)` or
 * `(?is)` at its beginning are RE2's too: upper and lower case are the same, and `.` matches line breaks.
 */
export function wholeTextPattern(pattern: string): RegExp {
  const [written = "", flags = ""] = /^\(\?(i|s|is|si)\)/.exec(pattern) ?? [];
  return new RegExp(`^(?:${pattern.slice(written.length)})$`, `u${flags}`);
}

interface OpenGroup {
  /** The group holds a `*`, `+`, `{n,}` or `|`. */
  risky: boolean;
}

function shapeFault(pattern: string): string | undefined {
  const groups: OpenGroup[] = [{ risky: false }];
  let closed: OpenGroup | undefined;
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i] as string;
    const last = closed;
    closed = undefined;
    switch (char) {
      case "\\": {
        const next = pattern[i + 1] ?? "";
        if (/[1-9k]/.test(next)) return "back references are not supported";
        i++;
        break;
      }
      case "[":
        i = endOfClass(pattern, i);
        break;
      case "(":
        if (/^\(\?(?:[=!]|<[=!])/.test(pattern.slice(i, i + 4))) return "look-around is not supported";
        groups.push({ risky: false });
        break;
      case ")":
        if (groups.length === 1) return "unmatched )";
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
        if (last?.risky) return "a repeated group must not hold a repetition or a choice";
        (groups.at(-1) as OpenGroup).risky = true;
        break;
    }
  }
  return undefined;
}

function endOfClass(pattern: string, start: number): number {
  let i = start + 1;
  while (i < pattern.length && pattern[i] !== "]") i += pattern[i] === "\\" ? 2 : 1;
  return i;
}
