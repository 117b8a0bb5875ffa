import { setMaxListeners } from "node:events";
import { z } from "zod";
import { materialiseBody } from "../codec/otlp/cut/materialise.ts";
import type { Host } from "../component/component.ts";
import { parseDiscoverEndpoint } from "../component/discover-endpoint.ts";
import { isDiscoverEndpoint } from "../component/discovery.ts";
import type {
  Exporter,
  ExporterFactory,
  ExporterSettings,
  ExportOutcome,
  Forwarder,
  ForwardOutcome,
  SignalRequest,
} from "../component/export.ts";
import type { LogFragment } from "../model/log.ts";
import { isLinkLocal, LinkLocalError } from "../model/net/link-local.ts";
import {
  badDiscoverEndpoint,
  clientTlsConfig,
  compressionConfig,
  exporterCommonConfig,
  headersConfig,
  LINK_LOCAL_RULE,
  signalsConfig,
} from "./common-config.ts";
import { GrpcCaller } from "./grpc-caller.ts";
import { parseGrpcEndpoint } from "./grpc-endpoint.ts";
import { grpcOutcome } from "./grpc-outcome.ts";
import { readExportAnswer } from "./otlp-answer.ts";
import { forwardedOverGrpc, protobufOf } from "./otlp-forward.ts";
import { countSpans, unreadable } from "./outcome.ts";

const EXPORT_METHOD = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const SIGNAL_METHODS = {
  logs: "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
  metrics: "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
} as const;

const endpointConfig = z.string().superRefine((text, context) => {
  const message = badGrpcEndpoint(text);
  if (message !== undefined) context.addIssue({ code: "custom", message, input: text });
});

function badGrpcEndpoint(text: string): string | undefined {
  if (isDiscoverEndpoint(text)) {
    const problem = badDiscoverEndpoint(text);
    if (problem !== undefined || parseDiscoverEndpoint(text).path === "") return problem;
    return `${JSON.stringify(text)}: a gRPC endpoint has no path; expected discover://service?tag=…`;
  }
  const host = parseGrpcEndpoint(text)?.address.replace(/:\d+$/, "");
  if (host === undefined) {
    return `${JSON.stringify(text)} is no gRPC endpoint; expected host:port or http(s)://host:port, or discover://service`;
  }
  return isLinkLocal(host) ? new LinkLocalError(host, LINK_LOCAL_RULE).message : undefined;
}

/** What the endpoint says about TLS; undefined where it leaves that to `tls`. */
function secureOf(endpoint: string): boolean | undefined {
  if (!isDiscoverEndpoint(endpoint)) return parseGrpcEndpoint(endpoint)?.secure;
  const scheme = new URL(endpoint).searchParams.get("scheme");
  return scheme === "http" || scheme === "https" ? scheme === "https" : undefined;
}

/** gRPC metadata keys are lower case and never binary here. */
const metadataConfig = headersConfig.refine(
  (headers) => Object.keys(headers).every((key) => !key.toLowerCase().endsWith("-bin") && !key.startsWith("grpc-")),
  { message: "names must not end in -bin or begin with grpc-" },
);

const config = z
  .strictObject({
    endpoint: endpointConfig
      .default("localhost:4317")
      .describe(
        "`host:port`, or `http(s)://host:port`, or `discover://service[?tag=…][&scheme=https]`: without a scheme `tls` decides on TLS.",
      ),
    headers: metadataConfig,
    compression: compressionConfig.default("gzip"),
    tls: clientTlsConfig.optional(),
    signals: signalsConfig,
    ...exporterCommonConfig,
  })
  .refine((value) => value.tls === undefined || secureOf(value.endpoint) !== false, {
    path: ["tls"],
    message: "tls is set, but the endpoint begins with http:// or has scheme=http",
  });
export type OtlpExporterConfig = z.output<typeof config>;

function createCaller(
  settings: ExporterSettings,
  { endpoint, headers, compression, tls, timeout_ms: timeoutMs }: OtlpExporterConfig,
): GrpcCaller {
  const secure = secureOf(endpoint) ?? tls !== undefined;
  return new GrpcCaller(settings, { endpoint, headers, compression, tls, secure, timeoutMs });
}

class OtlpExporter implements Exporter {
  readonly #caller: GrpcCaller;

  constructor(settings: ExporterSettings, userConfig: OtlpExporterConfig) {
    this.#caller = createCaller(settings, userConfig);
  }

  start(host: Host): Promise<void> {
    return this.#caller.start(host);
  }

  async export(fragments: readonly LogFragment[], signal: AbortSignal): Promise<ExportOutcome> {
    const count = countSpans(fragments);
    if (count === 0) return { type: "delivered" };
    if (signal.aborted) return { type: "retry", reason: "stopped before it was sent" };
    let body: Uint8Array;
    try {
      body = materialiseBody(fragments);
    } catch (error) {
      return unreadable(count, error);
    }
    return this.#caller.call<ExportOutcome>(EXPORT_METHOD, body, signal, (error, answer) =>
      error === null ? readExportAnswer(answer ?? new Uint8Array(0)) : grpcOutcome(error, count),
    );
  }

  shutdown(signal: AbortSignal): Promise<void> {
    return this.#caller.shutdown(signal);
  }
}

/** Logs and metrics over the same protocol, as they came; what came as JSON is written as protobuf. */
class OtlpForwarder implements Forwarder {
  readonly #caller: GrpcCaller;
  readonly #ending = new AbortController();

  constructor(settings: ExporterSettings, userConfig: OtlpExporterConfig) {
    this.#caller = createCaller(settings, userConfig);
    setMaxListeners(0, this.#ending.signal);
  }

  start(host: Host): Promise<void> {
    return this.#caller.start(host);
  }

  async forward(request: SignalRequest): Promise<ForwardOutcome> {
    const message = protobufOf(request);
    if ("type" in message) return message;
    return this.#caller.call<ForwardOutcome>(
      SIGNAL_METHODS[request.signal],
      message.body,
      this.#ending.signal,
      forwardedOverGrpc,
    );
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    await this.#caller.shutdown(signal);
    this.#ending.abort();
  }
}

/** OTLP over gRPC. The spans leave as they were stored, byte for byte. */
export const otlpExporter: ExporterFactory<OtlpExporterConfig> = {
  type: "otlp",
  stability: "beta",
  config,
  create: (settings, userConfig) => new OtlpExporter(settings, userConfig),
  forwarding: {
    signals: ({ signals }) => signals,
    create: (settings, userConfig) => new OtlpForwarder(settings, userConfig),
  },
};
