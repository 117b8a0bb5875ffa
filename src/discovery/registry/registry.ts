import type { DiscoveryBackend, Registration, ServiceInstance } from "../../component/discovery.ts";
import { PermanentError, RetryableError, stopped } from "../../component/errors.ts";
import type { Logger } from "../../component/logger.ts";
import { onAbort } from "../../component/signals.ts";
import { MINUTE_MS } from "../../model/time.ts";
import { Heartbeats } from "../health/heartbeats.ts";
import { healthyWithTags, sameInstances } from "../instance/instance.ts";
import { Balancer, type BalancerPolicy, DEFAULT_EJECTION, type EjectionSettings, type Picked } from "./balancer.ts";
import { type ServiceSnapshot, WatchedService } from "./watched-service.ts";

export interface ServiceRegistrySettings {
  /** Started; who made it shuts it down, after the registry. */
  readonly backend: DiscoveryBackend;
  readonly logger: Logger;
  /** Default `weighted_round_robin`. */
  readonly policy?: BalancerPolicy;
  readonly ejection?: Partial<EjectionSettings>;
  /** Monotonic, ms. */
  readonly now?: () => number;
  readonly random?: () => number;
}

/** What `discover` tells. */
export interface Discovered {
  /** Healthy, with all asked tags. */
  readonly instances: readonly ServiceInstance[];
  /** For how long the registry has been away, ms; 0 for a current answer. */
  readonly ageMs: number;
  /** Why the registry is away. */
  readonly error: Error | undefined;
}

/** A service that nobody asked for during this time is no longer watched, ms. */
const IDLE_MS = 5 * MINUTE_MS;
/** Services watched at once; beyond it the backend is asked directly. */
const MAX_WATCHED = 1_000;

/**
 * Finding services: a watched cache over one backend. While the registry is away the last known instances are served,
 * with their age. Also keeps instances of this process registered.
 */
export class ServiceRegistry {
  readonly backend: DiscoveryBackend;
  readonly #settings: ServiceRegistrySettings;
  readonly #now: () => number;
  readonly #watched = new Map<string, WatchedService>();
  readonly #heartbeats: Heartbeats;
  readonly #idleTimer: NodeJS.Timeout;
  #closed = false;

  constructor(settings: ServiceRegistrySettings) {
    this.#settings = settings;
    this.backend = settings.backend;
    this.#now = settings.now ?? (() => performance.now());
    this.#heartbeats = new Heartbeats({ backend: settings.backend, logger: settings.logger });
    this.#idleTimer = setInterval(() => this.#dropIdle(), IDLE_MS / 5);
    this.#idleTimer.unref();
  }

  /**
   * Registers and keeps registered until `withdraw` or `close`; does not wait for the registry. @param ttlMs above 0
   */
  announce(registration: Registration, ttlMs: number): void {
    this.#heartbeats.add(registration, ttlMs);
  }

  /** Ends `announce` and deregisters. */
  withdraw(id: string): Promise<void> {
    return this.#heartbeats.remove(id);
  }

  /**
   * Healthy instances that carry all tags; the first call for a service waits for the registry's first answer.
   * @throws the registry's error when nothing was ever known of the service
   */
  async discover(name: string, tags: readonly string[] = [], signal?: AbortSignal): Promise<Discovered> {
    const snapshot = await this.snapshot(name, signal);
    return discovered(snapshot, tags);
  }

  /** All instances of a service in any health. @throws as `discover` */
  async snapshot(name: string, signal?: AbortSignal): Promise<ServiceSnapshot> {
    const service = this.#service(name);
    await service.settled(signal);
    const snapshot = service.snapshot();
    if (snapshot.known) return snapshot;
    throw snapshot.error ?? stopped(`discovery of ${name}`);
  }

