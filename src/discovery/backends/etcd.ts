import { z } from "zod";
import type { ComponentFactory, Host } from "../../component/component.ts";
import type { DiscoveryBackend, Registration, ServiceInstance } from "../../component/discovery.ts";
import { RetryableError } from "../../component/errors.ts";
import { MINUTE_MS } from "../../model/time.ts";
import { EtcdClient, type KeyValue } from "../client/etcd-client.ts";
import { asNumber, asObject, asPort, asText, asTextRecord, asTexts } from "../client/read-json.ts";
import { byId, checkRegistration, healthyWithTags } from "../instance/instance.ts";
import { readRegistryTls, registryTlsConfig, registryUrlConfig, timeoutConfig } from "./common.ts";

export const etcdBackendConfig = z
  .strictObject({
    endpoint: registryUrlConfig.default("http://localhost:2379").describe("etcd 3.4 or newer."),
    prefix: z
      .string()
      .regex(/^\/?[\w.-]+(\/[\w.-]+)*\/?$/, "expected a path such as /spanloom/services")
      .default("/spanloom/services")
      .describe("Keys are <prefix>/<service>/<id>."),
    username: z.string().min(1).optional().describe("Of an etcd user; needs password."),
    password: z.string().optional().describe("Of that user."),
    timeout_ms: timeoutConfig,
    tls: registryTlsConfig.optional(),
  })
  .refine((config) => (config.username === undefined) === (config.password === undefined), {
    message: "username and password must be given together",
  });
export type EtcdBackendConfig = z.output<typeof etcdBackendConfig>;

/** Beyond this an empty watch is opened anew, so that a dead connection is noticed, ms. */
const WATCH_IDLE_MS = 15 * MINUTE_MS;

/**
 * etcd v3: one key an instance, JSON in it, bound to a lease that heartbeats keep alive; when the lease ends etcd
 * removes the key. A watch begins at the revision after the one that was read; when that is compacted everything is
 * read again.
 */
class EtcdBackend implements DiscoveryBackend {
  readonly type = "etcd";
  readonly capabilities = { writable: true, healthChecks: false, showsExpired: false } as const;
  readonly #config: EtcdBackendConfig;
  readonly #prefix: string;
  /** Leases of the instances that this process registered. */
  readonly #leases = new Map<string, { readonly key: string; readonly lease: string }>();
  #client: EtcdClient | undefined;

  constructor(config: EtcdBackendConfig) {
    this.#config = config;
    this.#prefix = `/${config.prefix.replace(/^\/|\/$/g, "")}`;
  }

