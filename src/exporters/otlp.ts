import { Client, type ClientOptions, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { z } from "zod";
import { materialiseBody } from "../codec/otlp/materialise.ts";
import type { ComponentFactory, Host } from "../component/component.ts";
import type { Exporter, ExporterSettings, ExportOutcome } from "../component/export.ts";
import type { LogFragment } from "../model/log.ts";
import {
  compressionConfig,
  exporterCommonConfig,
  headersConfig,
  isLinkLocal,
  linkLocalMessage,
  tlsConfig,
} from "./common-config.ts";
import { GRPC_ANSWER_LIMIT, grpcOutcome } from "./grpc-outcome.ts";
import { InFlight } from "./in-flight.ts";
import { readExportAnswer } from "./otlp-answer.ts";
import { countSpans, unreadable } from "./outcome.ts";
import { readTlsMaterial } from "./tls-options.ts";

const EXPORT_METHOD = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
/** grpc-js's numbers for `grpc.default_compression_algorithm`. */
const COMPRESSION = { none: 0, gzip: 2 } as const;
const CANCELLED = 1;

export interface GrpcTarget {
  /** `host:port`, IPv6 in brackets. */
  readonly address: string;
  readonly secure: boolean | undefined;
}

/**
 * `host:port` or `http(s)://host:port`; the scheme decides on TLS, without one `tls` in the config does. Undefined for
 * anything else.
 */
export function parseGrpcEndpoint(text: string): GrpcTarget | undefined {
  const scheme = /^(https?):\/\//.exec(text)?.[1];
  const rest = scheme === undefined ? text : text.slice(scheme.length + 3).replace(/\/$/, "");
  const parts = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9_.-]+)(?::(\d{1,5}))?$/.exec(rest);
  if (parts === null) return undefined;
  const port = parts[2] ?? (scheme === undefined ? undefined : "4317");
  if (port === undefined || Number(port) < 1 || Number(port) > 65535) return undefined;
  return { address: `${parts[1]}:${port}`, secure: scheme === undefined ? undefined : scheme === "https" };
}

const endpointConfig = z.string().superRefine((text, context) => {
  const target = parseGrpcEndpoint(text);
  const host = target?.address.replace(/:\d+$/, "");
  let message: string | undefined;
  if (host === undefined) {
    message = `${JSON.stringify(text)} is no gRPC endpoint; expected host:port or http(s)://host:port`;
  } else if (isLinkLocal(host)) message = linkLocalMessage(host);
  if (message !== undefined) context.addIssue({ code: "custom", message, input: text });
});

/** gRPC metadata keys are lower case and never binary here. */
const metadataConfig = headersConfig.refine(
  (headers) => Object.keys(headers).every((key) => !key.toLowerCase().endsWith("-bin") && !key.startsWith("grpc-")),
  { message: "names must not end in -bin or begin with grpc-" },
);

const config = z
  .strictObject({
    endpoint: endpointConfig.default("localhost:4317"),
    headers: metadataConfig,
    compression: compressionConfig,
    tls: tlsConfig.optional(),
    ...exporterCommonConfig,
  })
  .refine((value) => value.tls === undefined || parseGrpcEndpoint(value.endpoint)?.secure !== false, {
    path: ["tls"],
    message: "tls is set, but the endpoint begins with http://",
  });
export type OtlpConfig = z.output<typeof config>;

class OtlpExporter implements Exporter {
  readonly #settings: ExporterSettings;
  readonly #config: OtlpConfig;
  readonly #metadata = new Metadata();
  readonly #inFlight = new InFlight();
  #client: Client | undefined;

  constructor(settings: ExporterSettings, userConfig: OtlpConfig) {
    this.#settings = settings;
    this.#config = userConfig;
    for (const [key, value] of Object.entries(userConfig.headers)) this.#metadata.set(key, value);
  }

  async start(host: Host): Promise<void> {
    const { endpoint, compression, tls } = this.#config;
    const target = parseGrpcEndpoint(endpoint) as GrpcTarget;
    const material = await readTlsMaterial(this.#settings.name, tls);
    const options: ClientOptions = {
      "grpc.primary_user_agent": `OTel-OTLP-Exporter-${host.userAgent}`,
      "grpc.default_compression_algorithm": COMPRESSION[compression],
      "grpc.max_receive_message_length": GRPC_ANSWER_LIMIT,
      "grpc.max_send_message_length": -1,
      // Retries are the caller's, who knows about the queue; the channel's own would hide them.
      "grpc.enable_retries": 0,
      // One connection an exporter, so that a shutdown can close it.
      "grpc.use_local_subchannel_pool": 1,
      ...(material.servername === undefined ? {} : { "grpc.ssl_target_name_override": material.servername }),
    };
    const secure = target.secure ?? tls !== undefined;
    const channelCredentials = secure
      ? credentials.createSsl(material.ca ?? null, material.key ?? null, material.cert ?? null, {
          rejectUnauthorized: material.rejectUnauthorized,
        })
      : credentials.createInsecure();
    this.#client = new Client(target.address, channelCredentials, options);
  }

  async export(fragments: readonly LogFragment[], signal: AbortSignal): Promise<ExportOutcome> {
    const client = this.#client;
    if (client === undefined) return { type: "retry", reason: `exporter ${this.#settings.name} is not running` };
    const count = countSpans(fragments);
    if (count === 0) return { type: "delivered" };
    if (signal.aborted) return { type: "retry", reason: "stopped before it was sent" };
    let body: Uint8Array;
    try {
      body = materialiseBody(fragments);
    } catch (error) {
      return unreadable(count, error);
    }
    return this.#inFlight.run(() => this.#call(client, body, count, signal));
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await this.#inFlight.idle(signal);
    client?.close();
  }

  #call(client: Client, body: Uint8Array, count: number, signal: AbortSignal): Promise<ExportOutcome> {
    return new Promise((resolve) => {
      let onAbort = () => {};
      const onAnswer = (error: ServiceError | null, answer?: Buffer) => {
        signal.removeEventListener("abort", onAbort);
        if (error === null) resolve(readExportAnswer(answer ?? new Uint8Array(0)));
        else if (error.code === CANCELLED && signal.aborted)
          resolve({ type: "retry", reason: "stopped while it was sent" });
        else resolve(grpcOutcome(error, count));
      };
      const call = client.makeUnaryRequest<Uint8Array, Buffer>(
        EXPORT_METHOD,
        (message) => Buffer.from(message.buffer, message.byteOffset, message.byteLength),
        (message) => message,
        body,
        this.#metadata,
        { deadline: Date.now() + this.#config.timeout_ms },
        onAnswer,
      );
      onAbort = () => call.cancel();
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }
}

/** OTLP over gRPC. The spans leave as they were stored, byte for byte. */
export const otlpExporter: ComponentFactory<OtlpConfig, ExporterSettings, Exporter> = {
  type: "otlp",
  stability: "beta",
  config,
  create: (settings, userConfig) => new OtlpExporter(settings, userConfig),
};
