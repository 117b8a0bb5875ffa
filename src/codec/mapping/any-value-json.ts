import type { AnyValue, Attributes, KeyValue } from "../../model/any-value.ts";

/** What JSON.parse can give. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/** Deepest nesting read back from a reserved attribute; deeper text is not ours. */
const MAX_DEPTH = 128;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * An AnyValue in OTLP's JSON form (`{"intValue":"5"}`): what the reserved attributes of the Jaeger and Zipkin mappings
 * hold. Unlike plain JSON it keeps every type apart. Doubles that JSON has no token for are strings, as in proto3 JSON;
 * negative zero is the string `-0`.
 */
export function anyValueToJson(value: AnyValue): JsonObject {
  switch (value.type) {
    case "string":
      return { stringValue: value.value };
    case "bool":
      return { boolValue: value.value };
    case "int":
      return { intValue: value.value.toString() };
    case "double":
      return { doubleValue: doubleToJson(value.value) };
    case "bytes":
      return { bytesValue: bytesToBase64(value.value) };
    case "array":
      return { arrayValue: { values: value.value.map(anyValueToJson) } };
    case "kvlist":
      return { kvlistValue: { values: attributesToJson(value.value) } };
    case "empty":
      return {};
  }
}

function doubleToJson(value: number): string | number {
  if (Object.is(value, -0)) return "-0";
  return Number.isFinite(value) ? value : String(value);
}

export function bytesToBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

export function attributesToJson(attributes: Attributes): JsonObject[] {
  return attributes.map((attribute) => ({ key: attribute.key, value: anyValueToJson(attribute.value) }));
}

/** Inverse of `anyValueToJson`; undefined for anything that it would not have written. */
export function anyValueFromJson(json: unknown, depth = 0): AnyValue | undefined {
  if (!isJsonObject(json) || depth > MAX_DEPTH) return undefined;
  if (typeof json.stringValue === "string") return { type: "string", value: json.stringValue };
  if (typeof json.boolValue === "boolean") return { type: "bool", value: json.boolValue };
  if (typeof json.intValue === "string") return intFromText(json.intValue);
  if (json.doubleValue !== undefined) return doubleFromJson(json.doubleValue);
  if (typeof json.bytesValue === "string") {
    return { type: "bytes", value: new Uint8Array(Buffer.from(json.bytesValue, "base64")) };
  }
  if (isJsonObject(json.arrayValue)) {
    const values = listFromJson(json.arrayValue.values, (item) => anyValueFromJson(item, depth + 1));
    return values && { type: "array", value: values };
  }
  if (isJsonObject(json.kvlistValue)) {
    const values = listFromJson(json.kvlistValue.values, (item) => keyValueFromJson(item, depth + 1));
    return values && { type: "kvlist", value: values };
  }
  return Object.keys(json).length === 0 ? { type: "empty" } : undefined;
}

/** Inverse of `attributesToJson`; undefined for anything that it would not have written. */
export function attributesFromJson(json: unknown): KeyValue[] | undefined {
  return listFromJson(json, (item) => keyValueFromJson(item, 0));
}

function keyValueFromJson(json: unknown, depth: number): KeyValue | undefined {
  if (!isJsonObject(json) || typeof json.key !== "string") return undefined;
  const value = anyValueFromJson(json.value, depth);
  return value && { key: json.key, value };
}

/** Every item through `read`; undefined where the list is none or one item cannot be read. */
export function listFromJson<T>(json: unknown, read: (item: unknown) => T | undefined): T[] | undefined {
  if (!Array.isArray(json)) return undefined;
  const items: T[] = [];
  for (const item of json) {
    const value = read(item);
    if (value === undefined) return undefined;
    items.push(value);
  }
  return items;
}

/** A decimal int64, or undefined. */
export function intFromText(text: string): AnyValue | undefined {
  if (!/^-?\d{1,19}$/.test(text)) return undefined;
  const value = BigInt(text);
  return value === BigInt.asIntN(64, value) ? { type: "int", value } : undefined;
}

function doubleFromJson(json: Json): AnyValue | undefined {
  if (typeof json === "number") return { type: "double", value: json };
  if (json === "NaN" || json === "Infinity" || json === "-Infinity" || json === "-0") {
    return { type: "double", value: Number(json) };
  }
  return undefined;
}

/** True when both hold the same type and value; doubles by bits, so NaN is NaN and -0 is not 0. */
export function anyValuesEqual(a: AnyValue, b: AnyValue): boolean {
  if (a.type !== b.type) return false;
  switch (a.type) {
    case "string":
    case "bool":
    case "int":
      return a.value === (b as typeof a).value;
    case "double":
      return Object.is(a.value, (b as typeof a).value);
    default:
      return JSON.stringify(anyValueToJson(a)) === JSON.stringify(anyValueToJson(b));
  }
}
