import type { Host } from "../../component/component.ts";
import {
  DEFAULT_TTL_MS,
  type DiscoveryBackend,
  type HealthCheckSpec,
  type Registration,
  type RegistryStore,
  type ServiceInstance,
} from "../../component/discovery.ts";
import { PermanentError, RetryableError } from "../../component/errors.ts";
import { type Logger, SILENT_LOGGER } from "../../component/logger.ts";
import { HEALTH_DEFAULTS, HealthChecker } from "../health/health-checker.ts";
import { byId, checkRegistration, healthyWithTags } from "../instance/instance.ts";
import {
  type CheckDefinition,
  type CheckState,
  type CheckStatus,
  healthOf,
  type LocalRecord,
  newRecord,
  nextDeadline,
  restoredRecord,
  storedRecord,
} from "../instance/local-record.ts";
import { ChangeLog } from "./change-log.ts";
import { type Registrant, Registrants } from "./registrants.ts";

export interface LocalRegistrySettings {
  readonly store: RegistryStore;
  /** From the config: always there; without a check they count as healthy. */
  readonly staticInstances?: readonly Registration[];
  readonly allowLinkLocal?: boolean;
  /** An expired instance is shown as unhealthy for this many TTLs before it is removed; default 1. */
  readonly keepExpiredTtls?: number;
  readonly maxInstances?: number;
  /** Most instances of one peer that shows no token; default 1,000. */
  readonly maxAnonymousInstances?: number;
  /** Checks that somebody registers run no more often, ms; default 1,000. */
  readonly minCheckIntervalMs?: number;
  /** Show what targets of checks answer, and not only the status: whoever registers a check may read it. */
  readonly showAnswers?: boolean;
  /** Wall clock, ms since the epoch. */
  readonly now?: () => number;
}

const MAX_INSTANCES = 10_000;
const MIN_CHECK_INTERVAL_MS = 1_000;
/** A check that hangs holds one of the places that all share, ms. */
const MAX_CHECK_TIMEOUT_MS = 60_000;
const MAX_OUTPUT = 4_096;
/** The timer never sleeps longer, so that a clock that was set is noticed, ms. */
const MAX_SLEEP_MS = 30_000;

/**
 * The registry inside the collector. Registrations, with their checks and last heartbeats, survive restarts through the
 * store; a TTL begins anew then. It is a DiscoveryBackend, and what the Consul-compatible endpoints serve.
 */
export class LocalRegistry implements DiscoveryBackend {
  readonly type = "local";
  readonly capabilities = { writable: true, healthChecks: true, showsExpired: true } as const;
  readonly #settings: LocalRegistrySettings;
  readonly #now: () => number;
  readonly #records = new Map<string, LocalRecord>();
  /** By check id, which is unique in the registry as in a Consul agent: the last registration has it. */
  readonly #checkOwners = new Map<string, LocalRecord>();
  readonly #changes: ChangeLog;
  readonly #registrants: Registrants;
  #checker: HealthChecker | undefined;
  #logger: Logger = SILENT_LOGGER;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #closed = false;

  constructor(settings: LocalRegistrySettings) {
    this.#settings = settings;
    this.#now = settings.now ?? Date.now;
    this.#registrants = new Registrants(settings.maxAnonymousInstances);
    // Above every index of an earlier process that made fewer than ten changes a second.
    this.#changes = new ChangeLog(Math.max(1, Math.floor(this.#now() / 100)));
  }

