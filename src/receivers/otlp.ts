import { assertDefinitions } from "../codec/rpc/definitions.ts";
import type { Host } from "../component/component.ts";
import type { Endpoint } from "../component/endpoint.ts";
import type { Receiver, ReceiverFactory, ReceiverSettings } from "../component/receiver.ts";
import { corsOf } from "../server/cors.ts";
import { isLoopback } from "../server/endpoint.ts";
import type { GrpcListener } from "../server/grpc/grpc-listener.ts";
import { HttpListener } from "../server/http-listener.ts";
import { wantedAddresses } from "../server/listen-addresses.ts";
import type { ListenerName } from "../server/listen-error.ts";
import { OtherSignals } from "./other-signals.ts";
import {
  grpcOf,
  httpOf,
  type OtlpConfig,
  type OtlpGrpcConfig,
  type OtlpHttpConfig,
  otlpConfig,
} from "./otlp-config.ts";
import { answerSenderNotAdmitted, createOtlpHttpHandler } from "./otlp-http.ts";
import { otlpNeed } from "./otlp-http-check.ts";
import { ReceiverMetrics } from "./receiver-metrics.ts";
import { RefusalLog } from "./refusal-log.ts";

const OCCUPANT = "an OpenTelemetry Collector, Jaeger or another spanloom";

/** OTLP over gRPC and HTTP; only traces are stored, logs and metrics at most forwarded. */
class OtlpReceiver implements Receiver {
  readonly #settings: ReceiverSettings;
  readonly #config: OtlpConfig;
  #http: HttpListener | undefined;
  #grpc: GrpcListener | undefined;
  readonly #refusals: RefusalLog[] = [];

  constructor(settings: ReceiverSettings, config: OtlpConfig) {
    this.#settings = settings;
    this.#config = config;
  }

