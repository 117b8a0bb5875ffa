/**
 * Lets through `perSecond` a second on average and a burst of at most one second's worth, or `burst` (never less than
 * one). What is spent may leave a debt, which later fills pay.
 */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #now: () => number;
  #tokens: number;
  #filledAt: number;

  /** @param now a clock in ms; jumps back count as no time */
  constructor(perSecond: number, now: () => number, burst = perSecond) {
    this.#perSecond = perSecond;
    this.#burst = Math.max(1, burst);
    this.#now = now;
    this.#tokens = this.#burst;
    this.#filledAt = now();
  }

  /** How long until there is a token, ms; 0 now. */
  waitMs(): number {
    const now = this.#now();
    const elapsed = Math.max(0, now - this.#filledAt);
    this.#filledAt = now;
    this.#tokens = Math.min(this.#burst, this.#tokens + (elapsed * this.#perSecond) / 1_000);
    // A sum of many small fills may miss a whole token by a rounding error.
    const missing = 1 - this.#tokens;
    return missing <= 1e-9 ? 0 : Math.ceil((missing * 1_000) / this.#perSecond);
  }

  take(): boolean {
    if (this.waitMs() > 0) return false;
    this.spend(1);
    return true;
  }

  spend(tokens: number): void {
    this.#tokens -= tokens;
  }
}
