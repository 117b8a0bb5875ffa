import { RetryableError } from "../component/errors.ts";
import type { RequestBudget, Reservation } from "../component/receiver.ts";

/** 128 MiB. */
export const DEFAULT_IN_FLIGHT_BYTES = 128 * 1024 * 1024;

/** What a refused sender is asked to wait, ms. */
const RETRY_AFTER_MS = 1_000;

/**
 * Bytes of requests that are being received or wait for their commit, over all receivers of one collector. A request
 * counts with the bytes that came and, when they are compressed, with those they inflate to. One request always fits
 * into an idle budget: its size is bounded by the receiver's own limit.
 */
export class InFlightBudget implements RequestBudget {
  readonly maxBytes: number;
  #used = 0;

  constructor(maxBytes: number = DEFAULT_IN_FLIGHT_BYTES) {
    this.maxBytes = maxBytes;
  }

  get usedBytes(): number {
    return this.#used;
  }

  assertRoom(): void {
    if (this.#used >= this.maxBytes) throw this.#overloaded();
  }

  take(bytes: number): Reservation {
    const reservation = new HeldBytes(this);
    reservation.grow(bytes);
    return reservation;
  }

  /** @internal `held` is what the same request holds already. */
  add(bytes: number, held: number): void {
    const others = this.#used - held;
    if (others > 0 && this.#used + bytes > this.maxBytes) throw this.#overloaded();
    this.#used += bytes;
  }

  /** @internal */
  giveBack(bytes: number): void {
    this.#used -= bytes;
  }

  #overloaded(): RetryableError {
    const mib = Math.round(this.maxBytes / (1024 * 1024));
    return new RetryableError(
      "overloaded",
      `requests in flight hold ${this.#used} bytes of at most ${this.maxBytes} (${mib} MiB); try again later`,
      RETRY_AFTER_MS,
    );
  }
}

class HeldBytes implements Reservation {
  readonly #budget: InFlightBudget;
  #held = 0;

  constructor(budget: InFlightBudget) {
    this.#budget = budget;
  }

  get bytes(): number {
    return this.#held;
  }

  grow(bytes: number): void {
    this.#budget.add(bytes, this.#held);
    this.#held += bytes;
  }

  release(): void {
    this.#budget.giveBack(this.#held);
    this.#held = 0;
  }
}
