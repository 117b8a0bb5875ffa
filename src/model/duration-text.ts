/** Largest first. */
export const DURATION_UNITS = [
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
  for (const unit of DURATION_UNITS) {
    // 999.7 ms reads "1 s", not "1000 ms".
    if (ns >= unit.ns * 0.9995) return `${threeDigits(ns / unit.ns)} ${unit.suffix}`;
  }
  return `${threeDigits(ns)} ns`;
}

/** A trace's duration for reading where it is another than its root's, read; undefined where not, or not known. */
export function otherThanRoot(rootNano: number | undefined, traceNano: number | undefined): string | undefined {
  if (traceNano === undefined) return undefined;
  const whole = formatDuration(traceNano);
  return rootNano !== undefined && formatDuration(rootNano) === whole ? undefined : whole;
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
