import { DecodeError } from "../../codec/decode-error.ts";
import { JsonTraces } from "../../codec/otlp/json/json-in.ts";
import { Refusals } from "../../codec/otlp/message/refusals.ts";
import { DEFAULT_SPAN_LIMITS } from "../../codec/otlp/message/span-limits.ts";
import { TraceScanner } from "../../codec/otlp/scan/scan.ts";
import { PermanentError } from "../../component/errors.ts";
import { bytesToHex } from "../../model/ids.ts";
import type { LogBlock, LogFragment } from "../../model/log.ts";

/** The thread that answers searches reads the text at once: a longer one would make them wait. */
const MAX_TEXT_BYTES = 16 * 1024 * 1024;

/**
 * The traces in an OTLP/JSON text as if they had been stored, in order of their first span. Throws `too_large`, and a
 * `bad_request` that says where the text is wrong, also for a span that would be refused.
 */
export function fragmentsOfJson(json: Uint8Array): { id: string; fragments: LogFragment[] }[] {
  const { body, scan } = scanJson(json);
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
  if (json.length > MAX_TEXT_BYTES) {
    throw new PermanentError("too_large", `the text may have at most ${MAX_TEXT_BYTES} bytes, and has ${json.length}`);
  }
  const refusals = new Refusals();
  try {
    const { body } = new JsonTraces(json, DEFAULT_SPAN_LIMITS, refusals).whole();
    if (refusals.count > 0) throw new DecodeError(refusals.message);
    return { body, scan: new TraceScanner(DEFAULT_SPAN_LIMITS).scan(body) };
  } catch (error) {
    if (error instanceof DecodeError) {
      throw new PermanentError("bad_request", `cannot read OTLP/JSON: ${error.message}`, { cause: error });
    }
    throw error;
  }
}
