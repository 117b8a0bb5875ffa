/** What is said of a request or a line in which no spans were found, though it said something else. */
export function spanlessText(bytes: number, unknownFields: readonly string[]): string {
  const names = unknownFields.map((name) => JSON.stringify(name)).join(", ");
  const unknown = names === "" ? "" : `; expected resourceSpans, scopeSpans and spans, found ${names}`;
  return `no spans were found in ${bytes} bytes${unknown}`;
}
