import type { DiscoveryBackend, ServiceInstance } from "../../component/discovery.ts";
import { reasonOf } from "../../component/reasons.ts";

export interface Listing {
  readonly instances: readonly ServiceInstance[];
  /** For how long the registry has not confirmed this, ms. */
  readonly ageMs: number;
  readonly error: string | undefined;
}

/** However many pages are open, the registry is asked no more often than this, ms. */
const FRESH_MS = 1_000;

/** Everything that a backend knows; the last known answer, with its age, while the backend is away. */
export class RemoteListing {
  readonly #backend: DiscoveryBackend;
  readonly #now: () => number;
  #instances: readonly ServiceInstance[] = [];
  #confirmedAtMs: number | undefined;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #error: string | undefined;
  #asking: Promise<void> | undefined;

  /** @param now monotonic, ms */
  constructor(backend: DiscoveryBackend, now: () => number = () => performance.now()) {
    this.#backend = backend;
    this.#now = now;
  }

  async get(): Promise<Listing> {
    if (this.#now() - this.#askedAtMs >= FRESH_MS) {
      this.#asking ??= this.#ask().finally(() => {
        this.#asking = undefined;
      });
      await this.#asking;
    }
    const away = this.#error !== undefined && this.#confirmedAtMs !== undefined;
    const ageMs = away ? Math.round(this.#now() - (this.#confirmedAtMs as number)) : 0;
    return { instances: this.#instances, ageMs, error: this.#error };
  }

  async #ask(): Promise<void> {
    try {
      this.#instances = await this.#backend.list();
      this.#confirmedAtMs = this.#now();
      this.#error = undefined;
    } catch (error) {
      this.#error = reasonOf(error);
    }
    this.#askedAtMs = this.#now();
  }
}
