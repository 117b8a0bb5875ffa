/** ns of each unit, the longest last; days, weeks and years as Prometheus counts them. Two letters stand for µ. */
export const UNIT_NANOS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
  w: 604_800_000_000_000n,
  y: 31_536_000_000_000_000n,
};
const PART = /^(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h|d|w|y)/;
const MAX_NANOS = (1n << 63n) - 1n;

/**
 * ns of numbers with units, one behind the other: `1h30m`, `1.5s`. Fractions of a ns are cut off. Undefined for
 * anything else, for units longer than `longest`, and beyond 2^63 − 1 ns.
 */
export function nanosOfParts(text: string, longest: "h" | "y"): bigint | undefined {
  const most = UNIT_NANOS[longest] as bigint;
  let rest = text;
  let total = 0n;
  do {
    const part = PART.exec(rest);
    if (part === null) return undefined;
    const unit = UNIT_NANOS[part[2] as string] as bigint;
    if (unit > most) return undefined;
    const [whole, fraction] = (part[1] as string).split(".");
    total += BigInt(whole || "0") * unit;
    if (fraction) {
      const kept = fraction.slice(0, 18);
      total += (BigInt(kept) * unit) / 10n ** BigInt(kept.length);
    }
    rest = rest.slice(part[0].length);
  } while (rest !== "");
  return total <= MAX_NANOS ? total : undefined;
}
