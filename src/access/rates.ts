import { TokenBucket } from "../model/collections/token-bucket.ts";

/** What a credential may do in a time; undefined is no limit. */
export interface RateLimits {
  readonly requests_per_second?: number | undefined;
  readonly mebibytes_per_minute?: number | undefined;
}

const MIB = 1024 * 1024;
const MINUTE_SECONDS = 60;

/** Which limit is used up, and when the next request may come. */
export interface Exceeded {
  readonly limit: keyof RateLimits;
  readonly waitMs: number;
}

/**
 * The rate and the quota of one credential in this thread. How long a body is may be known only behind it, so that a
 * request is let in while the quota has anything left, and what it took beyond that has to be waited for afterwards.
 */
export class Rates {
  readonly #requests: TokenBucket | undefined;
  readonly #bytes: TokenBucket | undefined;

  /** @param now a clock, ms */
  constructor({ requests_per_second: requests, mebibytes_per_minute: mebibytes }: RateLimits, now: () => number) {
    this.#requests = requests === undefined ? undefined : new TokenBucket(requests, now);
    if (mebibytes === undefined) return;
    const perMinute = mebibytes * MIB;
    this.#bytes = new TokenBucket(perMinute / MINUTE_SECONDS, now, perMinute);
  }

  /** Counts a request where it may come now; else says what is used up. */
  admit(): Exceeded | undefined {
    const bytesMs = this.#bytes?.waitMs() ?? 0;
    if (bytesMs > 0) return { limit: "mebibytes_per_minute", waitMs: bytesMs };
    const requestsMs = this.#requests?.waitMs() ?? 0;
    if (requestsMs > 0) return { limit: "requests_per_second", waitMs: requestsMs };
    this.#requests?.spend(1);
    return undefined;
  }

  /** Counts bytes that came; undefined where nothing bounds them. */
  get charge(): ((bytes: number) => void) | undefined {
    const bytes = this.#bytes;
    return bytes && ((count) => bytes.spend(count));
  }
}
