import type { UiValue } from "../../../../src/query/ui/api-types.ts";

/** Longest text of a value in a row, UTF-16 units. */
const LONGEST = 200;

/** A value in a few words. */
export function valueWords(value: UiValue): string {
  const text = value.type === "string" ? value.value : JSON.stringify(plain(value));
  const line = (value.type === "string" && text.trim() === "" ? JSON.stringify(text) : text).replace(/\s+/g, " ");
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line;
}

function plain(value: UiValue): unknown {
  switch (value.type) {
    case "array":
      return value.value.map(plain);
    case "kvlist":
      return Object.fromEntries(value.value.map((one) => [one.key, plain(one)]));
    case "int":
      // Beyond 2^53 a number would be another one.
      return Number.isSafeInteger(Number(value.value)) ? Number(value.value) : value.value;
    default:
      return value.value;
  }
}
