/**
 * OpenTelemetry's consistent probability sampling (specification, trace/tracestate-probability-sampling.md): a span is
 * kept iff its randomness R is at least the rejection threshold T; both have 56 bits. A number has 53, so either is
 * held as its upper 24 and lower 32 bits.
 */
export interface U56 {
  readonly high: number;
  readonly low: number;
}

/** A rejection threshold. */
export interface Threshold extends U56 {
  /** `th` as a trace state carries it: hex without trailing zeros, `0` where everything is kept. */
  readonly text: string;
}

const BITS = 56n;
const RANGE = 1n << BITS;
const HEX_DIGITS = 14;
/** Significant hex digits of a threshold. */
const PRECISION = 4;

export const ALWAYS: Threshold = { high: 0, low: 0, text: "0" };

/** The smallest probability that has a threshold, 2^-56. */
export const MIN_PROBABILITY = 2 ** -56;

/**
 * T = (1 − p)·2^56, rounded to four significant hex digits beside leading `f`s (p near 0) or zeros (p near 1).
 * @param probability 0 < p ≤ 1; smaller than MIN_PROBABILITY counts as that
 */
export function thresholdOf(probability: number): Threshold {
  if (probability >= 1) return ALWAYS;
  const p = Math.max(probability, MIN_PROBABILITY);
  const digits = Math.min(HEX_DIGITS, PRECISION + Math.max(leadingDigits(p), leadingDigits(1 - p)));
  const exact = RANGE - scaled(p);
  const unit = 1n << (4n * BigInt(HEX_DIGITS - digits));
  const rounded = unit === 1n ? exact : ((exact + unit / 2n) / unit) * unit;
  const text = (rounded >= RANGE ? RANGE - 1n : rounded).toString(16).padStart(HEX_DIGITS, "0");
  return parseThreshold(text) as Threshold;
}

/** p·2^56 as an integer: the product with a power of two is exact. */
function scaled(p: number): bigint {
  return BigInt(Math.round(p * 2 ** 56));
}

/** Hex digits that say nothing of a fraction: 0 for ≥ 1/16, 1 for ≥ 1/256. */
function leadingDigits(fraction: number): number {
  if (fraction <= 0) return 0;
  return Math.max(0, Math.floor(-(Math.floor(Math.log2(fraction)) + 1) / 4));
}

/** `th`: 1 to 14 lower-case hex digits, trailing zeros left out or not; undefined for anything else. */
export function parseThreshold(text: string): Threshold | undefined {
  if (!/^[0-9a-f]{1,14}$/.test(text)) return undefined;
  return { ...fromDigits(text.padEnd(HEX_DIGITS, "0")), text: text.replace(/0+$/, "") || "0" };
}

/** `rv`, or the last 14 digits of a trace id: exactly 14 lower-case hex digits; undefined for anything else. */
export function parseRandomness(text: string): U56 | undefined {
  return /^[0-9a-f]{14}$/.test(text) ? fromDigits(text) : undefined;
}

function fromDigits(digits: string): U56 {
  return { high: Number.parseInt(digits.slice(0, 6), 16), low: Number.parseInt(digits.slice(6), 16) };
}

/** R of a trace id whose 16 bytes begin at `start`: its last 7 bytes. */
export function traceIdRandomness(traceIds: Uint8Array, start: number): U56 {
  const byte = (i: number): number => traceIds[start + i] as number;
  return {
    high: (byte(9) << 16) | (byte(10) << 8) | byte(11),
    low: ((byte(12) << 24) | (byte(13) << 16) | (byte(14) << 8) | byte(15)) >>> 0,
  };
}

/** a ≥ b. */
export function atLeast(a: U56, b: U56): boolean {
  return a.high === b.high ? a.low >= b.low : a.high > b.high;
}

/** The share of traces that a threshold keeps. */
export function probabilityOf(threshold: U56): number {
  // The upper half first, or what is left of 2^56 would be rounded to a multiple of 8.
  return ((2 ** 24 - threshold.high) * 2 ** 32 - threshold.low) / 2 ** 56;
}

/** What the member `ot` of a trace state says of sampling. */
export interface OtSampling {
  readonly threshold: Threshold | undefined;
  readonly randomness: U56 | undefined;
}

const NOTHING: OtSampling = { threshold: undefined, randomness: undefined };

/** Reads `ot=th:…;rv:…` of a W3C trace state; values of a wrong form are as good as absent. */
export function readOtSampling(traceState: string): OtSampling {
  if (!traceState.includes("ot=")) return NOTHING;
  for (const part of traceState.split(",")) {
    const member = part.trim();
    if (!member.startsWith("ot=")) continue;
    let threshold: Threshold | undefined;
    let randomness: U56 | undefined;
    for (const pair of member.slice(3).split(";")) {
      if (pair.startsWith("th:")) threshold ??= parseThreshold(pair.slice(3));
      else if (pair.startsWith("rv:")) randomness ??= parseRandomness(pair.slice(3));
    }
    return { threshold, randomness };
  }
  return NOTHING;
}
