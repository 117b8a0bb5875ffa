import { lookup as dnsLookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import type { EndpointResolver, ServiceInstance } from "../../component/discovery.ts";
import { isDiscoverEndpoint } from "../../component/discovery.ts";
import { PermanentError, RetryableError } from "../../component/errors.ts";
import { isLinkLocal } from "../../component/link-local.ts";
import type { Logger } from "../../component/logger.ts";
import { HealthChecker } from "../../discovery/health/health-checker.ts";
import { Balancer, type EjectionSettings } from "../../discovery/registry/balancer.ts";
import type { RouteConfig } from "./route-config.ts";

/** Where a request goes. */
export interface Target {
  readonly secure: boolean;
  /** Name or address, without brackets. */
  readonly host: string;
  readonly port: number;
  /** As a Host header: `10.0.0.1:80`, `[::1]:80`. */
  readonly authority: string;
  /** Path that goes before every request's, without trailing slash; often empty. */
  readonly basePath: string;
}

export interface PickedTarget {
  readonly target: Target;
  /** Once, with what became of the connection or request. */
  done(outcome: "success" | "failure"): void;
}

/** The instances of one route. */
export interface UpstreamPool {
  /** Default service.name of its spans. */
  readonly name: string;
  /**
   * At once where the instances are known; `signal` is asked for only to wait.
   * @throws RetryableError `unreachable` when no instance is healthy
   */
  pick(signal: () => AbortSignal): PickedTarget | Promise<PickedTarget>;
  close(): void;
}

export interface PoolSettings {
  /** For messages: `proxy.routes[0]`. */
  readonly key: string;
  readonly resolver: EndpointResolver | undefined;
  readonly ejection: EjectionSettings;
  readonly allowLinkLocal: boolean;
  readonly userAgent: string;
  readonly logger: Logger;
}

/** @throws PermanentError `config_invalid` for a link-local upstream, and for `discover://` without discovery */
export function openPool(route: RouteConfig, settings: PoolSettings): UpstreamPool {
  const [first] = route.upstream;
  if (first !== undefined && isDiscoverEndpoint(first)) return discoveredPool(first, settings);
  return new FixedPool(route, settings);
}

/** Fixed upstreams: evenly in turn, those that fail their health check or too many requests left out. */
class FixedPool implements UpstreamPool {
  readonly name: string;
  readonly #targets = new Map<string, Target>();
  readonly #unhealthy = new Map<string, string>();
  readonly #instances: readonly ServiceInstance[];
  readonly #balancer: Balancer;
  readonly #checker: HealthChecker;
  /** Of a single instance, which is never left out: there is nothing to choose and nothing to learn. */
  readonly #only: PickedTarget | undefined;

  constructor(route: RouteConfig, settings: PoolSettings) {
    for (const text of route.upstream) {
      const target = targetOf(text);
      refuseLinkLocal(target, settings);
      this.#targets.set(`${target.authority}${target.basePath}`, target);
    }
    const [only] = this.#targets.values();
    this.#only = only === undefined || this.#targets.size > 1 ? undefined : { target: only, done: () => {} };
    this.#instances = [...this.#targets].map(([id, target]) => asInstance(id, target));
    this.name = route.service ?? (this.#instances[0]?.host as string);
    this.#balancer = new Balancer({
      policy: "weighted_round_robin",
      ejection: settings.ejection,
      now: () => performance.now(),
      random: Math.random,
    });
    this.#balancer.update(this.#instances);
    this.#checker = new HealthChecker({ allowLinkLocal: settings.allowLinkLocal, userAgent: settings.userAgent });
    const { health_check: check } = route;
    if (check === undefined) return;
    for (const [id, { secure, authority }] of this.#targets) {
      const url = `${secure ? "https" : "http"}://${authority}${check.path}`;
      const spec = {
        type: "http" as const,
        url,
        intervalMs: check.interval_ms,
        timeoutMs: check.timeout_ms,
        healthyThreshold: check.healthy_threshold,
        unhealthyThreshold: check.unhealthy_threshold,
      };
      this.#checker.add(id, spec, ({ health, output }) => {
        this.#checked(id, health === "unhealthy" ? output : undefined, settings.logger);
      });
    }
  }

  pick(): PickedTarget {
    if (this.#only !== undefined && this.#unhealthy.size === 0) return this.#only;
    const picked = this.#balancer.pick();
    if (picked === undefined) {
      const why = [...this.#unhealthy.values()][0] ?? "";
      throw new RetryableError("unreachable", `every instance of ${this.name} fails its health check: ${why}`);
    }
    return { target: this.#targets.get(picked.instance.id) as Target, done: (outcome) => picked.done(outcome) };
  }

  close(): void {
    this.#checker.stop();
  }

  #checked(id: string, failure: string | undefined, logger: Logger): void {
    if (this.#unhealthy.has(id) === (failure !== undefined)) return;
    if (failure === undefined) this.#unhealthy.delete(id);
    else this.#unhealthy.set(id, failure);
    const message = failure === undefined ? "an upstream is healthy again" : "an upstream fails its health check";
    logger.warn(message, { service: this.name, upstream: id, ...(failure === undefined ? {} : { reason: failure }) });
    this.#balancer.update(this.#instances.filter((instance) => !this.#unhealthy.has(instance.id)));
  }
}

function discoveredPool(endpoint: string, settings: PoolSettings): UpstreamPool {
  if (settings.resolver === undefined) {
    throw new PermanentError(
      "config_invalid",
      `${settings.key}.upstream: ${endpoint} needs a registry; none is set up`,
    );
  }
  const resolved = settings.resolver.resolve(endpoint);
  return {
    name: resolved.service,
    async pick(signal) {
      const { url, done } = await resolved.next(signal());
      const target = targetOf(url);
      try {
        refuseLinkLocal(target, settings);
      } catch (error) {
        done("failure");
        throw error;
      }
      return { target, done };
    },
    close: () => resolved.close(),
  };
}

/** For sockets: what a name resolves to is checked at the moment of connecting. */
export function upstreamLookup(allowLinkLocal: boolean): LookupFunction {
  return (hostname, options, callback) => {
    dnsLookup(hostname, { ...options, all: true }, (error, addresses) => {
      const first = addresses?.[0];
      if (error !== null) callback(error, []);
      else if (!allowLinkLocal && addresses.some(({ address }) => isLinkLocal(address))) {
        callback(linkLocalError(hostname), []);
      } else if (options.all === true || first === undefined) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

function refuseLinkLocal({ host }: Target, { allowLinkLocal, key }: PoolSettings): void {
  if (!allowLinkLocal && isLinkLocal(host)) {
    throw new PermanentError("config_invalid", `${key}.upstream: ${linkLocalError(host).message}`);
  }
}

function linkLocalError(host: string): Error {
  return new Error(`${host} is a link-local address; the proxy goes there only with proxy.allow_link_local`);
}

/** Of a URL that the config or a registry gave. */
function targetOf(text: string): Target {
  const url = new URL(text);
  const secure = url.protocol === "https:";
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = url.port === "" ? (secure ? 443 : 80) : Number(url.port);
  const basePath = url.pathname.replace(/\/+$/, "");
  return { secure, host, port, authority: `${isIP(host) === 6 ? `[${host}]` : host}:${port}`, basePath };
}

function asInstance(id: string, { host, port }: Target): ServiceInstance {
  return {
    id,
    name: id,
    host,
    port,
    tags: [],
    metadata: {},
    weight: 1,
    zone: undefined,
    health: "unknown",
    lastHeartbeatMs: undefined,
    ttlMs: 0,
  };
}
