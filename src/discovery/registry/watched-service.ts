import type { DiscoveryBackend, ServiceInstance } from "../../component/discovery.ts";
import type { Logger } from "../../component/logger.ts";
import { reasonOf } from "../../component/reasons.ts";
import { backoffMs } from "../../component/retry.ts";
import { onAbort } from "../../component/signals.ts";
import { pause } from "../../component/wait.ts";

/** What is known of a service. */
export interface ServiceSnapshot {
  readonly name: string;
  /** In any health; the last known ones while the registry is away. */
  readonly instances: readonly ServiceInstance[];
  /** For how long the registry has not confirmed this, ms; 0 while it is watched. */
  readonly ageMs: number;
  /** Why it cannot be watched now. */
  readonly error: Error | undefined;
  /** False until the registry has answered for the first time. */
  readonly known: boolean;
}

export interface WatchedServiceSettings {
  readonly backend: DiscoveryBackend;
  readonly name: string;
  readonly logger: Logger;
  /** Monotonic, ms. */
  readonly now: () => number;
  readonly random: () => number;
}

const BACKOFF = { initialMs: 200, maxMs: 10_000, factor: 2 };

/** One service, watched until closed; a registry that fails is asked again with backoff, and what was known is kept. */
export class WatchedService {
  readonly #settings: WatchedServiceSettings;
  readonly #abort = new AbortController();
  readonly #listeners = new Set<() => void>();
  #instances: readonly ServiceInstance[] = [];
  #known = false;
  #error: Error | undefined;
  #lostAtMs: number | undefined;
  #complained = false;
  #usedAtMs: number;

  constructor(settings: WatchedServiceSettings) {
    this.#settings = settings;
    this.#usedAtMs = settings.now();
    void this.#run();
  }

  snapshot(): ServiceSnapshot {
    const { now, name } = this.#settings;
    this.#usedAtMs = now();
    const ageMs = this.#lostAtMs === undefined ? 0 : Math.max(0, now() - this.#lostAtMs);
    return { name, instances: this.#instances, ageMs, error: this.#error, known: this.#known };
  }

  /** When somebody last asked, on the monotonic clock. */
  get usedAtMs(): number {
    return this.#listeners.size > 0 ? this.#settings.now() : this.#usedAtMs;
  }

  /** Calls back after every change of the snapshot; returns what ends it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Resolves when the registry has answered or failed once, or on abort. */
  settled(signal?: AbortSignal): Promise<void> {
    if (this.#known || this.#error !== undefined || signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        stop();
        release();
        resolve();
      };
      const stop = this.onChange(done);
      const release = onAbort(signal, done);
    });
  }

  close(): void {
    this.#abort.abort();
    this.#error ??= new Error("the registry client is closed");
    this.#tell();
    this.#listeners.clear();
  }

  async #run(): Promise<void> {
    const { backend, name, random } = this.#settings;
    const { signal } = this.#abort;
    let failures = 0;
    while (!signal.aborted) {
      try {
        for await (const instances of backend.watch(name, signal)) {
          failures = 0;
          this.#take(instances);
        }
        if (signal.aborted) return;
        this.#lost(new Error("the watch ended"));
      } catch (error) {
        if (signal.aborted) return;
        this.#lost(error instanceof Error ? error : new Error(reasonOf(error)));
      }
      await pause(backoffMs(failures++, BACKOFF, random), signal);
    }
  }

  #take(instances: readonly ServiceInstance[]): void {
    const { name, logger } = this.#settings;
    const own = instances.filter((instance) => instance.name === name);
    if (own.length < instances.length) {
      logger.warn("the registry answered with instances of another service, which are left out", {
        service: name,
        count: instances.length - own.length,
      });
    }
    if (this.#complained) logger.info("the registry answers again", { service: name });
    this.#complained = false;
    this.#instances = own;
    this.#known = true;
    this.#error = undefined;
    this.#lostAtMs = undefined;
    this.#tell();
  }

  #lost(error: Error): void {
    if (this.#lostAtMs === undefined) this.#lostAtMs = this.#settings.now();
    // From the second failure in a row: one that the next attempt mends, or that a shutdown brings, is no news.
    else if (!this.#complained) {
      this.#complained = true;
      this.#settings.logger.warn("the registry cannot be watched; the last known instances are used", {
        service: this.#settings.name,
        instances: this.#instances.length,
        reason: error.message,
      });
    }
    this.#error = error;
    this.#tell();
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
