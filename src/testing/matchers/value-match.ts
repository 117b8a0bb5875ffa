/** Jest's, vitest's and others' `expect.any(Number)`. */
interface AsymmetricMatcher {
  asymmetricMatch(value: unknown): boolean;
  toAsymmetricMatcher?(): string;
}

/**
 * Whether a value is what a pattern says: an asymmetric matcher decides, a regular expression is found in its text,
 * objects need to have what the pattern has, arrays are compared one by one; everything else is equal.
 */
export function valueMatches(value: unknown, pattern: unknown): boolean {
  if (isAsymmetric(pattern)) return pattern.asymmetricMatch(value);
  if (isRegExp(pattern)) return value !== undefined && new RegExp(pattern.source, flagsOf(pattern)).test(String(value));
  if (typeof value === "bigint" || typeof pattern === "bigint") return sameInteger(value, pattern);
  if (Array.isArray(pattern)) {
    return (
      Array.isArray(value) && value.length === pattern.length && pattern.every((one, i) => valueMatches(value[i], one))
    );
  }
  if (ArrayBuffer.isView(pattern)) return ArrayBuffer.isView(value) && bytesOf(pattern).equals(bytesOf(value));
  if (typeof pattern !== "object" || pattern === null) return Object.is(value, pattern);
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(pattern).every(([key, one]) => valueMatches((value as Record<string, unknown>)[key], one));
}

/** A value or a pattern on one line. */
export function inspected(value: unknown): string {
  if (isAsymmetric(value)) return value.toAsymmetricMatcher?.() ?? String(value);
  if (isRegExp(value)) return String(value);
  if (value === undefined) return "nothing";
  if (typeof value === "bigint") return `${value}n`;
  if (ArrayBuffer.isView(value)) return `bytes ${bytesOf(value).toString("base64")}`;
  if (Array.isArray(value)) return `[${value.map(inspected).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? String(value);
  const members = Object.entries(value).map(([key, one]) => `${keyText(key)}: ${inspected(one)}`);
  return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`;
}

function keyText(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key);
}

function isAsymmetric(value: unknown): value is AsymmetricMatcher {
  return typeof (value as AsymmetricMatcher | null | undefined)?.asymmetricMatch === "function";
}

/** Test runners run tests in a realm of their own, where `instanceof` says no. */
function isRegExp(value: unknown): value is RegExp {
  return Object.prototype.toString.call(value) === "[object RegExp]";
}

/** Without what makes it remember where it was. */
function flagsOf({ flags }: RegExp): string {
  return flags.replace(/[gy]/g, "");
}

function sameInteger(a: unknown, b: unknown): boolean {
  const isInteger = (value: unknown) => typeof value === "bigint" || Number.isInteger(value);
  return isInteger(a) && isInteger(b) && BigInt(a as number) === BigInt(b as number);
}

function bytesOf(view: ArrayBufferView): Buffer {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}