  get addresses(): Readonly<Record<string, Endpoint>> {
    const [grpc, http] = [this.#grpc?.address, this.#http?.address];
    return { ...(grpc === undefined ? {} : { grpc }), ...(http === undefined ? {} : { http }) };
  }

  /** @throws PermanentError `listen_failed` or `config_invalid`; then no port is left open. */
  async start(host: Host): Promise<void> {
    assertDefinitions();
    const grpc = grpcOf(this.#config);
    const http = httpOf(this.#config);
    if (grpc.enabled) this.#grpc = await this.#createGrpc(host, grpc);
    if (http.enabled) this.#http = this.#createHttp(host, http);
    try {
      await this.#grpc?.start();
      await this.#http?.start();
    } catch (error) {
      await this.shutdown(AbortSignal.abort());
      throw error;
    }
    if (this.#grpc !== undefined) host.logger.info("OTLP/gRPC is listening", { ...this.#grpc.address });
    if (this.#http !== undefined) host.logger.info("OTLP/HTTP is listening", { ...this.#http.address });
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#grpc?.shutdown(signal), this.#http?.shutdown(signal)]);
    for (const refusals of this.#refusals) refusals.close();
  }

  reloadTls(): void {
    this.#grpc?.reloadTls();
    this.#http?.reloadTls();
  }

  async #createGrpc(host: Host, config: OtlpGrpcConfig): Promise<GrpcListener> {
    const { GrpcListener } = await import("../server/grpc/grpc-listener.ts");
    const maxBytes = config.max_recv_msg_size_mib * 1024 * 1024;
    const reporting = this.#reporting(host, "grpc", "OTLP/gRPC");
    const options = { ...this.#settings, ...reporting, maxBytes, logger: host.logger };
    return new GrpcListener({
      name: this.#listenerName("grpc", "OTLP/gRPC receiver"),
      access: host.access,
      need: ["ingest"],
      endpoint: config.endpoint,
      tls: config.tls,
      logger: host.logger,
      services: async () => {
        const { otlpGrpcService, otherGrpcServices } = await import("./otlp-grpc.ts");
        const services = [otlpGrpcService(options), ...(this.#takesOthers ? otherGrpcServices(options) : [])];
        return services.map((service) => reporting.metrics.timedService(service));
      },
      late: this.#settings.late === true,
      maxMessageBytes: maxBytes,
      maxConcurrentStreams: config.max_concurrent_streams,
      maxConnections: config.max_connections,
      keepalive: config.keepalive.server_parameters,
      receiveTimeoutMs: config.read_timeout_ms,
      beginTimeoutMs: config.begin_timeout_ms,
      inFlight: this.#settings.inFlight,
      onRefused: (reason, message) => reporting.refusals.refused({ reason, message }),
    });
  }

  #createHttp(host: Host, config: OtlpHttpConfig): HttpListener {
    const onLoopback = wantedAddresses(config.endpoint).every(({ endpoint }) => isLoopback(endpoint.host));
    const reporting = this.#reporting(host, "http", "OTLP/HTTP");
    const cors = corsOf(config.cors, onLoopback, host);
    const handler = createOtlpHttpHandler({
      ...this.#settings,
      cors,
      maxBytes: config.max_request_body_size,
      takesOthers: this.#takesOthers,
      tracesPath: config.traces_url_path,
      allowedHosts: config.allowed_hosts ?? (onLoopback ? [] : undefined),
      configPath: this.#configPath("http"),
      ...reporting,
      logger: host.logger,
    });
    return new HttpListener({
      name: this.#listenerName("http", "OTLP/HTTP receiver"),
      access: host.access,
      needOf: otlpNeed,
      cors,
      answerRefused: answerSenderNotAdmitted,
      endpoint: config.endpoint,
      tls: config.tls,
      logger: host.logger,
      handler: reporting.metrics.timedHandler(handler),
      onHttp2: () => {
        const port = this.#grpc?.address?.port;
        const message =
          "this port takes OTLP over HTTP/1.1, no gRPC: " +
          (port === undefined ? `gRPC is off (${this.#configPath("grpc")})` : `send that to port ${port}`);
        reporting.refusals.refused({ reason: "wrong_port", message });
        return message;
      },
      onRefused: (refusal) => reporting.refusals.refusedByListener(refusal),
      configPath: this.#configPath("http"),
      maxConnections: config.max_connections,
      keepAliveTimeoutMs: config.idle_timeout_ms,
      headersTimeoutMs: config.read_header_timeout_ms,
      requestTimeoutMs: config.read_timeout_ms,
    });
  }

  /** Counters and the log of one transport. */
  #reporting(host: Host, transport: string, title: string) {
    const { name } = this.#settings;
    const metrics = new ReceiverMetrics(host.metrics, name, transport);
    const refusals = new RefusalLog(metrics, host.logger, name === "otlp" ? title : `${title} (${name})`);
    this.#refusals.push(refusals);
    const others = new OtherSignals({
      metrics: host.metrics,
      logger: host.logger,
      receiver: name,
      transport,
      sink: this.#settings.signals,
    });
    return { metrics, refusals, others };
  }

  get #takesOthers(): boolean {
    return this.#config.other_signals === "accept";
  }

  #configPath(protocol: string): string {
    return `receivers.${this.#settings.name}.protocols.${protocol}`;
  }

  #listenerName(protocol: string, title: string): ListenerName {
    return { title, configKey: `${this.#configPath(protocol)}.endpoint`, usualOccupant: OCCUPANT };
  }
}

/** A collector without OTLP/gRPC loads no gRPC. */
async function loadGrpc(): Promise<void> {
  await Promise.all([import("../server/grpc/grpc-server.ts"), import("./otlp-grpc.ts")]);
}

export const otlpReceiver = {
  type: "otlp",
  stability: "beta",
  config: otlpConfig,
  onByDefault: true,
  essential: true,
  listeners: [
    {
      name: "grpc",
      title: "OTLP/gRPC",
      setting: "protocols.grpc.endpoint",
      endpoint(config: OtlpConfig) {
        const { enabled, endpoint } = grpcOf(config);
        return enabled ? endpoint : undefined;
      },
      target: (config: OtlpConfig, authority: string) =>
        grpcOf(config).tls === undefined ? authority : `https://${authority}`,
    },
    {
      name: "http",
      title: "OTLP/HTTP",
      setting: "protocols.http.endpoint",
      endpoint(config: OtlpConfig) {
        const { enabled, endpoint } = httpOf(config);
        return enabled ? endpoint : undefined;
      },
      target(config: OtlpConfig, authority: string) {
        const { tls, traces_url_path: path } = httpOf(config);
        return `${tls === undefined ? "http" : "https"}://${authority}${path}`;
      },
    },
  ],
  load: async (config, late) => (grpcOf(config).enabled && !late ? loadGrpc() : undefined),
  create: (settings, config): Receiver => new OtlpReceiver(settings, config),
} satisfies ReceiverFactory<OtlpConfig>;
