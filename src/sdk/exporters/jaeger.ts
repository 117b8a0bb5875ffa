import { writeBatch } from "../../codec/jaeger/thrift-batch.ts";
import { toJaegerBatches } from "../../codec/jaeger/to-jaeger.ts";
import { BinaryWriter } from "../../codec/thrift/binary.ts";
import type { ExportOutcome } from "../../component/export.ts";
import type { SpanExporter } from "./exporter.ts";
import { endpointUrl, postOutcome } from "./http-post.ts";
import { DEFAULT_EXPORT_TIMEOUT_MS } from "./otlp-http.ts";

export interface JaegerSettings {
  /** Default `http://localhost:14268/api/traces`. */
  readonly endpoint?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** For one attempt; default 10 000. */
  readonly timeoutMs?: number;
}

export const JAEGER_ENDPOINT = "http://localhost:14268/api/traces";

/** Jaeger's collector endpoint: one thrift Batch (binary protocol) a request, so one request a resource. */
export function jaegerExporter(settings: JaegerSettings = {}): SpanExporter {
  const { timeoutMs = DEFAULT_EXPORT_TIMEOUT_MS } = settings;
  const url = endpointUrl("jaeger", settings.endpoint ?? JAEGER_ENDPOINT);
  const headers = { ...settings.headers, "content-type": "application/vnd.apache.thrift.binary" };
  return {
    description: `jaeger ${url.href}`,
    async export(records, signal) {
      // The tracers of one instance share a resource, so this is one request and an outcome stands for all records.
      let outcome: ExportOutcome = { type: "delivered" };
      for (const batch of toJaegerBatches(records)) {
        const writer = new BinaryWriter();
        writeBatch(writer, batch);
        const sent = await postOutcome({ url, headers, timeoutMs }, writer.finish(), batch.spans.length, signal);
        if (sent.type !== "delivered") outcome = sent;
      }
      return outcome;
    },
    async shutdown() {},
  };
}
