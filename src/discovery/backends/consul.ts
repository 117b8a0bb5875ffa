import { z } from "zod";
import type { ComponentFactory, Host } from "../../component/component.ts";
import type { DiscoveryBackend, InstanceHealth, Registration, ServiceInstance } from "../../component/discovery.ts";
import { RetryableError } from "../../component/errors.ts";
import { pause } from "../../component/wait.ts";
import { type RegistryAnswer, RegistryHttp, type RegistryRequest } from "../client/http-client.ts";
import { asArray, asNumber, asObject, asPort, asText, asTextRecord, asTexts } from "../client/read-json.ts";
import { HEALTH_DEFAULTS } from "../health/health-checker.ts";
import { authority, byId, checkRegistration, healthyWithTags } from "../instance/instance.ts";
import { readRegistryTls, registryTlsConfig, registryUrlConfig, timeoutConfig } from "./common.ts";

export const consulBackendConfig = z.strictObject({
  endpoint: registryUrlConfig.default("http://localhost:8500").describe("A Consul agent."),
  token: z.string().min(1).optional().describe("ACL token, sent as X-Consul-Token."),
  datacenter: z.string().min(1).optional().describe("Where services are looked up; default: the agent's."),
  timeout_ms: timeoutConfig,
  wait_seconds: z.int().min(1).max(600).default(60).describe("How long a blocking query may wait for a change, s."),
  deregister_critical_after_seconds: z
    .int()
    .min(1)
    .default(60)
    .describe("Consul removes an instance that was critical for this long; Consul's own least is 60 s."),
  tls: registryTlsConfig.optional(),
});
export type ConsulBackendConfig = z.output<typeof consulBackendConfig>;

/** Metadata keys for what Consul has no field for. */
const ZONE_KEY = "zone";
/** No faster than this when a server answers blocking queries at once, ms. */
const MIN_LOOP_MS = 20;

/**
 * A Consul agent over its HTTP API (developer.hashicorp.com/consul/api-docs: agent/service, agent/check, health and
 * "Blocking queries"). Heartbeats pass the TTL check `service:<id>`; a health check is Consul's own to run.
 */
class ConsulBackend implements DiscoveryBackend {
  readonly type = "consul";
  readonly capabilities = { writable: true, healthChecks: true, showsExpired: true } as const;
  readonly #config: ConsulBackendConfig;
  #http: RegistryHttp | undefined;

  constructor(config: ConsulBackendConfig) {
    this.#config = config;
  }

