/**
 * The query string as plain text values, repeated keys as arrays: addresses are Jaeger UI's, so `limit=20` is the text
 * "20" and `tags={…}` stays JSON text until the page that owns it reads it.
 */
export function parseAddress(search: string): Record<string, string | string[]> {
  const values: Record<string, string | string[]> = {};
  for (const [key, value] of new URLSearchParams(search)) {
    const before = values[key];
    if (before === undefined) values[key] = value;
    else values[key] = Array.isArray(before) ? [...before, value] : [before, value];
  }
  return values;
}

/** The counterpart; undefined and empty values are left out. */
export function formatAddress(values: Readonly<Record<string, unknown>>): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(values)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item !== undefined && item !== null && item !== "") params.append(key, String(item));
    }
  }
  const text = params.toString();
  return text === "" ? "" : `?${text}`;
}
