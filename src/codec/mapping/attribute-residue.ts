import { type AnyValue, type Attributes, doubleText, type KeyValue } from "../../model/any-value.ts";
import {
  anyValueFromJson,
  anyValuesEqual,
  anyValueToJson,
  attributesFromJson,
  attributesToJson,
  intFromText,
  isJsonObject,
  type JsonObject,
} from "./any-value-json.ts";
import { anyValueFromJsonText } from "./json-text.ts";

/** Types whose text is enough to restore them, once the type is known. */
const TYPES_BY_TEXT = ["int", "double", "bool", "bytes", "empty", "array", "kvlist"] as const;
type TypeByText = (typeof TYPES_BY_TEXT)[number];

/**
 * What has to be told beside `plain` to get `original` back, or undefined when nothing has. `plain` is what a reader
 * who knows only the foreign format makes of the attributes. Keys under a type name are restored from their text, so a
 * value that somebody redacted on the way stays redacted; `set` holds values that text cannot carry, `remove` keys that
 * the foreign format added, `all` the whole list where a key occurs twice. The order of attributes is not kept.
 */
export function attributeResidue(plain: Attributes, original: Attributes): JsonObject | undefined {
  const left = new Map(plain.map((attribute) => [attribute.key, attribute.value]));
  if (new Set(original.map((attribute) => attribute.key)).size !== original.length) {
    return { all: attributesToJson(original) };
  }
  const byType = new Map<TypeByText, string[]>();
  const set: JsonObject[] = [];
  for (const { key, value } of original) {
    const seen = left.get(key);
    left.delete(key);
    if (seen !== undefined && anyValuesEqual(seen, value)) continue;
    if (seen?.type === "string" && value.type !== "string") {
      const restored = restore(value.type, seen.value);
      if (restored !== undefined && anyValuesEqual(restored, value)) {
        const keys = byType.get(value.type);
        if (keys === undefined) byType.set(value.type, [key]);
        else keys.push(key);
        continue;
      }
    }
    set.push({ key, value: anyValueToJson(value) });
  }
  const residue: JsonObject = {
    ...Object.fromEntries(byType),
    ...(set.length > 0 ? { set } : {}),
    ...(left.size > 0 ? { remove: [...left.keys()] } : {}),
  };
  return Object.keys(residue).length > 0 ? residue : undefined;
}

/** Applies what `attributeResidue` wrote. Anything that it would not have written is ignored. */
export function applyAttributeResidue(plain: Attributes, residue: unknown): Attributes {
  if (!isJsonObject(residue)) return plain;
  const all = attributesFromJson(residue.all);
  if (all !== undefined) return all;
  const result = new Map(plain.map((attribute) => [attribute.key, attribute.value]));
  for (const key of stringList(residue.remove)) result.delete(key);
  for (const type of TYPES_BY_TEXT) {
    for (const key of stringList(residue[type])) {
      const value = result.get(key);
      const restored = value?.type === "string" ? restore(type, value.value) : undefined;
      if (restored !== undefined) result.set(key, restored);
    }
  }
  for (const item of Array.isArray(residue.set) ? (residue.set as readonly unknown[]) : []) {
    if (!isJsonObject(item) || typeof item.key !== "string") continue;
    const value = anyValueFromJson(item.value);
    if (value !== undefined) result.set(item.key, value);
  }
  return Array.from(result, ([key, value]): KeyValue => ({ key, value }));
}

export function stringList(json: unknown): string[] {
  return Array.isArray(json) ? json.filter((item): item is string => typeof item === "string") : [];
}

/** The value of a type whose `anyValueText` is `text`, where there is exactly one that can be told. */
function restore(type: TypeByText, text: string): AnyValue | undefined {
  switch (type) {
    case "int":
      return intFromText(text);
    case "double":
      return text !== "" && doubleText(Number(text)) === text ? { type, value: Number(text) } : undefined;
    case "bool":
      return text === "true" || text === "false" ? { type, value: text === "true" } : undefined;
    case "bytes": {
      const bytes = Buffer.from(text, "base64");
      return bytes.toString("base64") === text ? { type, value: new Uint8Array(bytes) } : undefined;
    }
    case "empty":
      return text === "" ? { type } : undefined;
    default: {
      const value = anyValueFromJsonText(text);
      return value?.type === type ? value : undefined;
    }
  }
}