  async start(host: Host): Promise<void> {
    const { endpoint, timeout_ms, tls } = this.#config;
    this.#http = new RegistryHttp({
      name: "consul",
      url: endpoint,
      timeoutMs: timeout_ms,
      userAgent: host.userAgent,
      tls: await readRegistryTls("discovery.consul.tls", tls),
    });
  }

  async shutdown(): Promise<void> {
    this.#http?.close();
    this.#http = undefined;
  }

  async register(registration: Registration, ttlMs: number): Promise<void> {
    checkRegistration(registration, ttlMs);
    const { id, name, host, port, tags, metadata, weight, zone } = registration;
    const body = {
      ID: id,
      Name: name,
      Address: host,
      Port: port,
      Tags: tags ?? [],
      Meta: { ...metadata, ...(zone === undefined ? {} : { [ZONE_KEY]: zone }) },
      // Consul takes whole weights from 1.
      ...(weight === undefined ? {} : { Weights: { Passing: Math.max(1, Math.round(weight)), Warning: 1 } }),
      Checks: this.#checks(registration, ttlMs),
    };
    const request = this.#request("PUT", "/v1/agent/service/register", { body });
    const answer = await this.#client.request(request);
    if (answer.status !== 200) throw this.#client.refusal(request, answer);
  }

  async deregister(id: string): Promise<boolean> {
    return this.#known(this.#request("PUT", `/v1/agent/service/deregister/${encodeURIComponent(id)}`));
  }

  async heartbeat(id: string): Promise<boolean> {
    return this.#known(this.#request("PUT", `/v1/agent/check/pass/${encodeURIComponent(ttlCheckId(id))}`));
  }

  async discover(name: string, tags: readonly string[] = []): Promise<ServiceInstance[]> {
    const query = new URLSearchParams({ passing: "true" });
    for (const tag of tags) query.append("tag", tag);
    // Old agents look at one tag only, and some servers answer more than they were asked.
    return healthyWithTags((await this.#health(name, query)).instances, tags);
  }

  async *watch(name: string, signal: AbortSignal): AsyncIterable<ServiceInstance[]> {
    let index = 0;
    let first = true;
    while (!signal.aborted) {
      const query = new URLSearchParams();
      if (index > 0) {
        query.set("index", String(index));
        query.set("wait", `${this.#config.wait_seconds}s`);
      }
      const began = Date.now();
      let answer: { instances: ServiceInstance[]; index: number };
      try {
        answer = await this.#health(name, query, index > 0, signal);
      } catch (error) {
        if (signal.aborted) return;
        throw error;
      }
      if (first || answer.index !== index) yield answer.instances;
      first = false;
      // An index that goes backwards means that the server's state was reset: ask again without one (Consul,
      // "Blocking queries", "Implementation details"). Below 1 an index would not block, so 1 is the floor.
      index = answer.index < index ? 0 : Math.max(1, answer.index);
      if (Date.now() - began < MIN_LOOP_MS) await pause(MIN_LOOP_MS, signal);
    }
  }

  async list(): Promise<ServiceInstance[]> {
    const request = this.#request("GET", `/v1/catalog/services${this.#query(new URLSearchParams())}`);
    const names = Object.keys(asObject((await this.#client.json(request)).value));
    const lists = await Promise.all(names.map((name) => this.#health(name, new URLSearchParams())));
    return lists.flatMap(({ instances }) => instances).sort(byId);
  }

  #checks({ id, check }: Registration, ttlMs: number): object[] {
    const after = `${this.#config.deregister_critical_after_seconds}s`;
    const checks: object[] = [];
    if (ttlMs > 0) {
      checks.push({
        CheckID: ttlCheckId(id),
        Name: "heartbeat",
        TTL: `${Math.ceil(ttlMs)}ms`,
        Status: "passing",
        DeregisterCriticalServiceAfter: after,
      });
    }
    if (check !== undefined) {
      const common = {
        CheckID: `service:${id}:health`,
        Name: "health",
        Interval: `${check.intervalMs ?? HEALTH_DEFAULTS.intervalMs}ms`,
        Timeout: `${check.timeoutMs ?? HEALTH_DEFAULTS.timeoutMs}ms`,
        SuccessBeforePassing: (check.healthyThreshold ?? HEALTH_DEFAULTS.healthyThreshold) - 1,
        FailuresBeforeCritical: (check.unhealthyThreshold ?? HEALTH_DEFAULTS.unhealthyThreshold) - 1,
        DeregisterCriticalServiceAfter: after,
      };
      if (check.type === "http") {
        const headers = Object.fromEntries(Object.entries(check.headers ?? {}).map(([key, value]) => [key, [value]]));
        checks.push({ ...common, HTTP: check.url, Method: check.method ?? "GET", Header: headers });
      } else if (check.type === "tcp") checks.push({ ...common, TCP: authority(check.host, check.port) });
      else {
        const service = check.service ? `/${check.service}` : "";
        checks.push({
          ...common,
          GRPC: `${authority(check.host, check.port)}${service}`,
          GRPCUseTLS: check.tls ?? false,
        });
      }
    }
    return checks;
  }

  async #health(name: string, query: URLSearchParams, blocking = false, signal?: AbortSignal) {
    const { timeout_ms, wait_seconds } = this.#config;
    const request = this.#request("GET", `/v1/health/service/${encodeURIComponent(name)}${this.#query(query)}`, {
      ...(signal === undefined ? {} : { signal }),
      // Consul adds up to a sixteenth of the wait, so that clients do not act in step.
      ...(blocking ? { timeoutMs: wait_seconds * 1_000 * (1 + 1 / 16) + timeout_ms } : {}),
    });
    const { answer, value } = await this.#client.json(request);
    if (!Array.isArray(value)) throw this.#client.malformed(request, "a list of instances");
    const instances = value.flatMap((entry) => readEntry(entry) ?? []).sort(byId);
    return { instances, index: readIndex(answer) };
  }

  async #known(request: RegistryRequest): Promise<boolean> {
    const answer = await this.#client.request(request);
    if (answer.status === 200) return true;
    // 404 since Consul 1.11; before, a 500 with this text.
    if (answer.status === 404 || /unknown (check|service)|does not have associated TTL/i.test(answer.text))
      return false;
    throw this.#client.refusal(request, answer);
  }

  #query(query: URLSearchParams): string {
    if (this.#config.datacenter !== undefined) query.set("dc", this.#config.datacenter);
    return query.size === 0 ? "" : `?${query}`;
  }

  #request(method: "GET" | "PUT", path: string, more: Partial<RegistryRequest> = {}): RegistryRequest {
    const { token } = this.#config;
    return { method, path, headers: token === undefined ? {} : { "x-consul-token": token }, ...more };
  }

  get #client(): RegistryHttp {
    if (this.#http === undefined) throw new RetryableError("unreachable", "the consul backend is not running");
    return this.#http;
  }
}

function ttlCheckId(id: string): string {
  return `service:${id}`;
}

function readIndex({ headers }: RegistryAnswer): number {
  const index = asNumber(headers["x-consul-index"]);
  return index !== undefined && Number.isSafeInteger(index) && index > 0 ? index : 1;
}

/** One entry of /v1/health/service; undefined where nothing could be connected to. */
function readEntry(value: unknown): ServiceInstance | undefined {
  const entry = asObject(value);
  const service = asObject(entry.Service);
  const host = asText(service.Address) || asText(asObject(entry.Node).Address);
  const port = asPort(service.Port);
  const id = asText(service.ID);
  if (id === "" || host === "" || port === undefined) return undefined;
  const metadata = asTextRecord(service.Meta);
  const { [ZONE_KEY]: zone, ...rest } = metadata;
  const weight = asNumber(asObject(service.Weights).Passing);
  return {
    id,
    name: asText(service.Service),
    host,
    port,
    tags: asTexts(service.Tags),
    metadata: rest,
    weight: weight !== undefined && weight >= 0 ? weight : 1,
    zone,
    health: readHealth(asArray(entry.Checks)),
    lastHeartbeatMs: undefined,
    ttlMs: 0,
  };
}

/** All checks passing, as Consul's own `passing` filter; unknown is a status that Consul does not have. */
function readHealth(checks: readonly unknown[]): InstanceHealth {
  const statuses = checks.map((check) => asText(asObject(check).Status));
  if (statuses.some((status) => status === "critical" || status === "warning" || status === "maintenance")) {
    return "unhealthy";
  }
  return statuses.every((status) => status === "passing") ? "healthy" : "unknown";
}

export const consulBackend: ComponentFactory<ConsulBackendConfig, unknown, DiscoveryBackend> = {
  type: "consul",
  stability: "beta",
  config: consulBackendConfig,
  create: (_settings, config) => new ConsulBackend(config),
};
