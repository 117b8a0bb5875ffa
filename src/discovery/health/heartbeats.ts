import type { DiscoveryBackend, Registration } from "../../component/discovery.ts";
import { type ErrorCode, PermanentError } from "../../component/errors.ts";
import type { Logger } from "../../component/logger.ts";
import { reasonOf } from "../../component/reasons.ts";
import { backoffMs } from "../../component/retry.ts";
import { jittered, pause } from "../../component/wait.ts";

/** Heartbeats in one TTL: two may be lost before an instance expires. */
const PER_TTL = 3;
const JITTER = 0.1;
/** No repetition helps. A wrong token may be put right at the registry, so it is not among them. */
const HOPELESS: ReadonlySet<ErrorCode> = new Set(["bad_request", "unsupported"]);
const BACKOFF = { initialMs: 250, maxMs: 10_000, factor: 2 };

export interface HeartbeatSettings {
  readonly backend: DiscoveryBackend;
  readonly logger: Logger;
  readonly random?: () => number;
}

/**
 * Keeps instances of this process registered: registers, sends heartbeats a third of a TTL apart, and registers again
 * when the registry has forgotten. A registry that is away is tried again with backoff, at most a heartbeat apart.
 */
export class Heartbeats {
  readonly #settings: HeartbeatSettings;
  readonly #running = new Map<string, { readonly abort: AbortController; readonly done: Promise<void> }>();

  constructor(settings: HeartbeatSettings) {
    this.#settings = settings;
  }

  /**
   * Begins at once and does not wait for the registry.
   * @param ttlMs above 0
   */
  add(registration: Registration, ttlMs: number): void {
    const previous = this.#running.get(registration.id);
    previous?.abort.abort();
    const abort = new AbortController();
    const done = (previous?.done ?? Promise.resolve()).then(() => this.#keep(registration, ttlMs, abort.signal));
    this.#running.set(registration.id, { abort, done });
  }

  /** Stops the heartbeats and deregisters; what the registry does not take, its TTL removes. */
  async remove(id: string): Promise<void> {
    const running = this.#running.get(id);
    if (running === undefined) return;
    this.#running.delete(id);
    running.abort.abort();
    await running.done;
    try {
      await this.#settings.backend.deregister(id);
    } catch (error) {
      this.#settings.logger.warn("an instance could not be deregistered; it will expire", {
        id,
        reason: reasonOf(error),
      });
    }
  }

  /** Removes all, as `remove` does. */
  async stop(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((id) => this.remove(id)));
  }

  async #keep(registration: Registration, ttlMs: number, signal: AbortSignal): Promise<void> {
    const { backend, logger, random = Math.random } = this.#settings;
    let registered = false;
    let failures = 0;
    while (!signal.aborted) {
      try {
        if (registered) registered = await backend.heartbeat(registration.id);
        if (signal.aborted) return;
        if (!registered) {
          await backend.register(registration, ttlMs);
          registered = true;
        }
        if (failures > 0) logger.info("the registry answers again", { id: registration.id });
        failures = 0;
      } catch (error) {
        if (failures === 0) logger.warn("a heartbeat failed", { id: registration.id, reason: reasonOf(error) });
        if (error instanceof PermanentError && HOPELESS.has(error.code)) return;
        failures++;
      }
      const regular = jittered(ttlMs / PER_TTL, JITTER, random);
      await pause(failures === 0 ? regular : Math.min(regular, backoffMs(failures - 1, BACKOFF, random)), signal);
    }
  }
}
