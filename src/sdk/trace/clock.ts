const NANOS_PER_MILLI = 1_000_000n;
const MAX_DRIFT_NANO = 2n * NANOS_PER_MILLI;

/**
 * Wall clock in ns that advances with the monotonic clock, so that spans of one trace in one process order by it. It is
 * set again when it differs from the system's clock by more than 2 ms: after a suspend, or a correction of the clock.
 */
export class SpanClock {
  #wallNano = 0n;
  #monotonicNano = 0n;

  constructor() {
    this.#set();
  }

  /** A reading to start a local root span from. */
  anchor(): ClockAnchor {
    const wall = BigInt(Date.now()) * NANOS_PER_MILLI;
    const drift = this.#wallNano + (process.hrtime.bigint() - this.#monotonicNano) - wall;
    if (drift > MAX_DRIFT_NANO || drift < -MAX_DRIFT_NANO) this.#set();
    return { wallNano: this.#wallNano, monotonicNano: this.#monotonicNano };
  }

  #set(): void {
    this.#wallNano = BigInt(Date.now()) * NANOS_PER_MILLI;
    this.#monotonicNano = process.hrtime.bigint();
  }
}

/** What a local root and all its descendants measure time by. */
export interface ClockAnchor {
  readonly wallNano: bigint;
  readonly monotonicNano: bigint;
}

/** ns since the Unix epoch. */
export function nowNano(anchor: ClockAnchor): bigint {
  return anchor.wallNano + (process.hrtime.bigint() - anchor.monotonicNano);
}

/**
 * A time as callers give it, in ns since the epoch: a bigint is ns, a number is ms, a Date, or `[seconds,
 * nanoseconds]`. Undefined for what is no finite time.
 */
export type TimeInput = bigint | number | Date | readonly [seconds: number, nanoseconds: number];

export function toUnixNano(time: TimeInput): bigint | undefined {
  if (typeof time === "bigint") return time;
  if (Array.isArray(time)) {
    const [seconds, nanoseconds] = time as readonly [number, number];
    if (!Number.isFinite(seconds) || !Number.isFinite(nanoseconds)) return undefined;
    return BigInt(Math.trunc(seconds)) * 1_000_000_000n + BigInt(Math.trunc(nanoseconds));
  }
  const milliseconds = Number(time);
  if (!Number.isFinite(milliseconds)) return undefined;
  const whole = Math.trunc(milliseconds);
  return BigInt(whole) * NANOS_PER_MILLI + BigInt(Math.round((milliseconds - whole) * 1e6));
}
