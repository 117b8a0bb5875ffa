import type { UiAttribute, UiValue } from "../../../../src/query/ui/api-types.ts";

/** An attribute's value as text to read and copy: strings as they are, the rest as JSON would write them. */
export function valueText(value: UiValue): string {
  switch (value.type) {
    case "string":
    case "int":
    case "bytes":
      return value.value;
    case "bool":
    case "double":
      return String(value.value);
    case "empty":
      return "";
    default:
      return JSON.stringify(plain(value), undefined, 2);
  }
}

/** The text Jaeger-style tags are compared by; undefined for values that a tag cannot name. */
export function tagText(attribute: UiAttribute): string | undefined {
  return attribute.type === "array" || attribute.type === "kvlist" || attribute.type === "empty"
    ? undefined
    : valueText(attribute);
}

function plain(value: UiValue): unknown {
  if (value.type === "array") return value.value.map(plain);
  if (value.type === "kvlist") return Object.fromEntries(value.value.map((entry) => [entry.key, plain(entry)]));
  return value.value;
}
