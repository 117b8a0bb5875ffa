import { encodeTraces } from "../codec/otlp/message/encode.ts";
import { RetryableError } from "../component/errors.ts";
import { messageOf } from "../model/message-of.ts";
import { type SpanExporter, toTracesData } from "../sdk/exporters/exporter.ts";

/**
 * Takes the bytes of an OTLP TracesData message. Resolves once they are kept.
 * @throws RetryableError or PermanentError
 */
export type SpanSink = (bytes: Uint8Array<ArrayBuffer>) => Promise<void>;

/** Sends spans to a collector in the same process, without connection and compression. */
export function sinkExporter(sink: SpanSink): SpanExporter {
  return {
    description: "the collector in this process",
    async export(records) {
      try {
        await sink(encodeTraces(toTracesData(records)));
        return { type: "delivered" };
      } catch (error) {
        const reason = messageOf(error);
        if (!(error instanceof RetryableError)) return { type: "rejected", count: records.length, reason };
        const { retryAfterMs } = error;
        return { type: "retry", reason, ...(retryAfterMs === undefined ? {} : { afterMs: retryAfterMs }) };
      }
    },
    async shutdown() {},
  };
}
