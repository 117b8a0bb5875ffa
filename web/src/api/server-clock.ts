/** Less is what a header without fractions and a slow answer make, ms. */
const NOTABLE_MS = 60_000;

/** How far the clock of this browser is from that of the collector, as answers tell it in their `Date`. */
export class ServerClock {
  readonly #listeners = new Set<() => void>();
  #aheadMs = 0;

  /** Positive where the browser is ahead; 0 where they agree within a minute, or nobody knows. */
  get aheadMs(): number {
    return this.#aheadMs;
  }

  /** `nowMs`: when the answer came, by the browser. A text that is no date says nothing. */
  heard(date: string | null, nowMs: number): void {
    const told = Date.parse(date ?? "");
    if (Number.isNaN(told)) return;
    const ahead = nowMs - told;
    const next = Math.abs(ahead) < NOTABLE_MS ? 0 : Math.round(ahead / NOTABLE_MS) * NOTABLE_MS;
    if (next === this.#aheadMs) return;
    this.#aheadMs = next;
    for (const listener of this.#listeners) listener();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}

/** That of the collector which serves this page. */
export const serverClock = new ServerClock();
