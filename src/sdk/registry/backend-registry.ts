import type { HealthCheckSpec } from "../../component/discovery.ts";
import type { Logger } from "../../component/logger.ts";
import type { BackendDeclaration } from "../../discovery/declared-backend.ts";
import type { DiscoveryClient } from "../../discovery/registry/discovery-client.ts";
import {
  type HealthCheck,
  instanceUrl,
  type Registration,
  type ServiceInstance,
  type ServiceRegistry,
} from "./registry-client.ts";

/**
 * A registry that one of the collector's backends reaches: etcd, DNS or Kubernetes. The backend is loaded and opened
 * with the first use; what was asked for once is watched from then on, and stays known while the registry is away.
 */
export class BackendRegistry implements ServiceRegistry {
  readonly readOnly: boolean;
  readonly #declared: BackendDeclaration;
  readonly #logger: Logger;
  #client: Promise<DiscoveryClient> | undefined;
  #closed = false;

  constructor(declared: BackendDeclaration, logger: Logger) {
    this.readOnly = declared.type !== "etcd";
    this.#declared = declared;
    this.#logger = logger;
  }

  async open(): Promise<void> {
    await this.#opened();
  }

  /** For good. */
  async close(): Promise<void> {
    this.#closed = true;
    const client = this.#client;
    this.#client = undefined;
    await (await client?.catch(() => undefined))?.close();
  }

  async register(registration: Registration): Promise<void> {
    const { ttlSeconds, healthCheck, ...rest } = registration;
    const check = healthCheck === undefined ? undefined : checkOf(healthCheck, registration);
    await (await this.#backend()).register({ ...rest, check }, ttlSeconds * 1000);
  }

  async deregister(id: string): Promise<boolean> {
    return (await this.#backend()).deregister(id);
  }

  async heartbeat(id: string): Promise<boolean> {
    return (await this.#backend()).heartbeat(id);
  }

  async discover(name: string, tags: readonly string[] = []): Promise<readonly ServiceInstance[]> {
    const { registry } = await this.#opened();
    return (await registry.discover(name, tags)).instances;
  }

  async *watch(name: string, tags: readonly string[], signal: AbortSignal): AsyncIterable<readonly ServiceInstance[]> {
    const { registry } = await this.#opened();
    for await (const { instances } of registry.watch(name, tags, signal)) yield instances;
  }

  async #backend() {
    return (await this.#opened()).registry.backend;
  }

  /** One that cannot be opened is tried again with the next use: a token file may come late. */
  #opened(): Promise<DiscoveryClient> {
    if (this.#closed) return Promise.reject(new Error(`the ${this.#declared.type} registry is closed`));
    if (this.#client !== undefined) return this.#client;
    const client = import("../../discovery/declared-backend.ts").then(({ openDeclaredBackend }) =>
      openDeclaredBackend(this.#declared, this.#logger),
    );
    this.#client = client;
    client.catch(() => {
      if (this.#client === client) this.#client = undefined;
    });
    return client;
  }
}

function checkOf(check: HealthCheck, { host, port }: Registration): HealthCheckSpec {
  const { intervalMs } = check;
  return check.type === "http"
    ? { type: "http", url: `${instanceUrl({ host, port })}${check.path}`, intervalMs }
    : { type: "tcp", host, port: check.port, intervalMs };
}