  /**
   * What `discover` would give: at once when known, and after every change, one that only concerns the age included.
   * Never throws for a registry that is away.
   */
  async *watch(name: string, tags: readonly string[], signal: AbortSignal): AsyncIterable<Discovered> {
    const service = this.#service(name);
    let wake: () => void = () => {};
    let dirty = true;
    const notice = (): void => {
      dirty = true;
      wake();
    };
    const stop = service.onChange(notice);
    const release = onAbort(signal, notice);
    let last: Discovered | undefined;
    try {
      while (!signal.aborted && !this.#closed) {
        if (!dirty) await new Promise<void>((resolve) => (wake = resolve));
        dirty = false;
        const snapshot = service.snapshot();
        if (signal.aborted || (!snapshot.known && snapshot.error === undefined)) continue;
        const next = discovered(snapshot, tags);
        const same = last !== undefined && sameInstances(last.instances, next.instances);
        if (!same || (last?.error === undefined) !== (next.error === undefined)) yield next;
        last = next;
      }
    } finally {
      stop();
      release();
    }
  }

  /** Chooses among the healthy instances with all tags, until closed. */
  pool(name: string, tags: readonly string[] = []): InstancePool {
    const balancer = new Balancer({
      policy: this.#settings.policy ?? "weighted_round_robin",
      ejection: { ...DEFAULT_EJECTION, ...this.#settings.ejection },
      now: this.#now,
      random: this.#settings.random ?? Math.random,
    });
    return new InstancePool(this, name, tags, balancer);
  }

  /** What is watched now, for status pages. */
  snapshots(): ServiceSnapshot[] {
    return [...this.#watched.values()].map((service) => service.snapshot());
  }

  /** Deregisters what was announced and ends all watches. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#idleTimer);
    for (const service of this.#watched.values()) service.close();
    this.#watched.clear();
    await this.#heartbeats.stop();
  }

  #service(name: string): WatchedService {
    if (this.#closed) throw new RetryableError("unreachable", "the registry client is closed");
    const known = this.#watched.get(name);
    if (known !== undefined) return known;
    if (this.#watched.size >= MAX_WATCHED) {
      throw new PermanentError("bad_request", `more than ${MAX_WATCHED} services are watched; ${name} is not`);
    }
    const { backend, logger, random = Math.random } = this.#settings;
    const service = new WatchedService({ backend, name, logger, now: this.#now, random });
    this.#watched.set(name, service);
    return service;
  }

  #dropIdle(): void {
    for (const [name, service] of this.#watched) {
      if (this.#now() - service.usedAtMs < IDLE_MS) continue;
      service.close();
      this.#watched.delete(name);
    }
  }
}

/** Load balancing over one service. */
export class InstancePool {
  readonly #registry: ServiceRegistry;
  readonly #name: string;
  readonly #tags: readonly string[];
  readonly #balancer: Balancer;

  constructor(registry: ServiceRegistry, name: string, tags: readonly string[], balancer: Balancer) {
    this.#registry = registry;
    this.#name = name;
    this.#tags = tags;
    this.#balancer = balancer;
  }

  /** @throws RetryableError `unreachable` when no instance is healthy, or as `ServiceRegistry.discover` */
  async pick(signal?: AbortSignal): Promise<Picked> {
    const { instances, ageMs, error } = await this.#registry.discover(this.#name, this.#tags, signal);
    this.#balancer.update(instances);
    const picked = this.#balancer.pick();
    if (picked !== undefined) return picked;
    const tagged = this.#tags.length > 0 ? ` with the tags ${this.#tags.join(", ")}` : "";
    const away = error === undefined ? "" : ` (last known ${Math.round(ageMs / 1_000)} s ago: ${error.message})`;
    throw new RetryableError("unreachable", `no healthy instance of ${this.#name}${tagged} is registered${away}`);
  }

  /** Ids that are ejected now. */
  ejected(): string[] {
    return this.#balancer.ejected();
  }
}

function discovered(snapshot: ServiceSnapshot, tags: readonly string[]): Discovered {
  return { instances: healthyWithTags(snapshot.instances, tags), ageMs: snapshot.ageMs, error: snapshot.error };
}
