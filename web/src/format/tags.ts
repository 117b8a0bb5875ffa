type TagsResult =
  | { readonly tags: readonly (readonly [key: string, value: string])[]; readonly problem?: undefined }
  | { readonly tags?: undefined; readonly problem: string };

/**
 * Reads the tags field: `key=value` pairs parted by blanks, values with blanks in double quotes (`\"` and `\\` inside),
 * as Jaeger's logfmt field. A JSON object is taken too, because that is what links carry.
 */
export function parseTags(text: string): TagsResult {
  const trimmed = text.trim();
  if (trimmed === "") return { tags: [] };
  if (trimmed.startsWith("{")) return parseJsonTags(trimmed);
  const pair = /\s*([^\s="]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s"]*)(?=\s|$)/y;
  const tags: [string, string][] = [];
  let at = 0;
  while (at < trimmed.length) {
    pair.lastIndex = at;
    const match = pair.exec(trimmed);
    if (match === null) {
      const near = trimmed.slice(at).trim().slice(0, 24);
      return { problem: `Expected key=value near “${near}”` };
    }
    const raw = match[2]!;
    tags.push([match[1]!, raw.startsWith('"') ? raw.slice(1, -1).replace(/\\(.)/g, "$1") : raw]);
    at = pair.lastIndex;
  }
  return { tags };
}

/** The text that `parseTags` reads back. */
export function formatTags(tags: Iterable<readonly [string, string]>): string {
  return [...tags]
    .map(([key, value]) => `${key}=${/^[^\s"]+$/.test(value) ? value : `"${value.replace(/["\\]/g, "\\$&")}"`}`)
    .join(" ");
}

/** The JSON object of links and of the API. */
export function tagsToJson(tags: Iterable<readonly [string, string]>): string {
  return JSON.stringify(Object.fromEntries(tags));
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
