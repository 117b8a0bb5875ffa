import { messageOf } from "../../model/message-of.ts";

/**
 * Patterns that run over what strangers send must not be able to take for ever. JavaScript's expressions backtrack, and
 * explode where one text can be divided among repetitions in many ways. Patterns in which that could happen are refused
 * when the config is read; what is left takes at worst the square of the text's length, which is bounded where the
 * pattern is used. The check is careful rather than clever: it also refuses some patterns that would be fine.
 */

/** Alternatives and optional groups that a pattern may have, and times that a group which holds one may be repeated. */
const MAX_CHOICES = 8;

/** What stands for all characters when sets are compared. */
const PROBES = [...Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)), "é", "Ω", "中"];

type Characters = ReadonlySet<string>;
/** Stands for every character that is no probe. */
const ELSEWHERE = "elsewhere";
const NONE: Characters = new Set();

interface Repeat {
  readonly min: number;
  readonly max: number;
}
interface Part {
  readonly at: number;
  readonly repeat: Repeat;
  /** One character of a set, or alternatives of sequences. */
  readonly of: Characters | readonly (readonly Part[])[];
}

/** Why the source of a regular expression is refused, in words for the user; undefined when it is fine. */
export function patternFault(source: string, flags: string): string | undefined {
  let compiled: RegExp;
  try {
    compiled = new RegExp(source, flags);
  } catch (error) {
    return `is no regular expression: ${messageOf(error)}`;
  }
  if (compiled.test("")) return "matches the empty text, so it would match everywhere; expected at least one character";
  try {
    const alternatives = new PatternReader(source, flags).read();
    if (choices(alternatives) > MAX_CHOICES) return `has more than ${MAX_CHOICES} alternatives and optional groups`;
    for (const sequence of alternatives) afterSequence(sequence, NONE);
    return undefined;
  } catch (error) {
    if (error instanceof PatternError) return error.message;
    throw error;
  }
}

class PatternError extends Error {}

/** Reads an expression that is known to compile. */
class PatternReader {
  readonly #source: string;
  readonly #flags: string;
  #at = 0;

  constructor(source: string, flags: string) {
    this.#source = source;
    this.#flags = flags;
  }

  read(): Part[][] {
    const alternatives: Part[][] = [[]];
    while (this.#at < this.#source.length && this.#source[this.#at] !== ")") {
      if (this.#source[this.#at] === "|") {
        this.#at++;
        alternatives.push([]);
        continue;
      }
      const part = this.#part();
      if (part !== undefined) alternatives.at(-1)?.push(part);
    }
    return alternatives;
  }

  /** Undefined for what takes no characters: anchors and what looks around, whose inside is judged by itself. */
  #part(): Part | undefined {
    const at = this.#at;
    if (this.#take(/[$^]|\\[bB]/y) !== undefined) return undefined;
    const open = this.#take(/\((?:\?(?::|=|!|<=|<!|<[^>]*>))?/y);
    if (open === undefined) {
      const atom = this.#take(ATOM) as string;
      if (/^\\(?:[1-9]|k<)/.test(atom)) {
        throw new PatternError("refers back to a group, which can take for ever; write it without \\1 or \\k");
      }
      return { at, of: charactersOf(atom, this.#flags), repeat: this.#repeat() };
    }
    const of = this.read();
    this.#at++;
    const repeat = this.#repeat();
    if (!/[=!]$/.test(open)) return { at, of, repeat };
    for (const sequence of of) afterSequence(sequence, NONE);
    return undefined;
  }

  #repeat(): Repeat {
    const found = this.#take(/(?:[*+?]|\{\d+(?:,\d*)?\})\??/y) ?? "{1}";
    if (found[0] !== "{") {
      return { min: found[0] === "+" ? 1 : 0, max: found[0] === "?" ? 1 : Number.POSITIVE_INFINITY };
    }
    const [low, high] = found.slice(1, found.indexOf("}")).split(",") as [string, string?];
    return {
      min: Number(low),
      max: high === undefined ? Number(low) : high === "" ? Number.POSITIVE_INFINITY : Number(high),
    };
  }

  #take(expression: RegExp): string | undefined {
    expression.lastIndex = this.#at;
    const found = expression.exec(this.#source)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }
}

const ATOM =
  /\\(?:u\{[0-9a-fA-F]+\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|c[A-Za-z]|[pP]\{[^}]*\}|k<[^>]*>|[1-9]\d*|.)|\[(?:\\.|[^\]\\])*\]|./suy;

/**
 * The characters that what is behind could still take from what comes next, after a part that follows `open` ones.
 * Throws PatternError where two repetitions could share characters.
 */
function afterPart(part: Part, open: Characters): Characters {
  const { of, repeat, at } = part;
  const variable = repeat.min !== repeat.max;
  if (of instanceof Set) {
    if (!variable) return disjoint(open, of) ? NONE : open;
    if (!disjoint(open, of)) throw shared(at);
    return union(open, of);
  }
  const alternatives = of as readonly (readonly Part[])[];
  const once = (before: Characters): Characters =>
    alternatives.map((sequence) => afterSequence(sequence, before)).reduce(union, NONE);
  if (repeat.max <= 1) return variable ? union(open, once(open)) : once(open);
  if (repeat.max > MAX_CHOICES && (alternatives.length > 1 || choices(alternatives) > 0)) {
    throw new PatternError(
      `repeats a group that holds alternatives or an optional group more than ${MAX_CHOICES} times (at ${at}), which can take for ever`,
    );
  }
  const again = once(once(NONE));
  if (!variable) return union(once(open), again);
  const all = allCharacters(alternatives);
  if (!disjoint(open, all)) throw shared(at);
  return union(open, all);
}

function afterSequence(sequence: readonly Part[], open: Characters): Characters {
  return sequence.reduce((before, part) => afterPart(part, before), open);
}

function choices(alternatives: readonly (readonly Part[])[]): number {
  let count = alternatives.length - 1;
  for (const { of, repeat } of alternatives.flat()) {
    if (of instanceof Set) continue;
    count += choices(of as readonly (readonly Part[])[]) + (repeat.min === 0 && repeat.max === 1 ? 1 : 0);
  }
  return count;
}

function allCharacters(alternatives: readonly (readonly Part[])[]): Characters {
  return alternatives
    .flat()
    .map(({ of }) => (of instanceof Set ? of : allCharacters(of as readonly (readonly Part[])[])))
    .reduce(union, NONE);
}

function shared(at: number): PatternError {
  return new PatternError(
    `has two repetitions that can share characters (the second at ${at}), which can take for ever; put a character between them that the first cannot match`,
  );
}

function charactersOf(atom: string, flags: string): Characters {
  const expression = new RegExp(`^(?:${atom})$`, flags);
  const found = PROBES.filter((probe) => expression.test(probe));
  return new Set(found.length > 0 ? found : [ELSEWHERE]);
}

function disjoint(a: Characters, b: Characters): boolean {
  for (const item of b) if (a.has(item)) return false;
  return true;
}

function union(a: Characters, b: Characters): Characters {
  return a.size === 0 ? b : b.size === 0 ? a : new Set([...a, ...b]);
}
