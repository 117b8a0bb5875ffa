import type { Carrier, HeaderPair } from "./context.ts";

/** Headers by lower-case name; the values of repeated ones in order. */
export type HeaderMap = ReadonlyMap<string, readonly string[]>;

/** What `readHeaders` made, so that several propagators can read it without a copy each. */
class ReadHeaders extends Map<string, string[]> {}

/**
 * Reads any carrier without regard to the case of names. Values that are no text, numbers or lists of these are left
 * out, as is everything of a carrier that is no object.
 */
export function readHeaders(carrier: Carrier): HeaderMap {
  if (carrier instanceof ReadHeaders) return carrier;
  const map = new ReadHeaders();
  const add = (name: unknown, value: unknown): void => {
    if (typeof name !== "string") return;
    const key = name.toLowerCase();
    for (const one of Array.isArray(value) ? value : [value]) {
      if (typeof one !== "string" && typeof one !== "number") continue;
      const list = map.get(key);
      if (list === undefined) map.set(key, [String(one)]);
      else list.push(String(one));
    }
  };
  for (const pair of pairsOf(carrier)) if (Array.isArray(pair)) add(pair[0], pair[1]);
  return map;
}

/** The first value under a lower-case name, without surrounding white space; undefined where there is none. */
export function firstHeader(headers: HeaderMap, name: string): string | undefined {
  const value = headers.get(name)?.[0]?.trim();
  return value === "" ? undefined : value;
}

/** Puts pairs into a record of headers, replacing those of the same name in any case. */
export function writeHeaders(target: Record<string, unknown>, pairs: readonly HeaderPair[]): void {
  if (pairs.length === 0) return;
  const replaced = new Set(pairs.map(([name]) => name.toLowerCase()));
  for (const name of Object.keys(target)) if (replaced.has(name.toLowerCase())) delete target[name];
  for (const [name, value] of pairs) target[name] = value;
}

function pairsOf(carrier: unknown): Iterable<unknown> {
  if (typeof carrier !== "object" || carrier === null) return [];
  if (isIterable(carrier)) return carrier;
  if ("headers" in carrier && typeof carrier.headers === "object" && isIterable(carrier.headers)) {
    return carrier.headers;
  }
  return Object.entries(carrier);
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return value !== null && typeof (value as Iterable<unknown>)[Symbol.iterator] === "function";
}
