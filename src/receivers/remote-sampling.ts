import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Host } from "../component/component.ts";
import type { Endpoint } from "../component/endpoint.ts";
import type { Metrics } from "../component/metrics.ts";
import type { Receiver, ReceiverFactory, ReceiverSettings } from "../component/receiver.ts";
import { isLoopback } from "../server/endpoint.ts";
import type { GrpcListener } from "../server/grpc/grpc-listener.ts";
import { HttpListener } from "../server/http-listener.ts";
import { wantedAddresses } from "../server/listen-addresses.ts";
import { sendAnswer } from "./http-answer.ts";
import { hostRefusal } from "./http-checks.ts";
import { type RemoteSamplingConfig, remoteSamplingConfig } from "./remote-sampling-config.ts";
import { RECORD_ALL, toldOfSampling } from "./sampling-told.ts";
import { legacyStrategyJson, type SamplingStrategy, type StrategyOf, strategyJson } from "./strategies.ts";
import { StrategiesFile } from "./strategies-file.ts";

const OCCUPANT = "Jaeger, its agent or another spanloom";
/** Senders ask for themselves; people look. */
const SAMPLING_NEED = ["ingest", "read"] as const;
const TEXT = "text/plain; charset=utf-8";

/**
 * Tells senders what share of their traces to record (Jaeger's remote sampling): HTTP `GET /sampling?service=`, with
 * the type as a number at `GET /?service=`, and gRPC `jaeger.api_v2.SamplingManager`.
 */
class RemoteSampling implements Receiver {
  readonly #settings: ReceiverSettings;
  readonly #config: RemoteSamplingConfig;
  #http: HttpListener | undefined;
  #grpc: GrpcListener | undefined;
  #file: StrategiesFile | undefined;
  #ofOthers: RequestListener | undefined;

  constructor(settings: ReceiverSettings, config: RemoteSamplingConfig) {
    this.#settings = settings;
    this.#config = config;
  }

