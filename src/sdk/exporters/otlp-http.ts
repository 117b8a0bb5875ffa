import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { tracesToJson } from "../../codec/otlp/json/json-out.ts";
import { encodeTraces } from "../../codec/otlp/message/encode.ts";
import { type PartialSuccess, parseExportResponseJson } from "../../codec/otlp/message/export-response-json.ts";
import type { ExportOutcome } from "../../component/export.ts";
import { type SpanExporter, toTracesData } from "./exporter.ts";
import { endpointUrl, type PostAnswer, postOutcome } from "./http-post.ts";
import { readPartialSuccess } from "./otlp-answer.ts";

export interface OtlpHttpSettings {
  /** The whole URL. Default `http://localhost:4318/v1/traces`. */
  readonly endpoint?: string;
  /** Default `http/protobuf`. */
  readonly protocol?: "http/protobuf" | "http/json";
  readonly headers?: Readonly<Record<string, string>>;
  /** Default gzip. */
  readonly compression?: "gzip" | "none";
  /** For one attempt; default 10 000. */
  readonly timeoutMs?: number;
}

export const OTLP_HTTP_ENDPOINT = "http://localhost:4318/v1/traces";
export const DEFAULT_EXPORT_TIMEOUT_MS = 10_000;
export const USER_AGENT = "OTel-OTLP-Exporter-spanloom";

const compress = promisify(gzip);

/** OTLP over HTTP (opentelemetry-proto's specification, "OTLP/HTTP"). */
export function otlpHttpExporter(settings: OtlpHttpSettings = {}): SpanExporter {
  const { protocol = "http/protobuf", compression = "gzip", timeoutMs = DEFAULT_EXPORT_TIMEOUT_MS } = settings;
  const url = endpointUrl("otlp", settings.endpoint ?? OTLP_HTTP_ENDPOINT);
  const json = protocol === "http/json";
  const headers = {
    "user-agent": USER_AGENT,
    ...settings.headers,
    "content-type": json ? "application/json" : "application/x-protobuf",
    ...(compression === "gzip" ? { "content-encoding": "gzip" } : {}),
  };
  return {
    description: `otlp ${url.href}`,
    async export(records, signal) {
      const data = toTracesData(records);
      const plain = json ? Buffer.from(tracesToJson(data)) : encodeTraces(data);
      const body = compression === "gzip" ? await compress(plain) : plain;
      return postOutcome({ url, headers, timeoutMs }, body, records.length, signal, partialSuccess);
    },
    async shutdown() {},
  };
}

/** `partial_success` of an ExportTraceServiceResponse; an answer that cannot be read is taken as success. */
function partialSuccess(answer: PostAnswer): ExportOutcome {
  try {
    const partial = answer.contentType.startsWith("application/json")
      ? parseExportResponseJson(answer.body.toString("utf8"))
      : readPartialSuccess(answer.body);
    return outcomeOfPartial(partial);
  } catch {
    // A 2xx status is what counts; some proxies answer it with a page of their own.
    return { type: "delivered" };
  }
}

/** Spans that the peer refused for good; a message alone is a warning about spans that it took. */
export function outcomeOfPartial(partial: PartialSuccess | undefined): ExportOutcome {
  if (partial === undefined || partial.rejectedSpans <= 0) return { type: "delivered" };
  return { type: "rejected", count: partial.rejectedSpans, reason: partial.errorMessage };
}
