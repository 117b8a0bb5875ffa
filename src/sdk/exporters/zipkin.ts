import { encodeZipkinJson } from "../../codec/zipkin/json.ts";
import { toZipkinSpans } from "../../codec/zipkin/to-zipkin.ts";
import type { SpanExporter } from "./exporter.ts";
import { endpointUrl, postOutcome } from "./http-post.ts";
import { DEFAULT_EXPORT_TIMEOUT_MS } from "./otlp-http.ts";

export interface ZipkinSettings {
  /** Default `http://localhost:9411/api/v2/spans`. */
  readonly endpoint?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** For one attempt; default 10 000. */
  readonly timeoutMs?: number;
}

export const ZIPKIN_ENDPOINT = "http://localhost:9411/api/v2/spans";

/** Zipkin's v2 JSON endpoint. */
export function zipkinExporter(settings: ZipkinSettings = {}): SpanExporter {
  const { timeoutMs = DEFAULT_EXPORT_TIMEOUT_MS } = settings;
  const url = endpointUrl("zipkin", settings.endpoint ?? ZIPKIN_ENDPOINT);
  const headers = { ...settings.headers, "content-type": "application/json" };
  return {
    description: `zipkin ${url.href}`,
    export(records, signal) {
      const body = encodeZipkinJson(toZipkinSpans(records));
      return postOutcome({ url, headers, timeoutMs }, body, records.length, signal);
    },
    async shutdown() {},
  };
}
