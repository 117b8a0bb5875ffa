import type { EndpointResolver } from "../../component/discovery.ts";
import type { Logger } from "../../component/logger.ts";
import type { EjectionSettings } from "../../discovery/registry/balancer.ts";
import type { LinkLocalRule, Target } from "./target.ts";

export interface PickedTarget {
  readonly target: Target;
  /** Called once, with what became of the connection or request. */
  done(outcome: "success" | "failure"): void;
}

/** The instances of one route. */
export interface UpstreamPool {
  /** Default service.name of its spans. */
  readonly name: string;
  /**
   * Gives an instance at once where the instances are known. `signal` is asked for only to wait.
   * @throws RetryableError `unreachable` when no instance is healthy
   */
  pick(signal: () => AbortSignal): PickedTarget | Promise<PickedTarget>;
  close(): void;
}

export interface PoolSettings extends LinkLocalRule {
  readonly resolver: EndpointResolver | undefined;
  readonly ejection: EjectionSettings;
  readonly userAgent: string;
  readonly logger: Logger;
}
