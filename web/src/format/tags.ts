export const TAG_OPERATORS = ["!=", "!~", "=~", ">=", "<=", "=", ">", "<"] as const;
export type TagOperator = (typeof TAG_OPERATORS)[number];

/** A condition on an attribute; without an operator it is `=`. */
export type Tag = readonly [key: string, value: string, operator?: TagOperator];

type TagsResult =
  | { readonly tags: readonly Tag[]; readonly problem?: undefined }
  | { readonly tags?: undefined; readonly problem: string };

/**
 * Reads the tags field: `key=value` pairs parted by blanks, values with blanks in double quotes (`\"` and `\\` inside),
 * as Jaeger's logfmt field; any of TAG_OPERATORS may stand for the `=`. A JSON object is taken too, because that is
 * what links carry.
 */
export function parseTags(text: string): TagsResult {
  const trimmed = text.trim();
  if (trimmed === "") return { tags: [] };
  if (trimmed.startsWith("{")) return parseJsonTags(trimmed);
  const pair = /\s*([^\s="!<>]+)\s*(!=|!~|=~|>=|<=|=|>|<)\s*("(?:[^"\\]|\\.)*"|[^\s"]*)(?=\s|$)/y;
  const tags: Tag[] = [];
  let at = 0;
  while (at < trimmed.length) {
    pair.lastIndex = at;
    const match = pair.exec(trimmed);
    if (match === null) {
      const near = trimmed.slice(at).trim().slice(0, 24);
      return { problem: `Expected key=value near “${near}”` };
    }
    const [, key, operator, raw] = match as unknown as [string, string, TagOperator, string];
    const value = raw.startsWith('"') ? raw.slice(1, -1).replace(/\\(.)/g, "$1") : raw;
    const problem = operatorProblem(key, operator, value);
    if (problem !== undefined) return { problem };
    tags.push(operator === "=" ? [key, value] : [key, value, operator]);
    at = pair.lastIndex;
  }
  return { tags };
}

/** The text that `parseTags` reads back. */
export function formatTags(tags: Iterable<Tag>): string {
  const list = [...tags];
  // A key that holds what parts it from its value can only be said in JSON.
  if (list.some(([key]) => /^$|^{|[\s="!<>]/.test(key)) && !hasOperators(list)) return tagsToJson(list);
  return list
    .map(([key, value, operator = "="]) => {
      const plain = /^[^\s"=~][^\s"]*$/.test(value);
      return `${key}${operator}${plain ? value : `"${value.replace(/["\\]/g, "\\$&")}"`}`;
    })
    .join(" ");
}

/** True where a JSON object cannot hold them: it has no operators, and a key once. */
export function hasOperators(tags: readonly Tag[]): boolean {
  return tags.some(([, , operator]) => operator !== undefined) || new Set(tags.map(([key]) => key)).size < tags.length;
}

/** As the address holds them: Jaeger's JSON object where it can. */
export function tagsToAddress(tags: readonly Tag[]): string {
  return hasOperators(tags) ? formatTags(tags) : tagsToJson(tags);
}

/** The JSON object of links and of the API. */
export function tagsToJson(tags: Iterable<readonly [string, string, ...unknown[]]>): string {
  return JSON.stringify(Object.fromEntries(tags as Iterable<readonly [string, string]>));
}

function operatorProblem(key: string, operator: TagOperator, value: string): string | undefined {
  if (operator === "=~" || operator === "!~") return patternProblem(key, operator, value);
  if (operator === "=" || operator === "!=") return undefined;
  return /^-?\d+(\.\d+)?$/.test(value) ? undefined : `Expected a number after ${key}${operator}`;
}

function patternProblem(key: string, operator: TagOperator, value: string): string | undefined {
  try {
    new RegExp(value, "u");
    return undefined;
  } catch {
    return `Expected a regular expression after ${key}${operator}`;
  }
}

function parseJsonTags(text: string): TagsResult {
  try {
    const value: unknown = JSON.parse(text);
    if (value === null || typeof value !== "object" || Array.isArray(value))
      return { problem: "Expected a JSON object" };
    return {
      tags: Object.entries(value).map(([key, v]) => [key, typeof v === "string" ? v : JSON.stringify(v)] as const),
    };
  } catch {
    return { problem: 'Expected a JSON object such as {"error":"true"}' };
  }
}
