import { setMaxListeners } from "node:events";
import type { z } from "zod";
import { materialiseBody } from "../codec/otlp/cut/materialise.ts";
import type { Host } from "../component/component.ts";
import type {
  ExporterFactory,
  ExporterSettings,
  ExportOutcome,
  Forwarder,
  ForwardOutcome,
  SignalRequest,
} from "../component/export.ts";
import type { LogFragment } from "../model/log.ts";
import type { Signal } from "../model/signal.ts";
import { httpExporterConfig, signalsConfig } from "./common-config.ts";
import { HttpExporter, type Post } from "./http-exporter.ts";
import { HttpPoster } from "./http-poster.ts";
import { readErrorMessage, readExportAnswer } from "./otlp-answer.ts";
import { forwardedOverHttp } from "./otlp-forward.ts";
import { httpOutcome, unreadable } from "./outcome.ts";

const CONTENT_TYPES = { otlp_protobuf: "application/x-protobuf", otlp_json: "application/json" } as const;

/** Most connections for requests that senders wait for; further ones wait, in the time of their own. */
const FORWARD_SOCKETS = 64;

const config = httpExporterConfig("http://localhost:4318").safeExtend({ signals: signalsConfig });
export type OtlpHttpExporterConfig = z.output<typeof config>;

/** The endpoint's path with `v1/traces` behind it (OpenTelemetry specification, "OTLP exporter", endpoint URLs). */
export function signalUrl(endpoint: string, signal: Signal): URL {
  const url = new URL(endpoint);
  url.pathname += `${url.pathname.endsWith("/") ? "" : "/"}v1/${signal}`;
  return url;
}

async function send(fragments: readonly LogFragment[], count: number, post: Post): Promise<ExportOutcome> {
  let body: Uint8Array;
  try {
    body = materialiseBody(fragments);
  } catch (error) {
    return unreadable(count, error);
  }
  const answer = await post(body, CONTENT_TYPES.otlp_protobuf);
  return httpOutcome(answer, count, readExportAnswer, readErrorMessage);
}

function userAgent(host: Host): string {
  return `OTel-OTLP-Exporter-${host.userAgent}`;
}

/** Logs and metrics as they came, protobuf or JSON, in gzip where they came so and the config has it. */
class OtlpHttpForwarder implements Forwarder {
  readonly #poster: HttpPoster;
  readonly #ending = new AbortController();

  constructor(settings: ExporterSettings, userConfig: OtlpHttpExporterConfig) {
    this.#poster = new HttpPoster(settings, userConfig);
    setMaxListeners(0, this.#ending.signal);
  }

  async start(host: Host): Promise<void> {
    this.#poster.start(host, { userAgent: userAgent(host), maxSockets: FORWARD_SOCKETS });
  }

  async forward({ signal, format, bytes, encoding, body }: SignalRequest): Promise<ForwardOutcome> {
    const posted = {
      bytes: body,
      contentType: CONTENT_TYPES[format],
      gzipped: encoding === "gzip" ? bytes : undefined,
    };
    const answer = await this.#poster.during(() =>
      this.#poster.post((endpoint) => signalUrl(endpoint, signal), posted, this.#ending.signal),
    );
    return forwardedOverHttp(answer, signal);
  }

  async shutdown(signal: AbortSignal): Promise<void> {
    await this.#poster.shutdown(signal);
    this.#ending.abort();
  }
}

/** OTLP over HTTP, binary protobuf. The spans leave as they were stored, byte for byte. */
export const otlpHttpExporter: ExporterFactory<OtlpHttpExporterConfig> = {
  type: "otlp_http",
  stability: "beta",
  config,
  create: (settings, userConfig) =>
    new HttpExporter(settings, userConfig, { url: (endpoint) => signalUrl(endpoint, "traces"), userAgent, send }),
  forwarding: {
    signals: ({ signals }) => signals,
    create: (settings, userConfig) => new OtlpHttpForwarder(settings, userConfig),
  },
};

/** The name that the Collector had for it. */
export const otlphttpExporter: ExporterFactory<OtlpHttpExporterConfig> = { ...otlpHttpExporter, type: "otlphttp" };
