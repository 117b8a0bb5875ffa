import { DURATION_UNITS, formatDuration } from "../../../src/model/duration-text.ts";

/**
 * An offset on a time axis: one unit for the whole axis, so that labels compare at a glance; `step` is the tick
 * distance.
 */
export function formatOffset(ns: number, step: number, axisEnd: number): string {
  if (ns === 0) return "0";
  if (step >= 30e9) return formatDuration(ns);
  const unit = DURATION_UNITS.find((candidate) => Math.abs(axisEnd) >= candidate.ns) ?? DURATION_UNITS[3];
  const digits = Math.max(0, Math.min(9, -Math.floor(Math.log10(step / unit.ns) + 1e-9)));
  const text = (Math.abs(ns) / unit.ns).toFixed(digits);
  return `${ns < 0 ? "−" : ""}${text} ${unit.suffix}`;
}

const DURATION = /^\s*(\d+(?:\.\d+)?|\.\d+)\s*(ns|us|µs|μs|ms|s|m|min|h)\s*$/;
const FACTORS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  min: 60e9,
  h: 3600e9,
};

/**
 * Reads `100ms`, `1.2s`, `500us`, `2m` as ns; undefined for anything else. A bare number has no unit and is refused.
 */
export function parseDuration(text: string): number | undefined {
  const match = DURATION.exec(text);
  if (match === null) return undefined;
  return Number(match[1]) * FACTORS[match[2]!]!;
}