  async start(host: Host): Promise<void> {
    const { endpoint, timeout_ms, username, password, tls } = this.#config;
    this.#client = new EtcdClient({
      url: endpoint,
      timeoutMs: timeout_ms,
      userAgent: host.userAgent,
      user: username === undefined || password === undefined ? undefined : { name: username, password },
      tls: await readRegistryTls("discovery.etcd.tls", tls),
    });
  }

  async shutdown(): Promise<void> {
    this.#client?.close();
    this.#client = undefined;
  }

  async register(registration: Registration, ttlMs: number): Promise<void> {
    checkRegistration(registration, ttlMs);
    const { id, name, host, port, tags = [], metadata = {}, weight = 1, zone } = registration;
    const key = this.#key(name, id);
    const found = await this.#find(id);
    const lease = ttlMs > 0 ? await this.#etcd.grant(Math.ceil(ttlMs / 1_000)) : "0";
    const value = { id, name, host, port, tags, metadata, weight, ...(zone === undefined ? {} : { zone }), ttlMs };
    await this.#etcd.put(key, JSON.stringify(value), lease);
    this.#leases.set(id, { key, lease });
    // Only now, so that the instance is never missing in between; the old key goes with its own lease where it has one.
    if (found !== undefined && found.key !== key) await this.#etcd.remove(found.key);
    if (found !== undefined && found.lease !== "0") await this.#etcd.revoke(found.lease);
  }

  async deregister(id: string): Promise<boolean> {
    const found = await this.#find(id);
    this.#leases.delete(id);
    if (found === undefined) return false;
    const removed = await this.#etcd.remove(found.key);
    if (found.lease !== "0") await this.#etcd.revoke(found.lease);
    return removed;
  }

  async heartbeat(id: string): Promise<boolean> {
    const own = this.#leases.get(id) ?? (await this.#find(id));
    if (own === undefined) return false;
    // A lease outlives its key where somebody removed that: both are needed.
    const alive = (own.lease === "0" || (await this.#etcd.keepAlive(own.lease))) && (await this.#exists(own.key));
    if (!alive) this.#leases.delete(id);
    return alive;
  }

  async discover(name: string, tags?: readonly string[]): Promise<ServiceInstance[]> {
    const { kvs } = await this.#etcd.range(this.#servicePrefix(name));
    return healthyWithTags(readInstances(kvs), tags);
  }

  async *watch(name: string, signal: AbortSignal): AsyncIterable<ServiceInstance[]> {
    const prefix = this.#servicePrefix(name);
    while (!signal.aborted) {
      const { kvs, revision } = await this.#etcd.range(prefix, signal);
      const state = new Map(kvs.map((kv) => [kv.key, kv]));
      yield readInstances([...state.values()]);
      let next = revision + 1n;
      try {
        for await (const batch of this.#etcd.watch(prefix, next, WATCH_IDLE_MS, signal)) {
          // The history is gone: read everything again.
          if (batch.compacted) break;
          next = batch.revision + 1n;
          for (const event of batch.events) {
            if (event.type === "delete") state.delete(event.kv.key);
            else state.set(event.kv.key, event.kv);
          }
          if (batch.events.length > 0) yield readInstances([...state.values()]);
        }
      } catch (error) {
        if (signal.aborted) return;
        throw error;
      }
    }
  }

  async list(): Promise<ServiceInstance[]> {
    return readInstances((await this.#etcd.range(`${this.#prefix}/`)).kvs);
  }

  /** The key of an id of any service: ids are unique in the registry. */
  async #find(id: string): Promise<KeyValue | undefined> {
    const ending = `/${encodeURIComponent(id)}`;
    const { kvs } = await this.#etcd.range(`${this.#prefix}/`);
    return kvs.find(({ key }) => key.endsWith(ending));
  }

  async #exists(key: string): Promise<boolean> {
    return (await this.#etcd.range(key)).kvs.some((kv) => kv.key === key);
  }

  /** Percent-encoded, so that a slash in a name cannot reach into another service. */
  #key(name: string, id: string): string {
    return `${this.#servicePrefix(name)}${encodeURIComponent(id)}`;
  }

  #servicePrefix(name: string): string {
    return `${this.#prefix}/${encodeURIComponent(name)}/`;
  }

  get #etcd(): EtcdClient {
    if (this.#client === undefined) throw new RetryableError("unreachable", "the etcd backend is not running");
    return this.#client;
  }
}

/** Keys that hold anything else than an instance are passed over: the prefix may be shared. */
function readInstances(kvs: readonly KeyValue[]): ServiceInstance[] {
  return kvs.flatMap((kv) => readInstance(kv) ?? []).sort(byId);
}

function readInstance({ value }: KeyValue): ServiceInstance | undefined {
  let json: unknown;
  try {
    json = JSON.parse(value);
  } catch {
    return undefined;
  }
  const object = asObject(json);
  const id = asText(object.id);
  const name = asText(object.name);
  const host = asText(object.host);
  const port = asPort(object.port);
  if (id === "" || name === "" || host === "" || port === undefined) return undefined;
  const weight = asNumber(object.weight);
  return {
    id,
    name,
    host,
    port,
    tags: asTexts(object.tags),
    metadata: asTextRecord(object.metadata),
    weight: weight !== undefined && weight >= 0 ? weight : 1,
    zone: asText(object.zone) || undefined,
    // The key is there as long as heartbeats keep its lease.
    health: "healthy",
    lastHeartbeatMs: undefined,
    ttlMs: asNumber(object.ttlMs) ?? 0,
  };
}

export const etcdBackend: ComponentFactory<EtcdBackendConfig, unknown, DiscoveryBackend> = {
  type: "etcd",
  stability: "beta",
  config: etcdBackendConfig,
  create: (_settings, config) => new EtcdBackend(config),
};
