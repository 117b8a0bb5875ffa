import type { AnyValue, KeyValue } from "../../model/any-value.ts";

/** What an attribute may be given as. `undefined` and `null` are left out. */
export type AttributeInput =
  | string
  | number
  | bigint
  | boolean
  | Uint8Array
  | readonly AttributeInput[]
  | { readonly [key: string]: AttributeInput }
  | null
  | undefined;

export type AttributesInput = Readonly<Record<string, AttributeInput>>;

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
const MAX_DEPTH = 32;

/**
 * A JavaScript value as OTLP has it. Whole numbers up to 2^53 are ints, others doubles; a bigint beyond int64 becomes
 * its text; strings are cut to `maxLength` UTF-16 units and made well-formed. Undefined for functions, symbols and the
 * like.
 */
export function toAnyValue(input: unknown, maxLength = Number.POSITIVE_INFINITY, depth = 0): AnyValue | undefined {
  switch (typeof input) {
    case "string":
      return { type: "string", value: wellFormed(input.length > maxLength ? input.slice(0, maxLength) : input) };
    case "boolean":
      return { type: "bool", value: input };
    case "number":
      return Number.isSafeInteger(input) && !Object.is(input, -0)
        ? { type: "int", value: BigInt(input) }
        : { type: "double", value: input };
    case "bigint":
      return input >= INT64_MIN && input <= INT64_MAX
        ? { type: "int", value: input }
        : { type: "string", value: input.toString() };
    case "object":
      return input === null || depth > MAX_DEPTH ? undefined : objectValue(input, maxLength, depth + 1);
    default:
      return undefined;
  }
}

/** A record as key-values in order; entries without a value that OTLP knows are left out. */
export function toKeyValues(input: AttributesInput, maxLength?: number): KeyValue[] {
  const attributes: KeyValue[] = [];
  for (const [key, given] of Object.entries(input)) {
    const value = toAnyValue(given, maxLength);
    if (value !== undefined && key !== "") attributes.push({ key, value });
  }
  return attributes;
}

function objectValue(input: object, maxLength: number, depth: number): AnyValue {
  if (input instanceof Uint8Array) return { type: "bytes", value: input.slice(0, Math.min(input.length, maxLength)) };
  if (Array.isArray(input)) {
    return { type: "array", value: input.map((each) => toAnyValue(each, maxLength, depth) ?? { type: "empty" }) };
  }
  const entries = Object.entries(input).map(([key, each]) => ({
    key,
    value: toAnyValue(each, maxLength, depth) ?? ({ type: "empty" } as const),
  }));
  return { type: "kvlist", value: entries };
}

/** Lone surrogates become U+FFFD, which is what UTF-8 on the wire can hold. */
function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, "\ufffd");
}
