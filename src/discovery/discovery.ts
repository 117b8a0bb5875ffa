import { hostname } from "node:os";
import type { Component, Host } from "../component/component.ts";
import type { DiscoveryBackend, RegistryStore } from "../component/discovery.ts";
import { PermanentError } from "../component/errors.ts";
import { formatEndpoint } from "../server/endpoint.ts";
import { consulBackend, consulBackendConfig } from "./backends/consul.ts";
import { dnsBackend } from "./backends/dns.ts";
import { etcdBackend } from "./backends/etcd.ts";
import { kubernetesBackend } from "./backends/kubernetes.ts";
import { localBackend } from "./backends/local.ts";
import { type DiscoveryConfig, staticRegistration } from "./config.ts";
import { type DiscoveryClient, openDiscoveryClient } from "./registry/discovery-client.ts";
import type { LocalRegistry } from "./registry/local-registry.ts";
import { ServiceRegistry, type ServiceRegistrySettings } from "./registry/registry.ts";
import type { RegistryServer } from "./server/registry-server.ts";

export interface DiscoverySettings {
  /** For the collector's own registry; closed with it. */
  readonly store: RegistryStore;
}

/** The collector's part in service discovery: its own registry, the listener for it, and the client of the backend. */
export class Discovery implements Component {
  readonly #config: DiscoveryConfig;
  readonly #settings: DiscoverySettings;
  readonly #opened: ((signal: AbortSignal) => Promise<void>)[] = [];
  #parts: { local: LocalRegistry; remote: DiscoveryBackend | undefined; registry: ServiceRegistry } | undefined;
  #server: RegistryServer | undefined;

  constructor(config: DiscoveryConfig, settings: DiscoverySettings) {
    this.#config = config;
    this.#settings = settings;
  }

  /**
   * A registry port that is taken is a warning, not an error: a Consul agent of this machine may well be there.
   * @throws PermanentError `config_invalid`; then nothing stays open
   */
  async start(host: Host): Promise<void> {
    const { server, health, instances, local: localConfig } = this.#config;
    try {
      const local = localBackend.create(
        {
          store: this.#settings.store,
          staticInstances: instances.map(staticRegistration),
          allowLinkLocal: health.allow_link_local,
          showAnswers: health.any_target || server.tokens.length > 0,
          maxAnonymousInstances: server.max_anonymous_instances,
        },
        localConfig,
      );
      this.#opened.push(() => local.shutdown());
      await local.start(host);
      const remote = createRemoteBackend(this.#config);
      if (remote !== undefined) {
        this.#opened.push((signal) => remote.shutdown(signal));
        await remote.start(host);
      }
      const registry = new ServiceRegistry({
        backend: remote ?? local,
        logger: host.logger,
        ...balancing(this.#config),
      });
      this.#opened.push(() => registry.close());
      this.#parts = { local, remote, registry };
      if (server.enabled) await this.#listen(host, local);
    } catch (error) {
      await this.shutdown(AbortSignal.abort());
      throw error;
    }
  }

  /** Stops serving the registry on its port, and nothing else. `shutdown` does so too. */
  async stopListening(signal: AbortSignal): Promise<void> {
    await this.#server?.shutdown(signal);
  }

  /** Deregisters what this process announced, ends waiting requests, closes backends and the store. */
  async shutdown(signal: AbortSignal): Promise<void> {
    for (const close of this.#opened.splice(0).reverse()) await close(signal);
  }

  /** Finding services and announcing this process. Only while started. */
  get registry(): ServiceRegistry {
    return this.#started.registry;
  }

  /** The collector's own registry, what `createRegistryRoutes` serves. Only while started. */
  get local(): LocalRegistry {
    return this.#started.local;
  }

  /** The configured backend where it is not `local`. Only while started. */
  get remote(): DiscoveryBackend | undefined {
    return this.#started.remote;
  }

  /** `host:port` of the Consul API; undefined when it does not listen. */
  get address(): string | undefined {
    const bound = this.#server?.address;
    return bound === undefined ? undefined : formatEndpoint(bound);
  }

  async #listen(host: Host, local: LocalRegistry): Promise<void> {
    const { server, health } = this.#config;
    const { RegistryServer } = await import("./server/registry-server.ts");
    const made = new RegistryServer({
      registry: local,
      endpoint: server.endpoint,
      tls: server.tls,
      tokens: server.tokens,
      allowedHosts: server.allowed_hosts,
      anyCheckTarget: health.any_target,
      nodeName: hostname(),
      datacenter: server.datacenter,
    });
    try {
      await made.start(host);
      this.#server = made;
      this.#opened.push((signal) => made.shutdown(signal));
    } catch (error) {
      if (!(error instanceof PermanentError) || error.code !== "listen_failed") throw error;
      host.logger.warn("the collector runs without its registry port", { reason: error.message });
    }
  }

  get #started() {
    if (this.#parts === undefined) throw new PermanentError("internal", "discovery is not started");
    return this.#parts;
  }
}

/** The configured backend where it is not the collector's own. */
function createRemoteBackend(config: DiscoveryConfig): DiscoveryBackend | undefined {
  switch (config.backend) {
    case "local":
      return undefined;
    case "consul":
      return consulBackend.create({}, config.consul);
    case "etcd":
      return etcdBackend.create({}, config.etcd);
    case "dns":
      return dnsBackend.create({}, config.dns);
    case "kubernetes":
      return kubernetesBackend.create({}, config.kubernetes);
  }
}

function balancing({ balancing: { policy, ejection } }: DiscoveryConfig): Partial<ServiceRegistrySettings> {
  return {
    policy,
    ejection: {
      consecutiveFailures: ejection.consecutive_failures,
      baseMs: ejection.base_ms,
      maxMs: ejection.max_ms,
    },
  };
}

/**
 * A client for a thread or process of its own, such as the one that runs the exporters: the backend of the config, or,
 * for `local`, the collector's registry over its listener.
 * @param config must have come through `discoveryConfig`; it survives structured clone
 * @param collector `host:port` of that listener, `Discovery.address`; undefined when there is none
 * @throws PermanentError `config_invalid` for `local` without a listener
 */
export async function createDiscoveryClient(
  config: DiscoveryConfig,
  collector: string | undefined,
  host: Host,
): Promise<DiscoveryClient> {
  const backend = createRemoteBackend(config) ?? overListener(config, collector);
  return openDiscoveryClient(backend, host, balancing(config));
}

function overListener({ server }: DiscoveryConfig, collector: string | undefined): DiscoveryBackend {
  if (collector === undefined) {
    throw new PermanentError(
      "config_invalid",
      "discover:// endpoints need the registry's listener with the local backend: enable discovery.server, on a free port",
    );
  }
  const reachable = collector.replace(/^0\.0\.0\.0:/, "127.0.0.1:").replace(/^\[::\]:/, "[::1]:");
  const token = server.tokens[0];
  const secure = server.tls !== undefined;
  return consulBackend.create(
    {},
    consulBackendConfig.parse({
      endpoint: `${secure ? "https" : "http"}://${reachable}`,
      ...(token === undefined ? {} : { token }),
      // The certificate is the collector's own, in the same process or beside it.
      ...(secure ? { tls: { insecure_skip_verify: true } } : {}),
    }),
  );
}
