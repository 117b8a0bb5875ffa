/** Parts of 2^56 that rejection thresholds and randomness are counted in (OpenTelemetry, "Probability sampling"). */
const RANGE = 2n ** 56n;
const HEX_DIGITS = 14;
const PRECISION = 4;

/** Least probability other than 0 that a threshold can state: 2^-56. */
export const MIN_PROBABILITY = 2 ** -56;

/**
 * The rejection threshold of a probability in (0, 1], out of 2^56, rounded to 4 hex digits after any leading `f`s; and
 * its text for `th`, trailing zeros stripped: ½ → `8`, 1 % → `fd70a`.
 */
export function thresholdOf(probability: number): { readonly value: bigint; readonly text: string } {
  const precision = Math.min(
    HEX_DIGITS,
    PRECISION + Math.max(0, leadingDigits(probability), leadingDigits(1 - probability)),
  );
  let value = RANGE - BigInt(Math.round(probability * 2 ** 56));
  const shift = 4n * BigInt(HEX_DIGITS - precision);
  if (shift > 0n) value = ((value + (1n << (shift - 1n))) >> shift) << shift;
  if (value >= RANGE) value = RANGE - (1n << shift);
  const text = value.toString(16).padStart(HEX_DIGITS, "0").replace(/0+$/, "");
  return { value, text: text === "" ? "0" : text };
}

/** 56 bits of randomness: `rv` of an `ot` trace state entry, else the last 7 bytes of the trace id. */
export function randomnessOf(traceId: string, otEntry: string | undefined): bigint {
  const rv = /(?:^|;)rv:([0-9a-f]{14})(?:;|$)/.exec(otEntry ?? "")?.[1];
  return BigInt(`0x${rv ?? traceId.slice(-HEX_DIGITS)}`);
}

/** An `ot` entry with `th` set, or removed for undefined; its other fields stay. */
export function withThreshold(otEntry: string | undefined, threshold: string | undefined): string {
  const others = (otEntry ?? "").split(";").filter((field) => field !== "" && !field.startsWith("th:"));
  return [...(threshold === undefined ? [] : [`th:${threshold}`]), ...others].join(";");
}

/** Whole hex digits that are zero in front of a fraction's first one. */
function leadingDigits(fraction: number): number {
  if (fraction <= 0) return 0;
  const exponent = Math.floor(Math.log2(fraction)) + 1;
  return Math.trunc(exponent / -4);
}
