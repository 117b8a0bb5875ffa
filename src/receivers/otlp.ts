import { assertDefinitions } from "../codec/rpc/definitions.ts";
import type { ComponentFactory, Host } from "../component/component.ts";
import type { Endpoint } from "../component/endpoint.ts";
import type { BatchSink, Receiver } from "../component/ingest.ts";
import { Cors } from "../server/cors.ts";
import { isLoopback, parseEndpoint } from "../server/endpoint.ts";
import type { GrpcListener } from "../server/grpc-listener.ts";
import { HttpListener } from "../server/http-listener.ts";
import type { InFlightBudget } from "../server/in-flight.ts";
import {
  type OtlpConfig,
  type OtlpGrpcConfig,
  type OtlpHttpConfig,
  otlpConfig,
  otlpGrpcConfig,
  otlpHttpConfig,
} from "./otlp-config.ts";
import { createOtlpHttpHandler } from "./otlp-http.ts";
import { ReceiverMetrics } from "./receiver-metrics.ts";

export interface OtlpReceiverSettings {
  readonly sink: BatchSink;
  /** Shared by all receivers of the collector. */
  readonly inFlight: InFlightBudget;
}

const OCCUPANT = "an OpenTelemetry Collector, Jaeger or another spanloom";

/** OTLP over gRPC and HTTP, traces only. */
export class OtlpReceiver implements Receiver {
  readonly #settings: OtlpReceiverSettings;
  readonly #config: OtlpConfig;
  #http: HttpListener | undefined;
  #grpc: GrpcListener | undefined;

  constructor(settings: OtlpReceiverSettings, config: OtlpConfig) {
    this.#settings = settings;
    this.#config = config;
  }

  /** Bound address of OTLP/HTTP after start; undefined when it is turned off. */
  get httpAddress(): Endpoint | undefined {
    return this.#http?.address;
  }

  /** Bound address of OTLP/gRPC after start; undefined when it is turned off. */
  get grpcAddress(): Endpoint | undefined {
    return this.#grpc?.address;
  }

  /** @throws PermanentError `listen_failed` or `config_invalid`; then no port is left open. */
  async start(host: Host): Promise<void> {
    assertDefinitions();
    const grpc = this.#config.protocols.grpc ?? otlpGrpcConfig.parse({});
    const http = this.#config.protocols.http ?? otlpHttpConfig.parse({});
    if (grpc.enabled) this.#grpc = await this.#createGrpc(host, grpc);
    if (http.enabled) this.#http = this.#createHttp(host, http);
    try {
      await this.#grpc?.start();
      await this.#http?.start();
    } catch (error) {
      await this.shutdown(AbortSignal.abort());
      throw error;
    }
    if (this.#grpc !== undefined) host.logger.info("OTLP/gRPC is listening", { ...this.grpcAddress });
    if (this.#http !== undefined) host.logger.info("OTLP/HTTP is listening", { ...this.httpAddress });
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#grpc?.shutdown(signal), this.#http?.shutdown(signal)]);
  }

  /** Reads certificates, keys and authorities again, as it happens by itself when they change. */
  reloadTls(): void {
    this.#grpc?.reloadTls();
    this.#http?.reloadTls();
  }

  async #createGrpc(host: Host, config: OtlpGrpcConfig): Promise<GrpcListener> {
    const { GrpcListener, otlpGrpcService } = await loadGrpc();
    const maxBytes = config.max_recv_msg_size_mib * 1024 * 1024;
    const metrics = new ReceiverMetrics(host.metrics, "otlp", "grpc");
    return new GrpcListener({
      name: {
        title: "OTLP/gRPC receiver",
        configKey: "receivers.otlp.protocols.grpc.endpoint",
        usualOccupant: OCCUPANT,
      },
      endpoint: config.endpoint,
      tls: config.tls,
      logger: host.logger,
      services: [otlpGrpcService({ ...this.#settings, maxBytes, metrics, logger: host.logger })],
      maxMessageBytes: maxBytes,
      maxConcurrentStreams: config.max_concurrent_streams,
      keepalive: config.keepalive.server_parameters,
      receiveTimeoutMs: config.read_timeout_ms,
      inFlight: this.#settings.inFlight,
      onRefused: (reason) => metrics.refused(reason),
    });
  }

  #createHttp(host: Host, config: OtlpHttpConfig): HttpListener {
    const bound = parseEndpoint(config.endpoint) as Endpoint;
    const handler = createOtlpHttpHandler({
      ...this.#settings,
      cors: new Cors(config.cors),
      maxBytes: config.max_request_body_size,
      tracesPath: config.traces_url_path,
      allowedHosts: config.allowed_hosts ?? (isLoopback(bound.host) ? [] : undefined),
      metrics: new ReceiverMetrics(host.metrics, "otlp", "http"),
      logger: host.logger,
    });
    return new HttpListener({
      name: {
        title: "OTLP/HTTP receiver",
        configKey: "receivers.otlp.protocols.http.endpoint",
        usualOccupant: OCCUPANT,
      },
      endpoint: config.endpoint,
      tls: config.tls,
      logger: host.logger,
      handler,
      maxConnections: config.max_connections,
      keepAliveTimeoutMs: config.idle_timeout_ms,
      headersTimeoutMs: config.read_header_timeout_ms,
      requestTimeoutMs: config.read_timeout_ms,
    });
  }
}

/** A collector without OTLP/gRPC loads no gRPC. */
async function loadGrpc() {
  const [{ GrpcListener }, { otlpGrpcService }] = await Promise.all([
    import("../server/grpc-listener.ts"),
    import("./otlp-grpc.ts"),
  ]);
  return { GrpcListener, otlpGrpcService };
}

export interface OtlpReceiverFactory extends ComponentFactory<OtlpConfig, OtlpReceiverSettings, OtlpReceiver> {
  /** Loads what the receiver's start needs, which is then quicker. */
  load(config: OtlpConfig): Promise<unknown>;
}

export const otlpReceiver: OtlpReceiverFactory = {
  type: "otlp",
  stability: "beta",
  config: otlpConfig,
  load: async ({ protocols }) => (protocols.grpc?.enabled === false ? undefined : loadGrpc()),
  create: (settings, config) => new OtlpReceiver(settings, config),
};
