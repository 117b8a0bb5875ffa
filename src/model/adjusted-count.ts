import { parseThreshold, probabilityOf } from "./sampling-threshold.ts";

/**
 * How many spans one sampled span stands for: 2^56 / (2^56 − T), T being the rejection threshold that `th` gives as up
 * to 14 hex digits, trailing zeros left out (OpenTelemetry, "TraceState: Probability Sampling"). Undefined for a text
 * that is no threshold, the empty one among them.
 */
export function adjustedCount(threshold: string): number | undefined {
  const parsed = parseThreshold(threshold);
  return parsed === undefined ? undefined : 1 / probabilityOf(parsed);
}
