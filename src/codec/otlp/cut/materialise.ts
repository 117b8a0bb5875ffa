import type { LogFragment } from "../../../model/log.ts";
import { appliedThreshold, type SpanColumns } from "../../../model/span-columns.ts";
import { withThreshold } from "../message/trace-state.ts";
import { ByteReader } from "../wire/wire.ts";
import { WireWriter } from "../wire/wire-writer.ts";
import { rewriteBody } from "./cut.ts";

const TRACE_STATE_TAG = 0x1a;

/**
 * One OTLP TracesData body of all the fragments' rows, as exporters send it: bodies as they were stored, cut where rows
 * are missing, with the sampling threshold of each row in its trace state. May share memory with a fragment's body:
 * treat it as immutable.
 */
export function materialiseBody(fragments: readonly LogFragment[]): Uint8Array {
  const parts = fragments.filter((fragment) => fragment.rows.length > 0).map(materialise);
  if (parts.length === 1) return parts[0] as Uint8Array;
  const body = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    body.set(part, at);
    at += part.length;
  }
  return body;
}

function materialise({ block, rows }: LogFragment): Uint8Array {
  const { body, columns } = block;
  const whole = rows.length === columns.count && columns.partial !== true;
  if (whole && !anyApplied(columns)) return body;
  return rewriteBody(body, columns, rows, (row) => spanWithThreshold(body, columns, row));
}

function anyApplied(columns: SpanColumns): boolean {
  if (columns.thresholdIndex === undefined) return false;
  for (let row = 0; row < columns.count; row++) if (appliedThreshold(columns, row) !== undefined) return true;
  return false;
}

/** The span's bytes with its threshold in `trace_state`, every other field untouched; undefined without one. */
function spanWithThreshold(body: Uint8Array, columns: SpanColumns, row: number): Uint8Array | undefined {
  const threshold = appliedThreshold(columns, row);
  if (threshold === undefined) return undefined;
  const reader = new ByteReader(body, columns.spanStart[row], columns.spanEnd[row]);
  const w = new WireWriter(reader.end - reader.at + 64);
  let traceState = "";
  while (reader.at < reader.end) {
    const start = reader.at;
    const tag = reader.tag();
    if (tag === TRACE_STATE_TAG) traceState = reader.text();
    else {
      reader.skip(tag, 0);
      w.raw(body.subarray(start, reader.at));
    }
  }
  const changed = withThreshold(traceState, threshold);
  if (changed !== "") w.text(TRACE_STATE_TAG, changed);
  return w.finish();
}
