/**
 * How many spans one sampled span stands for: 2^56 / (2^56 − T), T being the rejection threshold that `th` gives as up
 * to 14 hex digits, trailing zeros left out (OpenTelemetry, "TraceState: Probability Sampling"). Undefined for a text
 * that is no threshold, the empty one among them.
 */
export function adjustedCount(threshold: string): number | undefined {
  if (!/^[0-9a-f]{1,14}$/.test(threshold)) return undefined;
  const digits = threshold.padEnd(14, "0");
  const high = Number.parseInt(digits.slice(0, 6), 16);
  const low = Number.parseInt(digits.slice(6), 16);
  // Both halves are exact, and so is their difference from 2^56 up to float64's rounding.
  return 2 ** 56 / ((2 ** 24 - high) * 2 ** 32 - low);
}
