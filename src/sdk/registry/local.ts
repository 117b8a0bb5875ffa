import { onAbort } from "../../component/signals.ts";
import type { HealthStatus, Registration, ServiceInstance, ServiceRegistry } from "./registry-client.ts";

interface Entry {
  readonly registration: Registration;
  lastHeartbeatMs: number;
}

/**
 * A registry inside this process, for tests and for services that live together. An instance is unhealthy when its TTL
 * passes without a heartbeat, and forgotten after twice the TTL.
 */
export class LocalRegistry implements ServiceRegistry {
  readonly #entries = new Map<string, Entry>();
  readonly #watchers = new Set<() => void>();
  readonly #now: () => number;

  /** `now` is a clock in ms. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  async register(registration: Registration): Promise<void> {
    this.#entries.set(registration.id, { registration, lastHeartbeatMs: this.#now() });
    this.#changed();
  }

  async deregister(id: string): Promise<boolean> {
    const known = this.#entries.delete(id);
    if (known) this.#changed();
    return known;
  }

  async heartbeat(id: string): Promise<boolean> {
    const entry = this.#entries.get(id);
    if (entry === undefined) return false;
    const wasHealthy = this.#healthOf(entry) === "healthy";
    entry.lastHeartbeatMs = this.#now();
    if (!wasHealthy) this.#changed();
    return true;
  }

  async discover(name: string, tags: readonly string[] = []): Promise<readonly ServiceInstance[]> {
    return this.instances(name).filter(
      (instance) => instance.health === "healthy" && tags.every((tag) => instance.tags.includes(tag)),
    );
  }

  async *watch(name: string, tags: readonly string[], signal: AbortSignal): AsyncIterable<readonly ServiceInstance[]> {
    let last: string | undefined;
    while (!signal.aborted) {
      const change = this.#nextChange(name, signal);
      const instances = await this.discover(name, tags);
      const shown = JSON.stringify(instances);
      if (shown !== last) yield instances;
      last = shown;
      await change;
    }
  }

  /** All instances of a service, whatever their health. */
  instances(name: string): readonly ServiceInstance[] {
    const found: ServiceInstance[] = [];
    for (const [id, entry] of this.#entries) {
      const { registration } = entry;
      if (this.#ageMs(entry) > registration.ttlSeconds * 2000) this.#entries.delete(id);
      else if (registration.name === name) {
        const { host, port, tags, metadata } = registration;
        found.push({ id, name, host, port, tags, metadata, weight: 1, health: this.#healthOf(entry) });
      }
    }
    return found;
  }

  #healthOf(entry: Entry): HealthStatus {
    return this.#ageMs(entry) > entry.registration.ttlSeconds * 1000 ? "unhealthy" : "healthy";
  }

  #ageMs(entry: Entry): number {
    return this.#now() - entry.lastHeartbeatMs;
  }

  #changed(): void {
    for (const notify of [...this.#watchers]) notify();
  }

  /** Resolves at a registration, a deregistration, the next TTL to pass, or an abort. */
  #nextChange(name: string, signal: AbortSignal): Promise<void> {
    const expiries = [...this.#entries.values()]
      .filter(({ registration }) => registration.name === name)
      .map((entry) => entry.registration.ttlSeconds * 1000 - this.#ageMs(entry))
      .filter((leftMs) => leftMs >= 0);
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#watchers.delete(done);
        release();
        resolve();
      };
      const timer = expiries.length === 0 ? undefined : setTimeout(done, Math.min(...expiries) + 1);
      this.#watchers.add(done);
      const release = onAbort(signal, done);
    });
  }
}
