import type { Host } from "../component/component.ts";
import type { Endpoint } from "../component/endpoint.ts";
import type { BatchSink } from "../component/ingest.ts";
import type { Logger } from "../component/logger.ts";
import { Metrics } from "../component/metrics.ts";
import { createDiscoveryClient, type Discovery } from "../discovery/discovery.ts";
import { createEndpointResolver } from "../discovery/registry/endpoint-resolver.ts";
import { TracingProxy } from "../proxy/proxy.ts";
import { sinkExporter } from "../proxy/span-sink.ts";
import { otlpHttpExporter } from "../sdk/exporters/otlp-http.ts";
import { formatEndpoint, isLoopback, reachable } from "../server/endpoint.ts";
import type { Config } from "./config/config.ts";
import { createLogger } from "./json-logger.ts";
import { registerSelf } from "./registration.ts";
import { readVersion } from "./version.ts";

const MAX_BATCH_BYTES = 64 * 1024 * 1024;

/** The proxy of a collector: its spans go into the collector's own log. Undefined where the config has no routes. */
export async function startProxy(
  config: Config,
  host: Host,
  sink: BatchSink,
  discovery: Discovery,
): Promise<TracingProxy | undefined> {
  if (config.proxy.routes.length === 0) return undefined;
  const proxy = new TracingProxy(config.proxy, {
    exporter: sinkExporter(async (bytes) => {
      await sink.append({
        format: "otlp_protobuf",
        encoding: "identity",
        bytes,
        maxBytes: MAX_BATCH_BYTES,
        receivedAtMs: Date.now(),
        source: "proxy",
      });
    }),
    resolver: createEndpointResolver(discovery.registry),
  });
  await proxy.start(host);
  return proxy;
}

export interface RunningProxy {
  /** `http://127.0.0.1:8088`. */
  readonly url: string;
  /** Finishes requests under way and sends the spans. Idempotent. */
  shutdown(signal: AbortSignal): Promise<void>;
}

/**
 * A proxy without a collector around it: spans go out as OTLP to `proxy.exporter`, and `discover://` asks the backend
 * of `discovery`, which for `local` is the collector's registry at `discovery.server.endpoint`.
 * @throws PermanentError `config_invalid` or `listen_failed`; then nothing stays open
 */
export async function startStandaloneProxy(config: Config, logger?: Logger): Promise<RunningProxy> {
  const { level, format } = config.telemetry.logs;
  const host: Host = {
    logger: logger ?? createLogger({ level, format, write: (line) => process.stderr.write(line), now: Date.now }),
    metrics: new Metrics(),
    userAgent: `spanloom/${readVersion()}`,
  };
  const discovers = config.proxy.routes.some(({ upstream }) => upstream[0]?.startsWith("discover:"));
  const client =
    discovers || config.discovery.register.enabled
      ? await createDiscoveryClient(config.discovery, config.discovery.server.endpoint, host)
      : undefined;
  const { endpoint, headers } = config.proxy.exporter;
  const proxy = new TracingProxy(config.proxy, {
    // On the same machine gzip costs more than the bytes it saves.
    exporter: otlpHttpExporter({
      endpoint,
      headers,
      compression: isLoopback(new URL(endpoint).hostname.replace(/^\[|\]$/g, "")) ? "none" : "gzip",
    }),
    resolver: client === undefined ? undefined : createEndpointResolver(client.registry),
  });
  try {
    await proxy.start(host);
  } catch (error) {
    await client?.close();
    throw error;
  }
  const address = proxy.address as Endpoint;
  const url = proxyUrl(config, address);
  const listener = { tag: "proxy", listensOn: formatEndpoint(address), secure: config.proxy.tls !== undefined };
  const registration = client && registerSelf(config, client.registry, [listener], host.logger);
  return {
    url,
    async shutdown(signal) {
      await Promise.all([registration?.withdraw(signal), proxy.shutdown(signal)]);
      await client?.close();
    },
  };
}

/** Where this machine reaches a proxy that listens on an address. */
export function proxyUrl(config: Config, address: Endpoint): string {
  return `${config.proxy.tls === undefined ? "http" : "https"}://${formatEndpoint(reachable(address))}`;
}
