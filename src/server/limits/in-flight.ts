import { RetryableError } from "../../component/errors.ts";
import type { RequestBudget, Reservation } from "../../component/receiver.ts";

/** 128 MiB. */
export const DEFAULT_IN_FLIGHT_BYTES = 128 * 1024 * 1024;

/** What a refused sender is asked to wait, ms. */
const RETRY_AFTER_MS = 1_000;
/** For how long after its last request a sender counts as one that wants room, ms: SDKs send every 5 s. */
const PRESENT_MS = 10_000;

/** A sender that asked for room, and when it did last. */
interface Asked {
  readonly source: string;
  readonly atMs: number;
}

/**
 * Bytes of requests that are being received or wait for their commit, over all receivers of one collector. A request
 * counts with the bytes that came and, when they are compressed, with those they inflate to. One request always fits
 * into an idle budget: its size is bounded by the receiver's own limit. One sender gets at most half while others send
 * too, also where what they sent was just refused: a flood leaves room for everybody else.
 */
export class InFlightBudget implements RequestBudget {
  readonly maxBytes: number;
  readonly #now: () => number;
  #used = 0;
  /** Of those that hold anything. */
  readonly #heldBy = new Map<string, number>();
  /** The last to ask, and the last of those that are another. */
  #last: Asked | undefined;
  #before: Asked | undefined;

  /** @param now ms of a clock that never goes back */
  constructor(maxBytes: number = DEFAULT_IN_FLIGHT_BYTES, now: () => number = () => performance.now()) {
    this.maxBytes = maxBytes;
    this.#now = now;
  }

  get usedBytes(): number {
    return this.#used;
  }

  assertRoom(source: string): void {
    this.#asks(source);
    if (this.#used >= this.maxBytes) throw this.#overloaded();
    if ((this.#heldBy.get(source) ?? 0) >= this.#share(source)) throw this.#overShare(source);
  }

  take(bytes: number, source: string): Reservation {
    this.#asks(source);
    const reservation = new HeldBytes(this, source);
    reservation.grow(bytes);
    return reservation;
  }

  /** @internal `held` is what the same request holds already. */
  add(bytes: number, held: number, source: string): void {
    const ofSource = this.#heldBy.get(source) ?? 0;
    if (this.#used > held && this.#used + bytes > this.maxBytes) throw this.#overloaded();
    if (ofSource > held && ofSource + bytes > this.#share(source)) throw this.#overShare(source);
    this.#used += bytes;
    if (bytes > 0) this.#heldBy.set(source, ofSource + bytes);
  }

  /** @internal */
  giveBack(bytes: number, source: string): void {
    this.#used -= bytes;
    const left = (this.#heldBy.get(source) ?? 0) - bytes;
    if (left > 0) this.#heldBy.set(source, left);
    else this.#heldBy.delete(source);
  }

  #asks(source: string): void {
    if (this.#last !== undefined && this.#last.source !== source) this.#before = this.#last;
    this.#last = { source, atMs: this.#now() };
  }

  #share(source: string): number {
    const other = this.#last?.source === source ? this.#before : this.#last;
    const waits = other !== undefined && this.#now() - other.atMs < PRESENT_MS;
    return waits ? this.maxBytes / 2 : this.maxBytes;
  }

  #overloaded(): RetryableError {
    return overloaded(`requests in flight hold ${this.#used} bytes of at most ${bytesText(this.maxBytes)}`);
  }

  #overShare(source: string): RetryableError {
    const held = this.#heldBy.get(source) ?? 0;
    const most = bytesText(this.maxBytes / 2);
    return overloaded(`requests of ${source} hold ${held} bytes of at most ${most} while others send too`);
  }
}

function overloaded(what: string): RetryableError {
  return new RetryableError("overloaded", `${what}; try again later`, RETRY_AFTER_MS);
}

function bytesText(bytes: number): string {
  return `${bytes} (${Math.round(bytes / (1024 * 1024))} MiB)`;
}

class HeldBytes implements Reservation {
  readonly #budget: InFlightBudget;
  readonly #source: string;
  #held = 0;

  constructor(budget: InFlightBudget, source: string) {
    this.#budget = budget;
    this.#source = source;
  }

  get bytes(): number {
    return this.#held;
  }

  grow(bytes: number): void {
    this.#budget.add(bytes, this.#held, this.#source);
    this.#held += bytes;
  }

  release(): void {
    this.#budget.giveBack(this.#held, this.#source);
    this.#held = 0;
  }
}
