import { SPAN_KIND, type SpanRecord } from "../../model/span.ts";

/**
 * Zipkin's client and server may share a span id; Jaeger's readers expect ids to be unique. So, as Jaeger does, such a
 * server span gets an id of its own and becomes the child of the client span, and what was below the shared id moves
 * below the server span. Records without such a pair come back as they are.
 */
export function giveServersTheirOwnIds(records: readonly SpanRecord[]): readonly SpanRecord[] {
  const clients = new Set<string>();
  for (const { span } of records) if (span.kind === SPAN_KIND.client) clients.add(span.spanId);
  const isShared = ({ span }: SpanRecord) => span.kind === SPAN_KIND.server && clients.has(span.spanId);
  if (!records.some(isShared)) return records;

  const used = new Set(records.map(({ span }) => span.spanId));
  const serverIds = new Map<string, string>();
  for (const record of records) {
    const { spanId } = record.span;
    if (isShared(record) && !serverIds.has(spanId)) serverIds.set(spanId, unusedId(spanId, used));
  }
  return records.map((record) => {
    const { span } = record;
    if (isShared(record)) {
      return { ...record, span: { ...span, spanId: serverIds.get(span.spanId) as string, parentSpanId: span.spanId } };
    }
    const parentSpanId = serverIds.get(span.parentSpanId);
    return parentSpanId === undefined ? record : { ...record, span: { ...span, parentSpanId } };
  });
}

/** The next id after the given one that no span has; the same for the same trace. */
function unusedId(spanId: string, used: Set<string>): string {
  let id = BigInt(`0x${spanId}`);
  for (;;) {
    id = BigInt.asUintN(64, id + 1n);
    const text = id.toString(16).padStart(16, "0");
    if (id !== 0n && !used.has(text)) {
      used.add(text);
      return text;
    }
  }
}