  get addresses(): Readonly<Record<string, Endpoint>> {
    const [http, grpc] = [this.#http?.address, this.#grpc?.address];
    return { ...(http === undefined ? {} : { http }), ...(grpc === undefined ? {} : { grpc }) };
  }

  /** @throws PermanentError `listen_failed` or `config_invalid`; then no port is left open. */
  async start(host: Host): Promise<void> {
    const { file, http, grpc } = this.#config;
    if (file.path !== undefined) {
      this.#file = new StrategiesFile(file.path, `${this.#configPath}.file.path`, host.logger);
    }
    if (http.enabled) this.#http = this.#createHttp(host);
    if (grpc.enabled) this.#grpc = await this.#createGrpc(host);
    try {
      await this.#http?.start();
      await this.#grpc?.start();
    } catch (error) {
      await this.shutdown(AbortSignal.abort());
      throw error;
    }
    this.#answerOthers(host.metrics);
    for (const [listener, address] of Object.entries(this.addresses)) {
      host.logger.info("remote sampling is listening", { listener, ...address });
    }
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    const { samplingAnswers } = this.#settings;
    if (samplingAnswers !== undefined && samplingAnswers.of === this.#ofOthers) samplingAnswers.of = undefined;
    this.#file?.close();
    await Promise.all([this.#http?.shutdown(signal), this.#grpc?.shutdown(signal)]);
  }

  reloadTls(): void {
    this.#http?.reloadTls();
    this.#grpc?.reloadTls();
    this.#file?.reload();
  }

  readonly #strategyOf: StrategyOf = (service) => {
    if (this.#file !== undefined) return this.#file.strategyOf(service);
    const sampling = this.#config.from_sampling ? this.#settings.sampling?.() : undefined;
    return sampling === undefined ? RECORD_ALL : toldOfSampling(sampling, service);
  };

  get #configPath(): string {
    return `receivers.${this.#settings.name}`;
  }

  /** On the ports of other receivers, as `/api/sampling` of Jaeger's collector; the first receiver does it. */
  #answerOthers(metrics: Metrics): void {
    const { samplingAnswers } = this.#settings;
    if (samplingAnswers === undefined || samplingAnswers.of !== undefined) return;
    const counted = this.#counter(metrics, "other_http");
    this.#ofOthers = (request, response) => {
      answerStrategy(request, response, strategyJson, this.#strategyOf);
      counted(response.statusCode === 200);
    };
    samplingAnswers.of = this.#ofOthers;
  }

  #createHttp(host: Host): HttpListener {
    const { http } = this.#config;
    const onLoopback = wantedAddresses(http.endpoint).every(({ endpoint }) => isLoopback(endpoint.host));
    const rules = {
      allowedHosts: http.allowed_hosts ?? (onLoopback ? [] : undefined),
      configPath: `${this.#configPath}.http`,
    };
    const counted = this.#counter(host.metrics, "http");
    return new HttpListener({
      name: { title: "remote sampling", configKey: `${this.#configPath}.http.endpoint`, usualOccupant: OCCUPANT },
      access: host.access,
      needOf: () => SAMPLING_NEED,
      endpoint: http.endpoint,
      tls: http.tls,
      logger: host.logger,
      handler: (request, response) => {
        const refusal = hostRefusal(request.headers.host, rules);
        if (refusal === undefined) answer(request, response, this.#strategyOf);
        else sendAnswer(response, refusal.status, TEXT, `${refusal.refusal.message}\n`, {});
        counted(response.statusCode === 200);
      },
    });
  }

  async #createGrpc(host: Host): Promise<GrpcListener> {
    const { GrpcListener, samplingService, SAMPLING_LIMITS } = await loadGrpc();
    const { grpc } = this.#config;
    return new GrpcListener({
      ...SAMPLING_LIMITS,
      name: { title: "remote sampling", configKey: `${this.#configPath}.grpc.endpoint`, usualOccupant: OCCUPANT },
      access: host.access,
      need: SAMPLING_NEED,
      endpoint: grpc.endpoint,
      tls: grpc.tls,
      logger: host.logger,
      services: async () => [samplingService(this.#strategyOf, this.#counter(host.metrics, "grpc"))],
      inFlight: this.#settings.inFlight,
      onRefused: () => {},
    });
  }

  #counter(metrics: Metrics, transport: string): (answered: boolean) => void {
    const help = "Questions of senders for their sampling strategy.";
    const labels = { receiver: this.#settings.name, transport };
    const [yes, no] = ["true", "false"].map((answered) =>
      metrics.counter("spanloom_remote_sampling_requests_total", help, { ...labels, answered }),
    );
    return (answered) => (answered ? yes : no)?.add(1);
  }
}

function answer(request: IncomingMessage, response: ServerResponse, strategyOf: StrategyOf): void {
  const [path] = (request.url ?? "/").split("?", 1);
  if (path !== "/" && path !== "/sampling") {
    sendAnswer(response, 404, TEXT, "404 page not found; strategies are at /sampling?service=NAME\n", {});
    return;
  }
  answerStrategy(request, response, path === "/" ? legacyStrategyJson : strategyJson, strategyOf);
}

function answerStrategy(
  request: IncomingMessage,
  response: ServerResponse,
  write: (strategy: SamplingStrategy) => string,
  strategyOf: StrategyOf,
): void {
  if (request.method !== "GET" && request.method !== "HEAD") {
    sendAnswer(response, 405, TEXT, "send GET\n", { allow: "GET, HEAD" });
    return;
  }
  const [, ...query] = (request.url ?? "").split("?");
  const [service, ...others] = new URLSearchParams(query.join("?")).getAll("service");
  if (service === undefined || others.length > 0) {
    sendAnswer(response, 400, TEXT, "'service' parameter must be provided once\n", {});
    return;
  }
  sendAnswer(response, 200, "application/json", write(strategyOf(service)), {});
}

async function loadGrpc() {
  const [{ GrpcListener }, { samplingService, SAMPLING_LIMITS }] = await Promise.all([
    import("../server/grpc/grpc-listener.ts"),
    import("./remote-sampling-grpc.ts"),
  ]);
  return { GrpcListener, samplingService, SAMPLING_LIMITS };
}

export const remoteSamplingReceiver = {
  type: "remote_sampling",
  stability: "beta",
  config: remoteSamplingConfig,
  onByDefault: true,
  essential: false,
  listeners: [
    {
      name: "http",
      title: "Jaeger sampling/HTTP",
      setting: "http.endpoint",
      endpoint: ({ http }: RemoteSamplingConfig) => (http.enabled ? http.endpoint : undefined),
      target: ({ http }: RemoteSamplingConfig, authority: string) =>
        `${http.tls === undefined ? "http" : "https"}://${authority}/sampling`,
    },
    {
      name: "grpc",
      title: "Jaeger sampling/gRPC",
      setting: "grpc.endpoint",
      endpoint: ({ grpc }: RemoteSamplingConfig) => (grpc.enabled ? grpc.endpoint : undefined),
      target: ({ grpc }: RemoteSamplingConfig, authority: string) =>
        grpc.tls === undefined ? authority : `https://${authority}`,
    },
  ],
  load: async ({ grpc }) => (grpc.enabled ? loadGrpc() : undefined),
  create: (settings, config): Receiver => new RemoteSampling(settings, config),
} satisfies ReceiverFactory<RemoteSamplingConfig>;
