import { isIP } from "node:net";
import { z } from "zod";
import type { ComponentFactory, Host } from "../../component/component.ts";
import type { DiscoveryBackend, ServiceInstance } from "../../component/discovery.ts";
import { PermanentError, RetryableError } from "../../component/errors.ts";
import { pause } from "../../component/wait.ts";
import { DnsClient, parseDnsServer } from "../dns/dns-client.ts";
import { DNS_TYPE, type DnsQuestionType, type DnsRecord } from "../dns/dns-message.ts";
import { targetAddresses } from "../dns/target-addresses.ts";
import { authority, byId, healthyWithTags, sameInstances } from "../instance/instance.ts";
import { readOnly } from "./common.ts";

const serviceConfig = z
  .strictObject({
    query: z.string().min(1).max(253).describe("Name to ask for, `_http._tcp.shop.example` or `shop.example`."),
    record: z.enum(["srv", "a", "aaaa", "address"]).default("srv").describe("`address` is A and AAAA together."),
    port: z.int().min(1).max(65_535).optional().describe("Needed for every record type but srv."),
    tags: z.array(z.string().min(1)).default([]).describe("DNS has none: these are given to every instance."),
  })
  .refine((service) => service.record === "srv" || service.port !== undefined, {
    message: "port is needed unless record is srv",
    path: ["port"],
  });

export const dnsBackendConfig = z.strictObject({
  servers: z
    .array(
      z.string().refine((text) => parseDnsServer(text) !== undefined, {
        error: (issue) => `${JSON.stringify(issue.input)} is no DNS server; expected an address or address:port`,
      }),
    )
    .default([])
    .describe("Asked in this order, for the targets of SRV records too; default: the system's."),
  domain: z
    .string()
    .max(253)
    .optional()
    .describe("A service that is not listed below is asked for as SRV record _<service>._tcp.<domain>."),
  services: z.record(z.string().min(1), serviceConfig).default({}).describe("What to ask for, by service name."),
  timeout_ms: z.int().min(1).max(60_000).default(2_000).describe("For one try of one server, ms."),
  min_refresh_ms: z.int().min(1).default(1_000).describe("A TTL below this counts as this, ms."),
  max_refresh_ms: z.int().min(1).default(300_000).describe("A TTL above this counts as this, ms."),
});
export type DnsBackendConfig = z.output<typeof dnsBackendConfig>;
type DnsServiceConfig = z.output<typeof serviceConfig>;

interface Resolved {
  readonly instances: ServiceInstance[];
  /** When to ask again. */
  readonly ttlMs: number;
}

/** Targets asked for together: a server loses datagrams of a burst. */
const TARGETS_AT_ONCE = 8;

const NEVER = new AbortController().signal;

/**
 * SRV records (RFC 2782: the lowest priority only, weights, a target of `.` means that there is none) or A and AAAA
 * records. Answers are kept for their TTL; what is in DNS counts as healthy.
 */
class DnsBackend implements DiscoveryBackend {
  readonly type = "dns";
  readonly capabilities = { writable: false, healthChecks: false, showsExpired: false } as const;
  readonly #config: DnsBackendConfig;
  readonly #kept = new Map<string, { readonly resolved: Resolved; readonly untilMs: number }>();
  #client: DnsClient | undefined;

  constructor(config: DnsBackendConfig) {
    this.#config = config;
  }

  async start(_host: Host): Promise<void> {
    this.#client = new DnsClient({ servers: this.#config.servers, timeoutMs: this.#config.timeout_ms });
  }

  async shutdown(): Promise<void> {
    this.#client = undefined;
    this.#kept.clear();
  }

  async register(): Promise<never> {
    throw readOnly("dns", "change the zone instead");
  }

  async deregister(): Promise<never> {
    throw readOnly("dns", "change the zone instead");
  }

  async heartbeat(): Promise<never> {
    throw readOnly("dns", "records have no heartbeats");
  }

