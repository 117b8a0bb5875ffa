import { materialiseBody } from "../codec/otlp/cut/materialise.ts";
import type { ComponentFactory } from "../component/component.ts";
import type { Exporter, ExporterSettings, ExportOutcome } from "../component/export.ts";
import type { LogFragment } from "../model/log.ts";
import { httpExporterConfig } from "./common-config.ts";
import { HttpExporter, type HttpExporterConfig, type Post } from "./http-exporter.ts";
import { readErrorMessage, readExportAnswer } from "./otlp-answer.ts";
import { httpOutcome, unreadable } from "./outcome.ts";

const SIGNAL_PATH = "v1/traces";

/** The endpoint's path with `v1/traces` behind it (OpenTelemetry specification, "OTLP exporter", endpoint URLs). */
export function tracesUrl(endpoint: string): URL {
  const url = new URL(endpoint);
  url.pathname += url.pathname.endsWith("/") ? SIGNAL_PATH : `/${SIGNAL_PATH}`;
  return url;
}

async function send(fragments: readonly LogFragment[], count: number, post: Post): Promise<ExportOutcome> {
  let body: Uint8Array;
  try {
    body = materialiseBody(fragments);
  } catch (error) {
    return unreadable(count, error);
  }
  const answer = await post(body, "application/x-protobuf");
  return httpOutcome(answer, count, readExportAnswer, readErrorMessage);
}

/** OTLP over HTTP, binary protobuf. The spans leave as they were stored, byte for byte. */
export const otlpHttpExporter: ComponentFactory<HttpExporterConfig, ExporterSettings, Exporter> = {
  type: "otlp_http",
  stability: "beta",
  config: httpExporterConfig("http://localhost:4318"),
  create: (settings, config) =>
    new HttpExporter(settings, config, {
      url: tracesUrl,
      userAgent: (host) => `OTel-OTLP-Exporter-${host.userAgent}`,
      send,
    }),
};

/** The name that the Collector had for it. */
export const otlphttpExporter: ComponentFactory<HttpExporterConfig, ExporterSettings, Exporter> = {
  ...otlpHttpExporter,
  type: "otlphttp",
};
