import { setTimeout as wait } from "node:timers/promises";
import { backoffMs } from "../../component/retry.ts";
import { joinSignals } from "../../component/signals.ts";
import { callReason } from "../exporters/http-post.ts";
import { instanceUrl, type Registration, type ServiceInstance, type ServiceRegistry } from "./registry-client.ts";

export interface ConsulSettings {
  /** Default `http://localhost:8500`: a Consul agent, or the collector's registry. */
  readonly url?: string | undefined;
  /** Sent as `X-Consul-Token`. */
  readonly token?: string | undefined;
  /** For one request, ms. Default 10 000. */
  readonly timeoutMs?: number;
  /** How long the server may hold a watch open, s. Default 60. */
  readonly waitSeconds?: number;
}

const DEFAULT_URL = "http://localhost:8500";
const CHECK_TIMEOUT = "5s";
/** How long an instance may be critical before it is removed: this many TTLs, and a minute at least, as Consul asks. */
const TTLS_UNTIL_REMOVED = 3;
/** No faster than this when a server answers blocking queries at once, ms. */
const MIN_LOOP_MS = 20;
const WATCH_BACKOFF = { initialMs: 250, maxMs: 10_000, factor: 2 };

/**
 * Client of Consul's agent and health endpoints (developer.hashicorp.com/consul/api-docs). Every instance has a TTL
 * check that heartbeats pass, beside the health check that the registry runs itself.
 */
export class ConsulRegistry implements ServiceRegistry {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #timeoutMs: number;
  readonly #waitSeconds: number;

