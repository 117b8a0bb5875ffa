import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../../src/model/time.ts";

/** How far back a page may look. */
export const LOOKBACKS = [
  { value: "5m", label: "Last 5 minutes", ms: 5 * MINUTE_MS },
  { value: "15m", label: "Last 15 minutes", ms: 15 * MINUTE_MS },
  { value: "1h", label: "Last hour", ms: HOUR_MS },
  { value: "3h", label: "Last 3 hours", ms: 3 * HOUR_MS },
  { value: "12h", label: "Last 12 hours", ms: 12 * HOUR_MS },
  { value: "24h", label: "Last 24 hours", ms: DAY_MS },
  { value: "2d", label: "Last 2 days", ms: 2 * DAY_MS },
  { value: "7d", label: "Last 7 days", ms: 7 * DAY_MS },
  { value: "all", label: "Any time", ms: Number.POSITIVE_INFINITY },
] as const;
export const DEFAULT_LOOKBACK = "1h";

/** Width of a look-back such as `90m` or `2d` in ms; Infinity for `all`; undefined for anything else. */
export function lookbackMs(text: string): number | undefined {
  if (text === "all") return Number.POSITIVE_INFINITY;
  const match = /^(\d+(?:\.\d+)?)(s|m|h|d|w)$/.exec(text);
  if (match === null) return undefined;
  const factor = { s: 1_000, m: MINUTE_MS, h: HOUR_MS, d: DAY_MS, w: 7 * DAY_MS }[
    match[2] as "s" | "m" | "h" | "d" | "w"
  ];
  return Number(match[1]) * factor;
}

/** A look-back within a sentence: `in the last hour`, `at any time`. */
export function lookbackWords(text: string): string {
  if (text === "all") return "at any time";
  const label = LOOKBACKS.find(({ value }) => value === text)?.label ?? `Last ${text}`;
  return `in the ${label.toLowerCase()}`;
}
