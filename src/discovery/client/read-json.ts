/** Reading answers that may hold anything: every helper gives a harmless value for what is not as expected. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function asObject(value: unknown): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

export function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function asText(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** Texts of a list; others are left out. */
export function asTexts(value: unknown): string[] {
  return asArray(value).filter((item) => typeof item === "string");
}

/** A number, also where it is written as text (int64 in protobuf's JSON); undefined for anything else. */
export function asNumber(value: unknown): number | undefined {
  const number = typeof value === "string" && value !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}

export function asPort(value: unknown): number | undefined {
  const port = asNumber(value);
  return port !== undefined && Number.isInteger(port) && port > 0 && port <= 65_535 ? port : undefined;
}

/** Entries of an object whose values are texts. */
export function asTextRecord(value: unknown): Record<string, string> {
  const entries = Object.entries(asObject(value)).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  );
  return Object.fromEntries(entries);
}
