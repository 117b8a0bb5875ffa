/**
 * Attribute values as OTLP knows them (opentelemetry/proto/common/v1/common.proto, message AnyValue).
 * 64-bit integers are bigint, so that both ends of int64 survive. `empty` is an AnyValue with no field set.
 */
export type AnyValue =
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "bool"; readonly value: boolean }
  | { readonly type: "int"; readonly value: bigint }
  | { readonly type: "double"; readonly value: number }
  | { readonly type: "bytes"; readonly value: Uint8Array }
  | { readonly type: "array"; readonly value: readonly AnyValue[] }
  | { readonly type: "kvlist"; readonly value: readonly KeyValue[] }
  | { readonly type: "empty" };

export interface KeyValue {
  readonly key: string;
  readonly value: AnyValue;
}

export type Attributes = readonly KeyValue[];

/** The first value stored under `key`, as OTLP readers resolve duplicate keys. */
export function findAttribute(attributes: Attributes, key: string): AnyValue | undefined {
  for (const attribute of attributes) if (attribute.key === key) return attribute.value;
  return undefined;
}

/** The value under `key` when it is a string, else undefined. */
export function stringAttribute(attributes: Attributes, key: string): string | undefined {
  const value = findAttribute(attributes, key);
  return value?.type === "string" ? value.value : undefined;
}

/**
 * The text a value is searched and compared by: `true`, `42`, `0.5`, the string itself; bytes as base64;
 * arrays and kvlists as compact JSON of their plain form. The scanner hashes scalars by the same text.
 */
export function anyValueText(value: AnyValue): string {
  switch (value.type) {
    case "string":
      return value.value;
    case "bool":
      return value.value ? "true" : "false";
    case "int":
      return value.value.toString();
    case "double":
      return doubleText(value.value);
    case "bytes":
      return Buffer.from(value.value.buffer, value.value.byteOffset, value.value.byteLength).toString("base64");
    case "empty":
      return "";
    default:
      return plainJson(value);
  }
}

/** `1`, `0.5`, `1e+300`, `NaN`, `Infinity`, `-Infinity`; negative zero is `0`. */
export function doubleText(value: number): string {
  return String(value);
}

function plainJson(value: AnyValue): string {
  switch (value.type) {
    case "array":
      return `[${value.value.map(plainJson).join(",")}]`;
    case "kvlist":
      return `{${value.value.map((kv) => `${JSON.stringify(kv.key)}:${plainJson(kv.value)}`).join(",")}}`;
    case "string":
    case "bytes":
      return JSON.stringify(anyValueText(value));
    case "double":
      return Number.isFinite(value.value) ? doubleText(value.value) : JSON.stringify(doubleText(value.value));
    case "empty":
      return "null";
    default:
      return anyValueText(value);
  }
}
