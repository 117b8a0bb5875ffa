export type HealthStatus = "healthy" | "unhealthy" | "unknown";

/** How the registry, or whoever runs its checks, finds out whether an instance works. */
export type HealthCheck =
  | { readonly type: "http"; readonly path: string; readonly intervalMs: number }
  | { readonly type: "tcp"; readonly port: number; readonly intervalMs: number };

export interface Registration {
  /** Unique in the registry; registering it again replaces. */
  readonly id: string;
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly tags: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Without a heartbeat for so long the instance counts as unhealthy, s. */
  readonly ttlSeconds: number;
  readonly healthCheck: HealthCheck | undefined;
}

export interface ServiceInstance {
  readonly id: string;
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly tags: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Share of calls compared with its peers; 1 where the registry has none. */
  readonly weight: number;
  readonly health: HealthStatus;
}

/**
 * What services need of a registry. Methods reject with an Error that says which registry, what was asked, and what it
 * answered.
 */
export interface ServiceRegistry {
  /** True: instances are found here, and somebody else registers them. Default false. */
  readonly readOnly?: boolean;
  /** Reads what the registry needs. Rejects for settings that can never work, not for a registry that is away. */
  open?(): Promise<void>;
  /** Frees what it holds open, for good. */
  close?(): Promise<void>;
  register(registration: Registration): Promise<void>;
  /** False when the registry does not know the id. */
  deregister(id: string): Promise<boolean>;
  /** False when the registry does not know the id (any more): register again. */
  heartbeat(id: string): Promise<boolean>;
  /** Healthy instances that carry all tags. */
  discover(name: string, tags?: readonly string[]): Promise<readonly ServiceInstance[]>;
  /**
   * What `discover` gives, now and after every change, until the signal aborts. Keeps going while the registry is away.
   */
  watch(name: string, tags: readonly string[], signal: AbortSignal): AsyncIterable<readonly ServiceInstance[]>;
}

/** One of the instances by weight; undefined for none. `random` is in [0, 1). */
export function pickInstance(
  instances: readonly ServiceInstance[],
  random: () => number = Math.random,
): ServiceInstance | undefined {
  const total = instances.reduce((sum, { weight }) => sum + Math.max(0, weight), 0);
  if (total <= 0) return instances[Math.floor(random() * instances.length)];
  let left = random() * total;
  for (const instance of instances) {
    left -= Math.max(0, instance.weight);
    if (left < 0) return instance;
  }
  return instances.at(-1);
}

/** `http://host:port`, IPv6 addresses in brackets. */
export function instanceUrl({ host, port }: Pick<ServiceInstance, "host" | "port">): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
