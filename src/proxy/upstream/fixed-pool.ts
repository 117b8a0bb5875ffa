import type { ServiceInstance } from "../../component/discovery.ts";
import { RetryableError } from "../../component/errors.ts";
import type { Logger } from "../../component/logger.ts";
import { HealthChecker } from "../../discovery/health/health-checker.ts";
import { Balancer } from "../../discovery/registry/balancer.ts";
import type { RouteConfig } from "./route-config.ts";
import { refuseLinkLocal, type Target, targetOf } from "./target.ts";
import type { PickedTarget, PoolSettings, UpstreamPool } from "./upstream-pool.ts";

/** Fixed upstreams, asked evenly in turn. Those that fail their health check or too many requests are left out. */
export class FixedPool implements UpstreamPool {
  readonly name: string;
  readonly #targets = new Map<string, Target>();
  readonly #unhealthy = new Map<string, string>();
  readonly #instances: readonly ServiceInstance[];
  readonly #balancer: Balancer;
  readonly #checker: HealthChecker;
  /** Set for a single instance, which is never left out. There is nothing to choose and nothing to learn. */
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
