import type { z } from "zod";
import { PermanentError } from "../../component/errors.ts";
import { nearest } from "../../model/text/nearest.ts";
import { mayBeSecret } from "./secrets.ts";

/** Where settings came from, so that an error can send the user to the right place. */
export interface ConfigOrigin {
  /** `spanloom.yaml`, `config`, `createCollector()`. */
  readonly name: string;
  /** The place of one setting, `spanloom.yaml:3:5`. Undefined for what nobody wrote. */
  readonly where?: (path: readonly PropertyKey[]) => string | undefined;
  /** What was found wrong before, each with its place. */
  readonly problems?: readonly string[];
}

/** What is wrong with one setting. */
export interface ConfigIssue {
  readonly path: readonly PropertyKey[];
  /** Names the setting, what was there and what was expected. */
  readonly text: string;
}

/**
 * What a schema found, for people.
 * @param prefix where in `input` the schema applies
 */
export function describeIssues(
  error: z.ZodError,
  input: unknown,
  keysOf: KeysOf,
  prefix: readonly PropertyKey[] = [],
): ConfigIssue[] {
  return error.issues.flatMap((issue) => describeIssue(issue, input, keysOf, prefix));
}

/** Valid keys of the object at a path, for suggestions; empty where any key is allowed. */
export type KeysOf = (path: readonly PropertyKey[]) => readonly string[];

/** One error for all that is wrong, a line each. */
export function configError(origin: ConfigOrigin, issues: readonly ConfigIssue[]): PermanentError {
  const { name, where, problems = [] } = origin;
  const lines = issues.map(({ path, text }) => (where === undefined ? text : `${where(path) ?? name}: ${text}`));
  const all = [...problems, ...lines];
  const shared = where === undefined && problems.length === 0 ? `${name}: ` : "";
  if (all.length === 1) return new PermanentError("config_invalid", `${shared}${all[0]}`);
  const head = shared === "" ? `${all.length} problems in the config:` : `${shared}${all.length} problems:`;
  return new PermanentError("config_invalid", [head, ...all].join("\n  "));
}

function describeIssue(
  issue: z.core.$ZodIssue,
  input: unknown,
  keysOf: KeysOf,
  prefix: readonly PropertyKey[],
): ConfigIssue[] {
  const path = [...prefix, ...issue.path];
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => {
      const at = [...path, key];
      const known = keysOf(path);
      const near = nearest(key, known);
      const list = known.length > 0 ? `; known here: ${known.join(", ")}` : "";
      const hint = near === undefined ? list : `; did you mean "${near}"?`;
      return { path: at, text: `${pathText(at)}: unknown key${hint}` };
    });
  }
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    const best = issue.errors.reduce((a, b) => (depth(b) > depth(a) ? b : a));
    return best.flatMap((inner) => describeIssue(inner, input, keysOf, path));
  }
  const found = valueAt(input, path);
  const shown = found === undefined || mayBeSecret(path) ? "" : ` (found ${clip(JSON.stringify(found))})`;
  return [{ path, text: `${pathText(path) || "config"}: ${reasonOf(issue, found)}${shown}` }];
}

/** What a setting should be, in the words of someone who writes YAML; the schema's own words where it has some. */
function reasonOf(issue: z.core.$ZodIssue, found: unknown): string {
  if (!/^(?:Invalid |Too )/.test(issue.message)) return lowerFirst(issue.message);
  switch (issue.code) {
    case "invalid_type": {
      const wanted = TYPE_WORDS[issue.expected] ?? issue.expected;
      return found === undefined ? `is missing; expected ${wanted}` : `expected ${wanted}`;
    }
    case "too_small":
    case "too_big": {
      const bound = issue.code === "too_small" ? issue.minimum : issue.maximum;
      const side = issue.code === "too_small" ? "at least" : "at most";
      const unit = UNIT_WORDS[issue.origin];
      if (unit !== undefined) return `expected ${side} ${bound} ${Number(bound) === 1 ? unit : `${unit}s`}`;
      if (issue.inclusive === false) return `expected ${issue.code === "too_small" ? "more" : "less"} than ${bound}`;
      return `expected ${side} ${bound}`;
    }
    case "invalid_value":
      return `expected ${issue.values.length === 1 ? "" : "one of "}${issue.values.map((value) => JSON.stringify(value)).join(", ")}`;
    default:
      return lowerFirst(issue.message.replace(/^Invalid (?:input|option): /, ""));
  }
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a mapping",
  record: "a mapping",
};

const UNIT_WORDS: Readonly<Record<string, string>> = { string: "character", array: "item" };

function depth(issues: readonly z.core.$ZodIssue[]): number {
  return Math.max(0, ...issues.map((issue) => issue.path.length));
}

export function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    return text === "" ? String(part) : `${text}.${String(part)}`;
  }, "");
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const part of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}

function clip(text: string | undefined): string {
  if (text === undefined) return "nothing";
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
