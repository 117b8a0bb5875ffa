import type { Client, Metadata, ServiceError } from "@grpc/grpc-js";
import { z } from "zod";
import { materialiseBody } from "../codec/otlp/cut/materialise.ts";
import type { ComponentFactory, Host } from "../component/component.ts";
import { parseDiscoverEndpoint } from "../component/discover-endpoint.ts";
import { isDiscoverEndpoint } from "../component/discovery.ts";
import type { Exporter, ExporterSettings, ExportOutcome } from "../component/export.ts";
import { isLinkLocal, LinkLocalError } from "../component/link-local.ts";
import { onAbort } from "../component/signals.ts";
import { GRPC_STATUS } from "../model/grpc-status.ts";
import type { LogFragment } from "../model/log.ts";
import { messageOf } from "../model/message-of.ts";
import { type ClientTls, openClientTls } from "./client-tls.ts";
import {
  badDiscoverEndpoint,
  clientTlsConfig,
  compressionConfig,
  exporterCommonConfig,
  headersConfig,
  LINK_LOCAL_RULE,
} from "./common-config.ts";
import { type Destination, openDestination, type PickedDestination } from "./destination.ts";
import type { GrpcClients } from "./grpc-clients.ts";
import { parseGrpcEndpoint } from "./grpc-endpoint.ts";
import { grpcOutcome } from "./grpc-outcome.ts";
import { InFlight } from "./in-flight.ts";
import { readExportAnswer } from "./otlp-answer.ts";
import { countSpans, unreadable } from "./outcome.ts";

const EXPORT_METHOD = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

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
    ...exporterCommonConfig,
  })
  .refine((value) => value.tls === undefined || secureOf(value.endpoint) !== false, {
    path: ["tls"],
    message: "tls is set, but the endpoint begins with http:// or has scheme=http",
  });
export type OtlpExporterConfig = z.output<typeof config>;

class OtlpExporter implements Exporter {
  readonly #settings: ExporterSettings;
  readonly #config: OtlpExporterConfig;
  readonly #inFlight = new InFlight();
  #clients: GrpcClients | undefined;
  #metadata: Metadata | undefined;
  #tls: ClientTls | undefined;
  #destination: Destination | undefined;

  constructor(settings: ExporterSettings, userConfig: OtlpExporterConfig) {
    this.#settings = settings;
    this.#config = userConfig;
  }

  async start(host: Host): Promise<void> {
    const { endpoint, headers, compression, tls } = this.#config;
    // Loaded by those who use it: it is large, and most collectors forward nothing over gRPC.
    const { createMetadata, GrpcClients } = await import("./grpc-clients.ts");
    this.#metadata = createMetadata(headers);
    const files = openClientTls(this.#settings.name, tls, host.logger);
    try {
      this.#destination = openDestination(this.#settings, endpoint, { scheme: "grpc" });
    } catch (error) {
      files.close();
      throw error;
    }
    this.#tls = files;
    const clients = new GrpcClients({
      userAgent: `OTel-OTLP-Exporter-${host.userAgent}`,
      compression,
      secure: secureOf(endpoint) ?? tls !== undefined,
      tls: files.material,
    });
    files.onChange((material) => clients.useTls(material));
    this.#clients = clients;
  }

  async export(fragments: readonly LogFragment[], signal: AbortSignal): Promise<ExportOutcome> {
    const [clients, destination] = [this.#clients, this.#destination];
    if (clients === undefined || destination === undefined) {
      return { type: "retry", reason: `exporter ${this.#settings.name} is not running` };
    }
    const count = countSpans(fragments);
    if (count === 0) return { type: "delivered" };
    if (signal.aborted) return { type: "retry", reason: "stopped before it was sent" };
    let body: Uint8Array;
    try {
      body = materialiseBody(fragments);
    } catch (error) {
      return unreadable(count, error);
    }
    return this.#inFlight.run(() => this.#attempt(clients, destination, body, count, signal));
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    const [clients, destination] = [this.#clients, this.#destination];
    this.#tls?.close();
    this.#clients = undefined;
    this.#destination = undefined;
    await this.#inFlight.idle(signal);
    clients?.close();
    destination?.close();
  }

  async #attempt(
    clients: GrpcClients,
    destination: Destination,
    body: Uint8Array,
    count: number,
    signal: AbortSignal,
  ): Promise<ExportOutcome> {
    let picked: PickedDestination | undefined;
    let outcome: ExportOutcome;
    try {
      picked = await destination.next(signal);
      const target = parseGrpcEndpoint(picked.url);
      if (target === undefined) throw new Error(`${picked.url} is no address that can be called`);
      outcome = await clients.use(target.address, (client) => this.#call(client, body, count, signal));
    } catch (error) {
      outcome = { type: "retry", reason: messageOf(error) };
    }
    // Refusing spans speaks against the spans, not against the instance.
    picked?.done(outcome.type === "retry" && !signal.aborted ? "failure" : "success");
    return outcome;
  }

  #call(client: Client, body: Uint8Array, count: number, signal: AbortSignal): Promise<ExportOutcome> {
    return new Promise((resolve) => {
      let release = (): void => {};
      const onAnswer = (error: ServiceError | null, answer?: Buffer) => {
        release();
        if (error === null) resolve(readExportAnswer(answer ?? new Uint8Array(0)));
        else if (error.code === GRPC_STATUS.cancelled && signal.aborted)
          resolve({ type: "retry", reason: "stopped while it was sent" });
        else resolve(grpcOutcome(error, count));
      };
      const call = client.makeUnaryRequest<Uint8Array, Buffer>(
        EXPORT_METHOD,
        (message) => Buffer.from(message.buffer, message.byteOffset, message.byteLength),
        (message) => message,
        body,
        this.#metadata as Metadata,
        { deadline: Date.now() + this.#config.timeout_ms },
        onAnswer,
      );
      release = onAbort(signal, () => call.cancel());
    });
  }
}

/** OTLP over gRPC. The spans leave as they were stored, byte for byte. */
export const otlpExporter: ComponentFactory<OtlpExporterConfig, ExporterSettings, Exporter> = {
  type: "otlp",
  stability: "beta",
  config,
  create: (settings, userConfig) => new OtlpExporter(settings, userConfig),
};
