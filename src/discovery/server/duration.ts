import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "../../model/time.ts";

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: SECOND_MS,
  m: MINUTE_MS,
  h: HOUR_MS,
};
const MAX_MS = 365 * DAY_MS;

/**
 * A Go duration, `1m30s`, `500ms`, `1.5h`, or a number of nanoseconds, in ms. Undefined for anything else, for negative
 * ones and for more than a year.
 */
export function parseDuration(value: unknown): number | undefined {
  if (typeof value === "number") return inRange(value / 1e6);
  if (typeof value !== "string") return undefined;
  if (value === "0") return 0;
  if (!/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(value)) return undefined;
  let total = 0;
  for (const [, number, , unit] of value.matchAll(/(\d+(\.\d+)?)(ns|us|µs|ms|s|m|h)/g)) {
    total += Number(number) * (UNIT_MS[unit as string] as number);
  }
  return inRange(total);
}

function inRange(ms: number): number | undefined {
  return Number.isFinite(ms) && ms >= 0 && ms <= MAX_MS ? ms : undefined;
}

/** `1.5s`, `200ms`: as Go would write it, to the millisecond. */
export function formatDuration(ms: number): string {
  return ms >= 1_000 ? `${Math.round(ms) / 1_000}s` : `${Math.round(ms)}ms`;
}