  async start(host: Host): Promise<void> {
    this.#logger = host.logger;
    this.#checker = new HealthChecker({
      allowLinkLocal: this.#settings.allowLinkLocal ?? false,
      showAnswers: this.#settings.showAnswers ?? false,
      userAgent: host.userAgent,
    });
    for (const registration of this.#settings.staticInstances ?? []) {
      const checks: CheckDefinition[] =
        registration.check === undefined
          ? []
          : [{ id: `service:${registration.id}`, name: "health", spec: registration.check }];
      this.#add(registration, 0, checks, true);
    }
    for (const stored of this.#settings.store.load()) {
      const { id, name } = stored.instance;
      if (this.#records.get(id)?.isStatic === true) {
        this.#logger.warn("a registration gives way to the instance of the config with the same id", { id });
        continue;
      }
      const record = restoredRecord(stored, this.#now(), this.#changes.index() + 1);
      this.#records.set(id, record);
      this.#changes.changed(name);
      this.#watchChecks(record);
      this.#plan(record);
    }
    host.metrics.onSnapshot(() => {
      const help = "Instances in the collector's own registry, by health.";
      return (["healthy", "unhealthy", "unknown"] as const).map((health) => ({
        name: "spanloom_registry_instances",
        type: "gauge",
        help,
        labels: { health },
        value: [...this.#records.values()].filter(({ instance }) => instance.health === health).length,
      }));
    });
  }

  /** Ends checks and waiting readers and closes the store. */
  async shutdown(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#checker?.stop();
    this.#changes.wakeAll();
    this.#settings.store.close();
  }

  /** @param by over the network; undefined is this process, which may do everything */
  async register(registration: Registration, ttlMs: number = DEFAULT_TTL_MS, by?: Registrant): Promise<void> {
    const checks: CheckDefinition[] = [];
    const deregisterAfterMs = ttlMs > 0 ? ttlMs * (this.#settings.keepExpiredTtls ?? 1) : undefined;
    if (ttlMs > 0) {
      // Registering is the first heartbeat.
      checks.push({ id: `service:${registration.id}`, name: "heartbeat", ttlMs, deregisterAfterMs, status: "passing" });
    }
    if (registration.check !== undefined) {
      checks.push({ id: `service:${registration.id}:health`, name: "health", spec: registration.check });
    }
    this.registerWithChecks(registration, ttlMs, checks, by);
  }

  /**
   * As `register`, with any checks. What is there under the same id is replaced, with a warning where it was another
   * service or another address; a check that stays the same keeps its status.
   * @throws PermanentError `bad_request`; also when the id belongs to an instance of the config, or the registry is
   * full
   * @throws PermanentError `unauthenticated` where `by` would need a token
   */
  registerWithChecks(
    registration: Registration,
    ttlMs: number,
    checks: readonly CheckDefinition[],
    by?: Registrant,
  ): void {
    this.#assertOpen();
    checkRegistration(registration, ttlMs);
    const { id, name, host, port } = registration;
    const previous = this.#records.get(id);
    if (previous?.isStatic === true) {
      throw new PermanentError("bad_request", `registration: the id ${id} belongs to an instance of the config`);
    }
    const limit = this.#settings.maxInstances ?? MAX_INSTANCES;
    if (previous === undefined && this.#records.size >= limit) {
      throw new PermanentError("bad_request", `registration: the registry is full, it takes ${limit} instances`);
    }
    if (by !== undefined) this.#registrants.admit(id, name, previous, by);
    const old = previous?.instance;
    if (old !== undefined && (old.name !== name || old.host !== host || old.port !== port)) {
      this.#logger.warn("an id was registered again for another instance, which replaces the first", {
        id,
        was: `${old.name} at ${old.host}:${old.port}`,
        is: `${name} at ${host}:${port}`,
      });
    }
    this.#add(registration, ttlMs, checks, false, previous);
    this.#registrants.registered(id, by);
  }

  async deregister(id: string): Promise<boolean> {
    this.#assertOpen();
    const record = this.#records.get(id);
    if (record?.isStatic === true) {
      throw new PermanentError("bad_request", `the instance ${id} comes from the config; remove it there`);
    }
    if (record !== undefined) this.#remove(record);
    return record !== undefined;
  }

  /** Passes every TTL check of the instance. */
  async heartbeat(id: string): Promise<boolean> {
    this.#assertOpen();
    const record = this.#records.get(id);
    if (record === undefined) return false;
    for (const check of record.checks) if (check.spec === undefined) this.#report(record, check, "passing", "");
    this.#beat(record);
    return true;
  }

  /**
   * What a service says about one of its TTL checks.
   * @returns false when there is no such check
   * @throws PermanentError `bad_request` for a check that the registry runs itself
   */
  reportCheck(checkId: string, status: Exclude<CheckStatus, "unknown">, output: string): boolean {
    this.#assertOpen();
    const record = this.#checkOwners.get(checkId);
    const check = record?.checks.find(({ id }) => id === checkId);
    if (record === undefined || check === undefined) return false;
    if (check.spec !== undefined) {
      throw new PermanentError("bad_request", `CheckID "${checkId}" does not have associated TTL`);
    }
    this.#report(record, check, status, output);
    this.#beat(record);
    return true;
  }

  async discover(name: string, tags?: readonly string[]): Promise<ServiceInstance[]> {
    this.#assertOpen();
    return healthyWithTags(this.#instances(name), tags);
  }

  async *watch(name: string, signal: AbortSignal): AsyncIterable<ServiceInstance[]> {
    while (!signal.aborted) {
      this.#assertOpen();
      const index = this.#changes.index(name);
      yield this.#instances(name);
      await this.#changes.wait(name, index, Number.POSITIVE_INFINITY, signal);
    }
  }

  async list(): Promise<ServiceInstance[]> {
    this.#assertOpen();
    return this.#instances(undefined);
  }

  /** All records of a service, or of all, by id. */
  records(name?: string): LocalRecord[] {
    return [...this.#records.values()]
      .filter(({ instance }) => name === undefined || instance.name === name)
      .sort((a, b) => byId(a.instance, b.instance));
  }

  record(id: string): LocalRecord | undefined {
    return this.#records.get(id);
  }

  /** The change log: indexes and waiting, for blocking queries and event streams. */
  get changes(): Pick<ChangeLog, "index" | "wait"> {
    return this.#changes;
  }

  #instances(name: string | undefined): ServiceInstance[] {
    return this.records(name).map(({ instance }) => instance);
  }

  #add(
    registration: Registration,
    ttlMs: number,
    checks: readonly CheckDefinition[],
    isStatic: boolean,
    previous?: LocalRecord,
  ): void {
    const nowMs = this.#now();
    const index = this.#changes.index() + 1;
    const fresh = newRecord({ registration, ttlMs, checks, nowMs, index, isStatic });
    for (const check of fresh.checks) keepStatus(check, previous);
    fresh.instance = { ...fresh.instance, health: healthOf(fresh.checks) };
    const record = previous === undefined ? fresh : { ...fresh, createIndex: previous.createIndex };
    if (!isStatic) this.#settings.store.put(storedRecord(record));
    if (previous !== undefined) this.#forget(previous);
    this.#records.set(registration.id, record);
    if (previous !== undefined && previous.instance.name !== registration.name) {
      this.#changes.changed(previous.instance.name);
    }
    this.#changes.changed(registration.name);
    record.modifyIndex = this.#changes.index();
    this.#watchChecks(record);
    this.#plan(record);
  }

  #remove(record: LocalRecord): void {
    this.#settings.store.remove(record.instance.id);
    this.#forget(record);
    this.#records.delete(record.instance.id);
    this.#registrants.gone(record.instance.id);
    this.#changes.changed(record.instance.name);
  }

  #forget(record: LocalRecord): void {
    for (const check of record.checks) {
      this.#checker?.remove(checkKey(record, check));
      if (this.#checkOwners.get(check.id) === record) this.#checkOwners.delete(check.id);
    }
  }

  #watchChecks(record: LocalRecord): void {
    for (const check of record.checks) {
      this.#checkOwners.set(check.id, record);
      if (check.spec === undefined) continue;
      const spec = record.isStatic ? check.spec : this.#bounded(check.spec);
      this.#checker?.add(checkKey(record, check), spec, ({ health, output }) => {
        if (health === "unknown") check.output = output.slice(0, MAX_OUTPUT);
        else this.#report(record, check, health === "healthy" ? "passing" : "critical", output);
        if (health === "healthy" && record.instance.ttlMs === 0) this.#beat(record);
      });
    }
  }

  #bounded(spec: HealthCheckSpec): HealthCheckSpec {
    const least = this.#settings.minCheckIntervalMs ?? MIN_CHECK_INTERVAL_MS;
    return {
      ...spec,
      intervalMs: Math.max(least, spec.intervalMs ?? HEALTH_DEFAULTS.intervalMs),
      timeoutMs: Math.min(MAX_CHECK_TIMEOUT_MS, spec.timeoutMs ?? HEALTH_DEFAULTS.timeoutMs),
    };
  }

  #report(record: LocalRecord, check: CheckState, status: CheckStatus, output: string): void {
    const nowMs = this.#now();
    const changed = check.status !== status;
    check.status = status;
    check.output = output.slice(0, MAX_OUTPUT);
    check.reportedAtMs = nowMs;
    check.ttlFromMs = nowMs;
    if (status !== "critical") check.criticalSinceMs = undefined;
    else check.criticalSinceMs ??= nowMs;
    if (changed) this.#statusChanged(record);
    this.#plan(record);
  }

  #beat(record: LocalRecord): void {
    record.instance = { ...record.instance, lastHeartbeatMs: this.#now() };
    this.#keep(record);
  }

  #statusChanged(record: LocalRecord): void {
    record.instance = { ...record.instance, health: healthOf(record.checks) };
    this.#changes.changed(record.instance.name);
    record.modifyIndex = this.#changes.index();
    this.#keep(record);
  }

  /** A disk that is full must not end health checks: what it did not take is written with the next change. */
  #keep(record: LocalRecord): void {
    if (record.isStatic) return;
    try {
      this.#settings.store.put(storedRecord(record));
    } catch (error) {
      this.#logger.error("the state of an instance was not kept", {
        id: record.instance.id,
        reason: (error as Error).message,
      });
    }
  }

  #plan(record: LocalRecord): void {
    const at = nextDeadline(record);
    if (at === undefined || at >= this.#timerAt || this.#closed) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(() => this.#sweep(), Math.min(MAX_SLEEP_MS, Math.max(1, at - this.#now())));
    this.#timer.unref();
  }

  #sweep(): void {
    this.#timerAt = Number.POSITIVE_INFINITY;
    const nowMs = this.#now();
    for (const record of [...this.#records.values()]) {
      const gone = record.checks.some(
        ({ criticalSinceMs, deregisterAfterMs }) =>
          criticalSinceMs !== undefined &&
          deregisterAfterMs !== undefined &&
          criticalSinceMs + deregisterAfterMs <= nowMs,
      );
      if (gone && !record.isStatic) {
        this.#logger.info("an instance was removed: it has been unhealthy for too long", { id: record.instance.id });
        this.#expire(record);
        continue;
      }
      for (const check of record.checks) {
        if (check.ttlMs !== undefined && check.status !== "critical" && check.ttlFromMs + check.ttlMs <= nowMs) {
          this.#report(record, check, "critical", "TTL expired");
        }
      }
    }
    for (const record of this.#records.values()) this.#plan(record);
  }

  #expire(record: LocalRecord): void {
    try {
      this.#remove(record);
    } catch (error) {
      // Tried again after as long as it took to get here.
      for (const check of record.checks) if (check.criticalSinceMs !== undefined) check.criticalSinceMs = this.#now();
      this.#logger.error("an expired instance could not be removed from the store", {
        id: record.instance.id,
        reason: (error as Error).message,
      });
    }
  }

  #assertOpen(): void {
    if (this.#closed) throw new RetryableError("unreachable", "the registry is shut down");
  }
}

function checkKey(record: LocalRecord, check: CheckState): string {
  return `${record.instance.id}\n${check.id}`;
}

/** A service that registers again and again must not flap: the same check of the same instance goes on. */
function keepStatus(check: CheckState, previous: LocalRecord | undefined): void {
  const same = previous?.checks.find(
    ({ id, spec }) => id === check.id && JSON.stringify(spec) === JSON.stringify(check.spec),
  );
  if (same === undefined || check.spec === undefined) return;
  check.status = same.status;
  check.output = same.output;
  check.criticalSinceMs = same.criticalSinceMs;
}
