import { formatCount } from "./count.ts";
export interface RateUnit {
  readonly perSeconds: number;
  readonly suffix: string;
}

const UNITS: readonly RateUnit[] = [
  { perSeconds: 1, suffix: "/s" },
  { perSeconds: 60, suffix: "/min" },
  { perSeconds: 3600, suffix: "/h" },
];

/** The unit in which the largest of a column's rates reads best; one for all, so that they compare at a glance. */
export function rateUnit(largestPerSecond: number): RateUnit {
  return UNITS.find((unit) => largestPerSecond * unit.perSeconds >= 0.995) ?? (UNITS[2] as RateUnit);
}

/** Calls per time, three significant digits: `12.4/s`, `0.25/min`. */
export function formatRate(perSecond: number, unit: RateUnit): string {
  const value = perSecond > 0 ? perSecond * unit.perSeconds : 0;
  const text = value >= 999.5 ? formatCount(Math.round(value)) : String(Number(value.toPrecision(3)));
  return text + unit.suffix;
}
