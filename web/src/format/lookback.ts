/** How far back a page may look. */
export const LOOKBACKS = [
  { value: "5m", label: "Last 5 minutes", ms: 300_000 },
  { value: "15m", label: "Last 15 minutes", ms: 900_000 },
  { value: "1h", label: "Last hour", ms: 3_600_000 },
  { value: "3h", label: "Last 3 hours", ms: 10_800_000 },
  { value: "12h", label: "Last 12 hours", ms: 43_200_000 },
  { value: "24h", label: "Last 24 hours", ms: 86_400_000 },
  { value: "2d", label: "Last 2 days", ms: 172_800_000 },
  { value: "7d", label: "Last 7 days", ms: 604_800_000 },
  { value: "all", label: "Any time", ms: Number.POSITIVE_INFINITY },
] as const;
export const DEFAULT_LOOKBACK = "1h";

/** Width of a look-back such as `90m` or `2d` in ms; Infinity for `all`; undefined for anything else. */
export function lookbackMs(text: string): number | undefined {
  if (text === "all") return Number.POSITIVE_INFINITY;
  const match = /^(\d+(?:\.\d+)?)(s|m|h|d|w)$/.exec(text);
  if (match === null) return undefined;
  const factor = { s: 1e3, m: 60e3, h: 3600e3, d: 86400e3, w: 604800e3 }[match[2] as "s" | "m" | "h" | "d" | "w"];
  return Number(match[1]) * factor;
}

/** A look-back within a sentence: `in the last hour`, `at any time`. */
export function lookbackWords(text: string): string {
  if (text === "all") return "at any time";
  const label = LOOKBACKS.find(({ value }) => value === text)?.label ?? `Last ${text}`;
  return `in the ${label.toLowerCase()}`;
}