  async discover(name: string, tags?: readonly string[]): Promise<ServiceInstance[]> {
    return healthyWithTags((await this.#resolve(name, NEVER)).instances, tags);
  }

  async *watch(name: string, signal: AbortSignal): AsyncIterable<ServiceInstance[]> {
    let last: ServiceInstance[] | undefined;
    while (!signal.aborted) {
      let resolved: Resolved;
      try {
        resolved = await this.#resolve(name, signal);
      } catch (error) {
        if (signal.aborted) return;
        throw error;
      }
      if (last === undefined || !sameInstances(last, resolved.instances)) yield resolved.instances;
      last = resolved.instances;
      await pause(Math.max(1, (this.#kept.get(name)?.untilMs ?? 0) - performance.now()), signal);
    }
  }

  /** The configured services: DNS cannot be enumerated. */
  async list(): Promise<ServiceInstance[]> {
    const all = await Promise.all(Object.keys(this.#config.services).map((name) => this.#resolve(name, NEVER)));
    return all.flatMap(({ instances }) => instances).sort(byId);
  }

  async #resolve(name: string, signal: AbortSignal): Promise<Resolved> {
    const kept = this.#kept.get(name);
    if (kept !== undefined && kept.untilMs > performance.now()) return kept.resolved;
    const service = this.#service(name);
    const resolved =
      service.record === "srv" ? await this.#srv(name, service, signal) : await this.#addresses(name, service, signal);
    const { min_refresh_ms, max_refresh_ms } = this.#config;
    const ttlMs = Math.min(Math.max(resolved.ttlMs, min_refresh_ms), Math.max(min_refresh_ms, max_refresh_ms));
    this.#kept.set(name, { resolved, untilMs: performance.now() + ttlMs });
    return resolved;
  }

  #service(name: string): DnsServiceConfig {
    const listed = Object.hasOwn(this.#config.services, name) ? this.#config.services[name] : undefined;
    if (listed !== undefined) return listed;
    const { domain } = this.#config;
    if (domain === undefined) {
      const known = Object.keys(this.#config.services).join(", ") || "none";
      throw new PermanentError(
        "not_found",
        `the dns backend does not know how to ask for "${name}"; configured in discovery.dns.services: ${known}. Add it there, or set discovery.dns.domain`,
      );
    }
    return { query: `_${name}._tcp.${domain.replace(/^\./, "")}`, record: "srv", port: undefined, tags: [] };
  }

  async #srv(name: string, service: DnsServiceConfig, signal: AbortSignal): Promise<Resolved> {
    const answer = await this.#dns.query(service.query, DNS_TYPE.srv, signal);
    const usable = answer.records.filter((record) => record.type === "srv" && record.target !== "" && record.port > 0);
    const records = usable as (DnsRecord & { type: "srv" })[];
    const lowest = Math.min(...records.map(({ priority }) => priority));
    const chosen = records.filter(({ priority }) => priority === lowest);
    const weighted = chosen.some(({ weight }) => weight > 0);
    const targets = await this.#targets(chosen, answer.additional, signal);
    const instances = chosen.flatMap(({ target, port, weight, priority }) => {
      const hosts = targets.hosts.get(target) ?? [target];
      const share = (weighted ? weight : 1) / hosts.length;
      const metadata = { priority: String(priority), ...(hosts[0] === target ? {} : { target }) };
      return hosts.map((host) => instance(name, service, host, port, share, metadata));
    });
    return { instances: unique(instances), ttlMs: Math.min(answer.ttlSeconds, targets.ttlSeconds) * 1_000 };
  }

  /**
   * Where servers are named, they know the targets too, and the system's may not. A target without an address there
   * keeps its name: it may be an entry of a hosts file.
   */
  async #targets(
    records: readonly (DnsRecord & { type: "srv" })[],
    additional: readonly DnsRecord[],
    signal: AbortSignal,
  ): Promise<{ hosts: Map<string, readonly string[]>; ttlSeconds: number }> {
    const hosts = new Map<string, readonly string[]>();
    let ttlSeconds = Number.POSITIVE_INFINITY;
    if (this.#config.servers.length === 0) return { hosts, ttlSeconds };
    const names = [...new Set(records.map(({ target }) => target))].filter((target) => isIP(target) === 0);
    const left = names.values();
    const work = async (): Promise<void> => {
      for (const target of left) {
        const found = await targetAddresses(this.#dns, target, additional, signal);
        if (found.addresses.length > 0) hosts.set(target, found.addresses);
        ttlSeconds = Math.min(ttlSeconds, found.ttlSeconds);
      }
    };
    await Promise.all(Array.from({ length: TARGETS_AT_ONCE }, work));
    return { hosts, ttlSeconds };
  }

  async #addresses(name: string, service: DnsServiceConfig, signal: AbortSignal): Promise<Resolved> {
    const types: DnsQuestionType[] =
      service.record === "a" ? [DNS_TYPE.a] : service.record === "aaaa" ? [DNS_TYPE.aaaa] : [DNS_TYPE.a, DNS_TYPE.aaaa];
    const answers = await Promise.all(types.map((type) => this.#dns.query(service.query, type, signal)));
    const filled = answers.filter(({ records }) => records.length > 0);
    const instances = filled.flatMap(({ records }) =>
      records.flatMap((record) =>
        record.type === "address" ? instance(name, service, record.address, service.port as number, 1, {}) : [],
      ),
    );
    // One family only is usual; the empty answer of the other must not make the whole one short-lived.
    const counted = filled.length > 0 ? filled : answers;
    return { instances: unique(instances), ttlMs: Math.min(...counted.map(({ ttlSeconds }) => ttlSeconds)) * 1_000 };
  }

  get #dns(): DnsClient {
    if (this.#client === undefined) throw new RetryableError("unreachable", "the dns backend is not running");
    return this.#client;
  }
}

function instance(
  name: string,
  service: DnsServiceConfig,
  host: string,
  port: number,
  weight: number,
  metadata: Readonly<Record<string, string>>,
): ServiceInstance {
  return {
    id: `${name}@${authority(host, port)}`,
    name,
    host: isIP(host) === 0 ? host.replace(/\.$/, "") : host,
    port,
    tags: service.tags,
    metadata,
    weight,
    zone: undefined,
    health: "healthy",
    lastHeartbeatMs: undefined,
    ttlMs: 0,
  };
}

function unique(instances: readonly ServiceInstance[]): ServiceInstance[] {
  return [...new Map(instances.map((entry) => [entry.id, entry])).values()].sort(byId);
}

export const dnsBackend: ComponentFactory<DnsBackendConfig, unknown, DiscoveryBackend> = {
  type: "dns",
  stability: "beta",
  config: dnsBackendConfig,
  create: (_settings, config) => new DnsBackend(config),
};