  constructor(settings: ConsulSettings = {}) {
    this.#url = (settings.url ?? DEFAULT_URL).replace(/\/+$/, "");
    if (!URL.canParse(this.#url))
      throw new TypeError(`registry URL: expected an http or https URL, got "${settings.url}"`);
    this.#headers = settings.token === undefined ? {} : { "x-consul-token": settings.token };
    this.#timeoutMs = settings.timeoutMs ?? 10_000;
    this.#waitSeconds = settings.waitSeconds ?? 60;
  }

  async register(registration: Registration): Promise<void> {
    const { id, name, host, port, tags, metadata } = registration;
    const body = {
      ID: id,
      Name: name,
      Address: host,
      Port: port,
      Tags: tags,
      Meta: metadata,
      Checks: checksOf(registration),
    };
    const answer = await this.#request("PUT", "/v1/agent/service/register", JSON.stringify(body));
    if (!answer.ok) throw await this.#refusal("PUT /v1/agent/service/register", answer);
  }

  async deregister(id: string): Promise<boolean> {
    return this.#known("PUT", `/v1/agent/service/deregister/${encodeURIComponent(id)}`);
  }

  async heartbeat(id: string): Promise<boolean> {
    return this.#known("PUT", `/v1/agent/check/pass/${encodeURIComponent(ttlCheckId(id))}`);
  }

  async discover(name: string, tags: readonly string[] = []): Promise<readonly ServiceInstance[]> {
    return (await this.#health(name, tags, undefined, AbortSignal.timeout(this.#timeoutMs))).instances;
  }

  /** `heard` is called after every answer, with false for one that failed or did not come. */
  async *watch(
    name: string,
    tags: readonly string[],
    signal: AbortSignal,
    heard: (answered: boolean) => void = () => {},
  ): AsyncIterable<readonly ServiceInstance[]> {
    let index: number | undefined;
    let failures = 0;
    while (!signal.aborted) {
      const began = performance.now();
      try {
        const limit = joinSignals(signal, AbortSignal.timeout(this.#waitSeconds * 1000 + this.#timeoutMs));
        const answer = await this.#health(name, tags, index, limit.signal).finally(limit.release);
        failures = 0;
        if (answer.index !== index) yield answer.instances;
        heard(true);
        // An index that goes back means that the server lost its state (Consul, "Blocking queries").
        index = index !== undefined && answer.index < index ? undefined : answer.index;
        if (performance.now() - began < MIN_LOOP_MS) await pause(MIN_LOOP_MS, signal);
      } catch {
        if (signal.aborted) return;
        heard(false);
        await pause(backoffMs(failures++, WATCH_BACKOFF, Math.random), signal);
      }
    }
  }

  async #health(name: string, tags: readonly string[], index: number | undefined, signal: AbortSignal) {
    const query = new URLSearchParams({ passing: "true" });
    for (const tag of tags) query.append("tag", tag);
    if (index !== undefined) {
      query.set("index", String(index));
      query.set("wait", `${this.#waitSeconds}s`);
    }
    const path = `/v1/health/service/${encodeURIComponent(name)}?${query}`;
    const answer = await this.#request("GET", path, undefined, signal);
    if (!answer.ok) throw await this.#refusal(`GET ${path}`, answer);
    const text = await answer.text();
    const given = Number(answer.headers.get("x-consul-index"));
    return {
      index: Number.isSafeInteger(given) && given >= 1 ? given : 1,
      // Old agents look at one tag only, and some servers answer more than they were asked.
      instances: readEntries(text, `${this.#url}${path}`).filter(
        (found) => sameName(found.name, name) && tags.every((tag) => found.tags.includes(tag)),
      ),
    };
  }

  async #known(method: string, path: string): Promise<boolean> {
    const answer = await this.#request(method, path);
    if (answer.ok) return true;
    const refusal = await this.#refusal(`${method} ${path}`, answer);
    // Consul says 404, older agents 500 with this text.
    if (answer.status === 404 || /unknown (check|service)/i.test(refusal.message)) return false;
    throw refusal;
  }

  async #request(method: string, path: string, body?: string, signal?: AbortSignal): Promise<Response> {
    try {
      return await fetch(`${this.#url}${path}`, {
        method,
        headers: { ...this.#headers, ...(body === undefined ? {} : { "content-type": "application/json" }) },
        signal: signal ?? AbortSignal.timeout(this.#timeoutMs),
        ...(body === undefined ? {} : { body }),
      });
    } catch (error) {
      const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
      throw new Error(`registry ${this.#url}: ${method} ${path}: ${callReason(cause)}`, { cause: error });
    }
  }

  async #refusal(what: string, answer: Response): Promise<Error> {
    const text = (await answer.text().catch(() => "")).trim().slice(0, 200);
    return new Error(`registry ${this.#url}: ${what} answered ${answer.status}${text === "" ? "" : `: ${text}`}`);
  }
}

/** Ends early when the signal aborts. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal, ref: false }).catch(() => {});
}

function ttlCheckId(id: string): string {
  return `service:${id}:ttl`;
}

function checksOf({ id, host, port, ttlSeconds, healthCheck }: Registration): object[] {
  const removeAfter = `${Math.max(60, ttlSeconds * TTLS_UNTIL_REMOVED)}s`;
  const common = { Status: "passing", DeregisterCriticalServiceAfter: removeAfter };
  const ttl = { CheckID: ttlCheckId(id), Name: "heartbeat", TTL: `${ttlSeconds}s`, ...common };
  if (healthCheck === undefined) return [ttl];
  const target =
    healthCheck.type === "http"
      ? { HTTP: `${instanceUrl({ host, port })}${healthCheck.path}` }
      : { TCP: instanceUrl({ host, port: healthCheck.port }).slice("http://".length) };
  const active = { CheckID: `service:${id}:${healthCheck.type}`, Name: healthCheck.type, Timeout: CHECK_TIMEOUT };
  return [ttl, { ...active, ...target, Interval: `${healthCheck.intervalMs}ms`, ...common }];
}

function readEntries(text: string, where: string): ServiceInstance[] {
  let entries: unknown;
  try {
    entries = JSON.parse(text);
  } catch {
    throw new Error(`registry ${where}: expected a JSON list of instances, got ${JSON.stringify(text.slice(0, 80))}`);
  }
  if (!Array.isArray(entries)) throw new Error(`registry ${where}: expected a JSON list of instances`);
  const instances: ServiceInstance[] = [];
  for (const entry of entries as unknown[]) {
    const { Service, Node } = fieldsOf(entry);
    const service = fieldsOf(Service);
    const id = textOf(service.ID);
    const host = textOf(service.Address) || textOf(fieldsOf(Node).Address);
    if (id === "" || host === "" || !isPort(service.Port)) continue;
    const { Passing: weight } = fieldsOf(service.Weights);
    instances.push({
      id,
      name: textOf(service.Service),
      host,
      port: service.Port,
      tags: Array.isArray(service.Tags) ? service.Tags.filter((tag) => typeof tag === "string") : [],
      metadata: Object.fromEntries(
        Object.entries(fieldsOf(service.Meta)).filter((pair): pair is [string, string] => typeof pair[1] === "string"),
      ),
      weight: typeof weight === "number" && weight >= 0 ? weight : 1,
      health: "healthy",
    });
  }
  return instances;
}

/** Consul compares names of services without regard to case. */
function sameName(found: string, asked: string): boolean {
  return found.toLowerCase() === asked.toLowerCase();
}

/** The fields of what should be an object; none for anything else. */
function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function isPort(port: unknown): port is number {
  return typeof port === "number" && Number.isInteger(port) && port > 0 && port < 65_536;
}
