const HEX_ID = /^[0-9a-f]{1,32}$/i;
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?$/i;
const UBER = /^([0-9a-f]{1,32}):([0-9a-f]{1,16}):[0-9a-f]{1,16}:[0-9a-f]{1,2}$/i;
const B3 = /^([0-9a-f]{16}|[0-9a-f]{32})-([0-9a-f]{16})(?:-[01d])?(?:-[0-9a-f]{16})?$/i;
const TRACE_URL = /\/trace\/([0-9a-f]{1,32})(?![0-9a-f])/i;

interface TraceReference {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits, where the text named a span. */
  readonly spanId?: string;
}

/**
 * The trace that a pasted text names: a trace id (UUID dashes and `0x` are tolerated), a W3C `traceparent`, a B3 single
 * header, an `uber-trace-id` or the address of a trace page. Undefined when it names none; plain digits and words of
 * fewer than 8 characters do not count, because they are more likely a search.
 */
export function parseTraceReference(text: string): TraceReference | undefined {
  const trimmed = text
    .trim()
    .replace(/^["']|["',;]+$/g, "")
    .replace(/^(?:traceparent|b3|uber-trace-id)\s*[:=]\s*/i, "");
  for (const pattern of [TRACEPARENT, UBER, B3]) {
    const match = pattern.exec(trimmed);
    if (match !== null) return reference(match[1]!, match[2]!);
  }
  const url = TRACE_URL.exec(trimmed);
  if (url !== null) return reference(url[1]!);
  const bare = trimmed.replace(/^0x/i, "");
  const plain = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(bare)
    ? bare.replaceAll("-", "")
    : bare;
  return plain.length >= 8 && HEX_ID.test(plain) ? reference(plain) : undefined;
}

function reference(traceId: string, spanId?: string): TraceReference | undefined {
  const trace = traceId.toLowerCase().padStart(32, "0");
  if (/^0+$/.test(trace)) return undefined;
  return spanId === undefined ? { traceId: trace } : { traceId: trace, spanId: spanId.toLowerCase().padStart(16, "0") };
}
