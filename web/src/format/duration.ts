const UNITS = [
  { ns: 1e9, suffix: "s" },
  { ns: 1e6, suffix: "ms" },
  { ns: 1e3, suffix: "µs" },
  { ns: 1, suffix: "ns" },
] as const;

/**
 * A duration for reading, three significant digits: `417 ns`, `1.23 µs`, `37.4 ms`, `2.51 s`, `3 min 20 s`, `1 h 5
 * min`. Negative durations (a span that ends before it starts) keep their sign; one that is not known is a dash.
 */
export function formatDuration(ns: number | null | undefined): string {
  if (ns === null || ns === undefined || !Number.isFinite(ns)) return "–";
  if (ns < 0) return `−${formatDuration(-ns)}`;
  if (ns === 0) return "0 ns";
  if (ns >= 3599.5e9) return twoUnits(Math.round(ns / 60e9), 60, "h", "min");
  if (ns >= 99.95e9) return twoUnits(Math.round(ns / 1e9), 60, "min", "s");
  for (const unit of UNITS) {
    // 999.7 ms reads "1 s", not "1000 ms".
    if (ns >= unit.ns * 0.9995) return `${threeDigits(ns / unit.ns)} ${unit.suffix}`;
  }
  return `${threeDigits(ns)} ns`;
}

/**
 * An offset on a time axis: one unit for the whole axis, so that labels compare at a glance; `step` is the tick
 * distance.
 */
export function formatOffset(ns: number, step: number, axisEnd: number): string {
  if (ns === 0) return "0";
  if (step >= 30e9) return formatDuration(ns);
  const unit = UNITS.find((candidate) => Math.abs(axisEnd) >= candidate.ns) ?? UNITS[3];
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

function twoUnits(total: number, base: number, big: string, small: string): string {
  const rest = total % base;
  const whole = `${Math.floor(total / base)} ${big}`;
  return rest === 0 ? whole : `${whole} ${rest} ${small}`;
}

function threeDigits(value: number): string {
  const digits = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return String(Number(value.toFixed(digits)));
}
