import { DecodeError } from "../../codec/decode-error.ts";
import { jsonToTraces } from "../../codec/otlp/json/json-in.ts";
import { encodeTraces } from "../../codec/otlp/message/encode.ts";
import { TraceScanner } from "../../codec/otlp/scan/scan.ts";
import { DEFAULT_SCAN_LIMITS, SPAN_TROUBLE } from "../../codec/otlp/scan/scan-result.ts";
import { PermanentError } from "../../component/errors.ts";
import { bytesToHex } from "../../model/ids.ts";
import type { LogBlock, LogFragment } from "../../model/log.ts";

/**
 * The traces in an OTLP/JSON text as if they had been stored, in order of their first span. Throws a `bad_request` that
 * says where the text is wrong, also for a span without a usable id.
 */
export function fragmentsOfJson(json: Uint8Array): { id: string; fragments: LogFragment[] }[] {
  const { body, scan } = scanJson(json);
  const bad = scan.troubles.findIndex((bits) => (bits & (SPAN_TROUBLE.zeroTraceId | SPAN_TROUBLE.badSpanId)) !== 0);
  if (bad >= 0) {
    throw new PermanentError(
      "bad_request",
      `span number ${bad + 1} has no usable id: expected a traceId of 32 and a spanId of 16 hex digits, not all zero`,
    );
  }
  const { columns } = scan;
  const block: LogBlock = { next: { segment: 0, block: 0 }, receivedAtMs: 0, body, columns };
  const rowsOfTrace = new Map<number, number[]>();
  for (let row = 0; row < columns.count; row++) {
    const trace = columns.traceIndex[row] as number;
    const rows = rowsOfTrace.get(trace);
    if (rows === undefined) rowsOfTrace.set(trace, [row]);
    else rows.push(row);
  }
  return Array.from(rowsOfTrace, ([trace, rows]) => ({
    id: bytesToHex(columns.traceIds, trace * 16, 16),
    fragments: [{ block, rows }],
  }));
}

function scanJson(json: Uint8Array) {
  try {
    const body = encodeTraces(jsonToTraces(json));
    return { body, scan: new TraceScanner(DEFAULT_SCAN_LIMITS).scan(body) };
  } catch (error) {
    if (error instanceof DecodeError) {
      throw new PermanentError("bad_request", `cannot read OTLP/JSON: ${error.message}`, { cause: error });
    }
    throw error;
  }
}
