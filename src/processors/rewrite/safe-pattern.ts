/**
 * Patterns that run over what strangers send must not be able to take for ever. JavaScript's expressions backtrack, so
 * the forms that make that explode are refused when the config is read; what is left takes at worst the square of the
 * text's length, which is bounded where the pattern is used.
 */

/** A repetition allowed more often than this counts as one without end. */
const MANY = 32;
/** How often a group may be repeated that itself holds a choice. */
const MAX_CHOICES = 8;

const PROBES = [...Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)), "é", "Ω", "中"];

interface Group {
  /** Holds a repetition of variable length or alternatives: it can match one text in several ways. */
  hasChoice: boolean;
}

/**
 * Why the source of a regular expression (flag `u`) is refused, in words for the user; undefined when it is fine.
 */
export function patternFault(source: string, flags: string): string | undefined {
  let compiled: RegExp;
  try {
    compiled = new RegExp(source, flags);
  } catch (error) {
    return `is no regular expression: ${error instanceof Error ? error.message : String(error)}`;
  }
  if (compiled.test("")) return "matches the empty text, so it would match everywhere; expected at least one character";
  return ambiguity(source, flags);
}

function ambiguity(source: string, flags: string): string | undefined {
  const groups: Group[] = [{ hasChoice: false }];
  /** What the last endless repetition repeats, until a character that it cannot match stands between. */
  let open: ReadonlySet<string> | undefined;
  let at = 0;
  while (at < source.length) {
    const start = at;
    const char = source[at] as string;
    const top = groups.at(-1) as Group;
    let closed: Group | undefined;
    if (char === "(") {
      at += (/^\((\?(:|=|!|<=|<!|<[^>]*>))?/.exec(source.slice(at)) as RegExpExecArray)[0].length;
      groups.push({ hasChoice: false });
      continue;
    }
    if (char === "|") {
      top.hasChoice = true;
      if (groups.length === 1) open = undefined;
      at++;
      continue;
    }
    if (char === "^" || char === "$" || /^\\[bB]/.test(source.slice(at, at + 2))) {
      at += char === "\\" ? 2 : 1;
      continue;
    }
    if (char === ")") {
      closed = groups.pop() as Group;
      at++;
    } else at = atomEnd(source, at);
    const atom = source.slice(start, at);
    if (/^\\([1-9]|k<)/.test(atom))
      return "refers back to a group, which can take for ever; write it without \\1 or \\k";
    const repeat = quantifier(source, at);
    at = repeat.end;
    const parent = groups.at(-1) as Group;
    if (closed !== undefined) {
      if (closed.hasChoice) {
        if (repeat.max > MAX_CHOICES) {
          return `repeats a group that itself holds a repetition or alternatives, more than ${MAX_CHOICES} times (at ${start}), which can take for ever`;
        }
        parent.hasChoice = true;
      }
      if (repeat.min !== repeat.max) parent.hasChoice = true;
      if (repeat.max < MANY) continue;
      if (open !== undefined) return sharedCharacters(start);
      open = new Set(PROBES);
      continue;
    }
    if (repeat.min !== repeat.max) parent.hasChoice = true;
    const matched = charactersOf(atom, flags);
    if (repeat.max >= MANY) {
      if (open !== undefined) return sharedCharacters(start);
      open = matched;
    } else if (open !== undefined && groups.length === 1 && repeat.min > 0 && disjoint(open, matched)) open = undefined;
  }
  return undefined;
}

function sharedCharacters(at: number): string {
  return `has two repetitions that can share characters (the second at ${at}); put a character between them that the first cannot match`;
}

/** Where the single-character atom at `at` ends. */
function atomEnd(source: string, at: number): number {
  const rest = source.slice(at);
  const found =
    /^\\(u\{[0-9a-fA-F]+\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|c[A-Za-z]|[pP]\{[^}]*\}|k<[^>]*>|[1-9]\d*|.)/su.exec(rest) ??
    /^\[(\\.|[^\]\\])*\]/su.exec(rest) ??
    (/^./su.exec(rest) as RegExpExecArray);
  return at + found[0].length;
}

function quantifier(source: string, at: number): { readonly min: number; readonly max: number; readonly end: number } {
  const found = /^(?:([*+?])|\{(\d+)(,?)(\d*)\})\??/.exec(source.slice(at));
  if (found === null) return { min: 1, max: 1, end: at };
  const end = at + found[0].length;
  const [, sign, low, comma, high] = found;
  if (sign !== undefined) return { min: sign === "+" ? 1 : 0, max: sign === "?" ? 1 : Number.POSITIVE_INFINITY, end };
  const min = Number(low);
  const max = comma === "" ? min : high === "" ? Number.POSITIVE_INFINITY : Number(high);
  return { min, max, end };
}

function charactersOf(atom: string, flags: string): ReadonlySet<string> {
  const expression = new RegExp(`^(?:${atom})$`, flags);
  return new Set(PROBES.filter((probe) => expression.test(probe)));
}

function disjoint(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  if (b.size === 0) return false;
  for (const item of b) if (a.has(item)) return false;
  return true;
}
