/** What a credential may do in a time; undefined is no limit. */
export interface RateLimits {
  readonly requests_per_second?: number | undefined;
  readonly mebibytes_per_minute?: number | undefined;
}

const MIB = 1024 * 1024;
const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;

/** Which limit is used up, and when the next request may come. */
export interface Exceeded {
  readonly limit: keyof RateLimits;
  readonly waitMs: number;
}

/** Fills steadily and holds one period's worth. What is taken may leave a debt, which later fills pay. */
class Bucket {
  readonly #perMs: number;
  readonly #most: number;
  #level: number;
  #filledAtMs: number;

  constructor(perPeriod: number, periodMs: number, least: number, nowMs: number) {
    this.#perMs = perPeriod / periodMs;
    this.#most = Math.max(least, perPeriod);
    this.#level = this.#most;
    this.#filledAtMs = nowMs;
  }

  /** How long until there is this much, ms; 0 now. */
  waitMs(wanted: number, nowMs: number): number {
    // A clock that was set back is no time.
    const elapsedMs = Math.max(0, nowMs - this.#filledAtMs);
    this.#filledAtMs = nowMs;
    this.#level = Math.min(this.#most, this.#level + elapsedMs * this.#perMs);
    // Many small fills may miss a whole one by a rounding error.
    const missing = wanted - this.#level;
    return missing <= 1e-9 ? 0 : Math.ceil(missing / this.#perMs);
  }

  take(amount: number): void {
    this.#level -= amount;
  }
}

/**
 * The rate and the quota of one credential in this thread. How long a body is may be known only behind it, so that a
 * request is let in while the quota has anything left, and what it took beyond that has to be waited for afterwards.
 */
export class Rates {
  readonly #requests: Bucket | undefined;
  readonly #bytes: Bucket | undefined;
  readonly #now: () => number;

  /** @param now a clock, ms */
  constructor({ requests_per_second: requests, mebibytes_per_minute: mebibytes }: RateLimits, now: () => number) {
    this.#now = now;
    this.#requests = requests === undefined ? undefined : new Bucket(requests, SECOND_MS, 1, now());
    this.#bytes = mebibytes === undefined ? undefined : new Bucket(mebibytes * MIB, MINUTE_MS, 1, now());
  }

  /** Counts a request where it may come now; else says what is used up. */
  admit(): Exceeded | undefined {
    const nowMs = this.#now();
    const bytesMs = this.#bytes?.waitMs(1, nowMs) ?? 0;
    if (bytesMs > 0) return { limit: "mebibytes_per_minute", waitMs: bytesMs };
    const requestsMs = this.#requests?.waitMs(1, nowMs) ?? 0;
    if (requestsMs > 0) return { limit: "requests_per_second", waitMs: requestsMs };
    this.#requests?.take(1);
    return undefined;
  }

  /** Counts bytes that came; undefined where nothing bounds them. */
  get charge(): ((bytes: number) => void) | undefined {
    const bytes = this.#bytes;
    return bytes && ((count) => bytes.take(count));
  }
}
