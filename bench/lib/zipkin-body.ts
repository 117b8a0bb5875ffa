import { decodeTraces } from "../../src/codec/otlp/message/decode.ts";
import { anyValueText } from "../../src/model/any-value.ts";
import type { LoadRequest } from "./per-service-set.ts";

const KINDS = [undefined, undefined, "SERVER", "CLIENT", "PRODUCER", "CONSUMER"];

/**
 * The same spans as Zipkin v2 JSON, for a peer that takes no OTLP. Later passes send them again unchanged: the peer's
 * memory store does not look.
 */
export function zipkinBody(request: LoadRequest): LoadRequest {
  const spans = decodeTraces(request.body).flatMap(({ resource, scopeSpans }) => {
    const service = resource.attributes.find(({ key }) => key === "service.name")?.value;
    return scopeSpans.flatMap((scope) =>
      scope.spans.map((span) => ({
        traceId: span.traceId,
        id: span.spanId,
        ...(span.parentSpanId === "" ? {} : { parentId: span.parentSpanId }),
        name: span.name,
        kind: KINDS[span.kind],
        timestamp: Number(span.startTimeUnixNano / 1000n),
        duration: Number((span.endTimeUnixNano - span.startTimeUnixNano) / 1000n),
        localEndpoint: { serviceName: service === undefined ? "" : anyValueText(service) },
        tags: Object.fromEntries(span.attributes.map(({ key, value }) => [key, anyValueText(value)])),
      })),
    );
  });
  return { body: Buffer.from(JSON.stringify(spans)), spans: request.spans, traceIds: [], spanIds: [], times: [] };
}
