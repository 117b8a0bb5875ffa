import type { ConsulRegistry } from "./consul.ts";
import type { Registration, ServiceInstance, ServiceRegistry } from "./registry-client.ts";

export interface WatchedRegistrySettings {
  /** What a watch has said counts for so long after the registry's last word, ms. Default 20 000. */
  readonly maxAgeMs?: number;
  /** A watch that nobody has asked for so long ends, ms. Default 60 000. */
  readonly idleMs?: number;
}

/** How long the registry may hold a question of a watch, s; below the age up to which its answers count. */
export const WATCH_WAIT_SECONDS = 15;
const MAX_AGE_MS = 20_000;
const IDLE_MS = 60_000;
/** Questions watched at once; beyond it the registry is asked each time. */
const MAX_WATCHES = 100;

interface Watch {
  readonly abort: AbortController;
  readonly ended: Promise<void>;
  instances: readonly ServiceInstance[];
  /** When the registry last answered, on the monotonic clock, ms; undefined while it does not. */
  heardAtMs: number | undefined;
  usedAtMs: number;
}

/**
 * A registry of which every question that `discover` asks is watched from then on, so that a call costs no request.
 * Where a watch has no word of the registry that is recent enough, the registry is asked itself, and its error is the
 * caller's.
 */
export class WatchedRegistry implements ServiceRegistry {
  readonly #registry: ConsulRegistry;
  readonly #maxAgeMs: number;
  readonly #idleMs: number;
  readonly #watches = new Map<string, Watch>();
  #closed = false;

  constructor(registry: ConsulRegistry, settings: WatchedRegistrySettings = {}) {
    this.#registry = registry;
    this.#maxAgeMs = settings.maxAgeMs ?? MAX_AGE_MS;
    this.#idleMs = settings.idleMs ?? IDLE_MS;
  }

  register(registration: Registration): Promise<void> {
    return this.#registry.register(registration);
  }

  deregister(id: string): Promise<boolean> {
    return this.#registry.deregister(id);
  }

  heartbeat(id: string): Promise<boolean> {
    return this.#registry.heartbeat(id);
  }

  async discover(name: string, tags: readonly string[] = []): Promise<readonly ServiceInstance[]> {
    const now = performance.now();
    const watch = this.#watch(name, tags);
    if (watch !== undefined) {
      watch.usedAtMs = now;
      if (watch.heardAtMs !== undefined && now - watch.heardAtMs <= this.#maxAgeMs) return watch.instances;
    }
    return this.#registry.discover(name, tags);
  }

  watch(name: string, tags: readonly string[], signal: AbortSignal): AsyncIterable<readonly ServiceInstance[]> {
    return this.#registry.watch(name, tags, signal);
  }

  /** Ends the watches; what is asked later goes to the registry itself. */
  async close(): Promise<void> {
    this.#closed = true;
    const watches = [...this.#watches.values()];
    for (const { abort } of watches) abort.abort();
    await Promise.all(watches.map(({ ended }) => ended));
  }

  #watch(name: string, tags: readonly string[]): Watch | undefined {
    const key = JSON.stringify([name, ...tags]);
    const known = this.#watches.get(key);
    if (known !== undefined || this.#closed || this.#watches.size >= MAX_WATCHES) return known;
    const abort = new AbortController();
    const watch: Watch = {
      abort,
      ended: Promise.resolve().then(() => this.#follow(watch, name, tags)),
      instances: [],
      heardAtMs: undefined,
      usedAtMs: performance.now(),
    };
    this.#watches.set(key, watch);
    void watch.ended.finally(() => this.#watches.delete(key));
    return watch;
  }

  async #follow(watch: Watch, name: string, tags: readonly string[]): Promise<void> {
    const heard = (answered: boolean): void => {
      const now = performance.now();
      watch.heardAtMs = answered ? now : undefined;
      if (now - watch.usedAtMs > this.#idleMs) watch.abort.abort();
    };
    for await (const instances of this.#registry.watch(name, tags, watch.abort.signal, heard)) {
      watch.instances = instances;
    }
  }
}
