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

/** Longer texts are not looked into. */
const MOST_JSON = 100_000;

/** A text that is a JSON object or list, with a line for each member; undefined for all else. */
export function jsonLayout(text: string): string | undefined {
  if (text.length > MOST_JSON || !/^\s*[{[]/.test(text)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    // Numbers beyond what a double holds would read otherwise than they were sent.
    return sameNumbers(text) ? JSON.stringify(value, undefined, 2) : undefined;
  } catch {
    return undefined;
  }
}

function sameNumbers(text: string): boolean {
  const outside = text.replace(/"(?:[^"\\]|\\.)*"/g, '""');
  return (outside.match(/-?\d[\d.eE+-]*/g) ?? []).every((number) => String(Number(number)) === number);
}

/** A text that is nothing but a web address, as the address to go to; undefined for all else, and for other schemes. */
export function linkOf(text: string): string | undefined {
  if (text.length > 2_000 || !/^https?:\/\/[^\s"<>]+$/i.test(text)) return undefined;
  return URL.canParse(text) ? text : undefined;
}
