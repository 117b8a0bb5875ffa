import type { Component } from "./component.ts";

/** `unknown` until the first heartbeat or check has told. */
export const INSTANCE_HEALTH = ["healthy", "unhealthy", "unknown"] as const;
export type InstanceHealth = (typeof INSTANCE_HEALTH)[number];

/** How long an instance lives without a heartbeat where nobody says otherwise, ms. */
export const DEFAULT_TTL_MS = 60_000;

/** One running copy of a service. */
export interface ServiceInstance {
  /** Unique in the whole registry, not only within its service. */
  readonly id: string;
  /** Of the service. */
  readonly name: string;
  /** Host name or address without brackets. */
  readonly host: string;
  readonly port: number;
  readonly tags: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Share of requests relative to the other instances; 0 is used only when no other is left. */
  readonly weight: number;
  readonly zone: string | undefined;
  readonly health: InstanceHealth;
  /** ms since the epoch; undefined where the backend does not tell. */
  readonly lastHeartbeatMs: number | undefined;
  /** 0: lives until it is deregistered, its health comes from checks alone. */
  readonly ttlMs: number;
}

/** How the health of an instance is asked for. Times in ms. */
export type HealthCheckSpec = HealthCheckTiming &
  (
    | {
        readonly type: "http";
        /** Absolute, http: or https:. */
        readonly url: string;
        readonly method?: string;
        readonly headers?: Readonly<Record<string, string>>;
      }
    | { readonly type: "tcp"; readonly host: string; readonly port: number }
    | {
        readonly type: "grpc";
        readonly host: string;
        readonly port: number;
        /** Full service name of grpc.health.v1; empty asks for the whole server. */
        readonly service?: string;
        readonly tls?: boolean;
      }
  );

export interface HealthCheckTiming {
  /** From the end of a check to the start of the next, before jitter; default 30 s. */
  readonly intervalMs?: number;
  /** For one check; default 5 s. */
  readonly timeoutMs?: number;
  /** Successes in a row that make an unhealthy instance healthy; default 1. */
  readonly healthyThreshold?: number;
  /** Failures in a row that make a healthy instance unhealthy; default 2. What no retry can mend counts at once. */
  readonly unhealthyThreshold?: number;
  /** Whoever asked is on another machine: a name must not lead to this one. */
  readonly isForeign?: boolean;
}

/** What a service says about itself. A ServiceInstance is one too; its health and times are ignored. */
export interface Registration {
  readonly id: string;
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly tags?: readonly string[];
  readonly metadata?: Readonly<Record<string, string>>;
  /** Default 1. */
  readonly weight?: number;
  readonly zone?: string | undefined;
  /** Run by the registry where it can (`capabilities.healthChecks`), else ignored: heartbeats alone count then. */
  readonly check?: HealthCheckSpec | undefined;
}

export interface DiscoveryCapabilities {
  /** False: register, deregister and heartbeat throw PermanentError `unsupported`. */
  readonly writable: boolean;
  /** The registry itself runs the check of a Registration. */
  readonly healthChecks: boolean;
  /** False: an instance whose TTL ran out is removed without being shown as unhealthy first. */
  readonly showsExpired: boolean;
}

/**
 * Where instances are kept. Every method but `start` and `shutdown` throws RetryableError `unreachable` when the
 * registry cannot be reached or does not answer in time, PermanentError `unauthenticated` when it refuses the
 * credentials, and PermanentError `malformed` when its answer cannot be read. Nothing is cached here: see
 * src/discovery/registry/registry.ts.
 */
export interface DiscoveryBackend extends Component {
  /** `local`, `consul`, … */
  readonly type: string;
  readonly capabilities: DiscoveryCapabilities;
  /**
   * Adds the instance, or replaces the one with the same id: a service that restarts registers again.
   * @param ttlMs 0 for no expiry; backends with coarser times round up
   * @throws PermanentError `bad_request` saying what of the registration is wrong
   */
  register(instance: Registration, ttlMs: number): Promise<void>;
  /** False when there is no such instance. */
  deregister(id: string): Promise<boolean>;
  /** False when the registry does not know the instance (any more): register again. */
  heartbeat(id: string): Promise<boolean>;
  /** Healthy instances that carry all of `tags`. */
  discover(name: string, tags?: readonly string[]): Promise<ServiceInstance[]>;
  /**
   * All instances of a service in any health: at once, and again after every change. Compacted histories, index resets
   * and expired versions are handled inside. Ends when the signal aborts; throws as above when the registry fails, and
   * may then be called again.
   */
  watch(name: string, signal: AbortSignal): AsyncIterable<ServiceInstance[]>;
  /** Every instance of every service that the backend can enumerate, in any health. */
  list(): Promise<ServiceInstance[]>;
}

/** One check of an instance in the local registry, as it is kept. */
export interface StoredCheck {
  readonly id: string;
  readonly name: string;
  readonly status: "passing" | "warning" | "critical" | "unknown";
  readonly output: string;
  /** How it is run; undefined for a TTL check, which its service reports. */
  readonly spec?: HealthCheckSpec | undefined;
  /** Of a TTL check, ms. */
  readonly ttlMs?: number | undefined;
  /** Wall clock of the last report to a TTL check, ms since the epoch. */
  readonly reportedAtMs?: number | undefined;
  /** Critical for this long: the instance is removed; undefined is never. */
  readonly deregisterAfterMs?: number | undefined;
}

/** What the local registry keeps of an instance. */
export interface StoredInstance {
  readonly instance: ServiceInstance;
  readonly checks: readonly StoredCheck[];
  /** ms since the epoch. */
  readonly registeredAtMs: number;
}

/** Keeps registrations over restarts. Synchronous: a registration is answered once it is kept. */
export interface RegistryStore {
  load(): StoredInstance[];
  put(record: StoredInstance): void;
  remove(id: string): void;
  /** Idempotent. */
  close(): void;
}

/** Lets an endpoint be the name of a service. Exporters get one through their settings. */
export interface EndpointResolver {
  /**
   * Begins to watch the service of `discover://name/path?tag=a&tag=b&scheme=https`. The path is that of the URLs that
   * come out; `tag` may be repeated, an instance must carry all; `scheme` is http (default), https or grpc.
   * @throws PermanentError `config_invalid` for anything else
   */
  resolve(endpoint: string): ResolvedEndpoint;
}

export interface ResolvedEndpoint {
  readonly service: string;
  readonly tags: readonly string[];
  /**
   * The instance to use for the next request: by weight among those that are healthy and not ejected.
   * @throws RetryableError `unreachable` when there is none, or nothing is known yet
   */
  next(signal?: AbortSignal): Promise<PickedEndpoint>;
  /** Stops watching. Idempotent. */
  close(): void;
}

export interface PickedEndpoint {
  readonly instance: ServiceInstance;
  /** `http://10.0.0.1:4318/v1/traces`; for `grpc` the authority alone, `10.0.0.1:4317`. */
  readonly url: string;
  /** To be called once with what became of the request; failures in a row eject the instance for a while. */
  done(outcome: "success" | "failure"): void;
}

/** True for endpoints that an EndpointResolver understands. */
export function isDiscoverEndpoint(endpoint: string): boolean {
  return endpoint.startsWith("discover:");
}
