import { fragmentRecords } from "../codec/otlp/message/fragment-records.ts";
import { encodeZipkinJson } from "../codec/zipkin/json.ts";
import { toZipkinSpans } from "../codec/zipkin/to-zipkin.ts";
import type { ComponentFactory } from "../component/component.ts";
import type { Exporter, ExporterSettings, ExportOutcome } from "../component/export.ts";
import type { LogFragment } from "../model/log.ts";
import { httpExporterConfig } from "./common-config.ts";
import { HttpExporter, type Post } from "./http-exporter.ts";
import type { HttpExporterConfig } from "./http-poster.ts";
import { httpOutcome, unreadable } from "./outcome.ts";

async function send(fragments: readonly LogFragment[], count: number, post: Post): Promise<ExportOutcome> {
  let body: Uint8Array;
  try {
    body = encodeZipkinJson(toZipkinSpans(fragments.flatMap(fragmentRecords)));
  } catch (error) {
    return unreadable(count, error);
  }
  return httpOutcome(await post(body, "application/json"), count);
}

/** Zipkin v2 JSON over HTTP; the endpoint is the whole URL, or a service to discover. */
export const zipkinExporter: ComponentFactory<HttpExporterConfig, ExporterSettings, Exporter> = {
  type: "zipkin",
  stability: "beta",
  config: httpExporterConfig("http://localhost:9411/api/v2/spans"),
  create: (settings, config) =>
    new HttpExporter(settings, config, {
      url: (endpoint) => new URL(endpoint),
      path: "/api/v2/spans",
      userAgent: (host) => host.userAgent,
      send,
    }),
};
