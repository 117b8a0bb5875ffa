import { fragmentRecords } from "../../codec/otlp/message/fragment-records.ts";
import { PermanentError } from "../../component/errors.ts";
import type { TraceReader } from "../../component/read.ts";
import { bytesToHex, hexToBytes } from "../../model/ids.ts";
import type { LogFragment } from "../../model/log.ts";
import type { SpanRecord } from "../../model/span.ts";
import type { Gaps } from "../gaps.ts";
import type { UiLinkedFromResponse, UiSpanPlace, UiTraceSearchResponse } from "./api-types.ts";
import { countSpanParts } from "./span-counts.ts";
import { spanDetailJson } from "./span-detail.ts";
import { findInTrace } from "./trace-find.ts";
import { buildTraceTree } from "./trace-tree.ts";

/**
 * The spans of a trace. `id`: 32 lower-case hex digits.
 * @throws PermanentError `not_found`; RetryableError where it may lie in what cannot be read now
 */
export async function requireTrace(
  reader: TraceReader,
  id: string,
  signal: AbortSignal,
  gaps: Gaps,
): Promise<readonly LogFragment[]> {
  const fragments = await reader.trace(hexToBytes(id) as Uint8Array, signal, gaps.onGap);
  const filled = fragments.filter(({ rows }) => rows.length > 0);
  if (filled.length > 0) return filled;
  gaps.throwIfAny();
  throw new PermanentError("not_found", `trace ${id} not found`);
}

/**
 * The JSON of a `UiSpanResponse`; undefined where the trace has no such span.
 * @param spanId 16 lower-case hex digits
 * @param kind of SPAN_KIND; any without it
 */
export function spanJson(fragments: readonly LogFragment[], spanId: string, kind?: number): string | undefined {
  const records = recordsOf(fragments, spanId, kind);
  return records.length === 0 ? undefined : `{"spans":[${records.map(spanDetailJson).join(",")}]}`;
}

/**
 * Whether a span of a trace is stored, and what it is called; without fragments the trace is not.
 * @param spanId 16 lower-case hex digits
 */
export function spanPlace(fragments: readonly LogFragment[], spanId: string): UiSpanPlace {
  const [found] = recordsOf(fragments, spanId, undefined);
  return {
    traceStored: fragments.some(({ rows }) => rows.length > 0),
    ...(found !== undefined && { span: { service: found.service, name: found.span.name } }),
  };
}

function recordsOf(fragments: readonly LogFragment[], spanId: string, kind: number | undefined): SpanRecord[] {
  const wanted = hexToBytes(spanId) as Uint8Array;
  const records: SpanRecord[] = [];
  for (const { block, rows } of fragments) {
    const { spanIds, kind: kinds } = block.columns;
    const matching = rows.filter((row) => sameId(spanIds, row, wanted) && (kind === undefined || kinds[row] === kind));
    if (matching.length > 0) records.push(...fragmentRecords({ block, rows: matching }));
  }
  return records;
}

/** The spans of a trace that hold a text (findInTrace). */
export function spansThatHold(
  fragments: readonly LogFragment[],
  text: string,
  signal: AbortSignal,
): UiTraceSearchResponse {
  const tree = buildTraceTree(fragments);
  const rows = findInTrace(fragments, tree, text, signal);
  const spanIds = rows.map((row) => {
    const { spanIds: ids } = (fragments[tree.fragment[row] as number] as LogFragment).block.columns;
    return bytesToHex(ids, (tree.source[row] as number) * 8, 8);
  });
  return { rows, spanIds };
}

/** The spans of a fragment that hold a link to the trace `toTraceId`, once for each span that they link to. */
export function linkingSpans(fragment: LogFragment, toTraceId: string): UiLinkedFromResponse["spans"] {
  return fragmentRecords(withLinks(fragment)).flatMap(({ span, service }) => {
    const targets = new Set(span.links.filter((link) => link.traceId === toTraceId).map((link) => link.spanId));
    return Array.from(targets, (toSpanId) => ({
      traceId: span.traceId,
      spanId: span.spanId,
      service,
      name: span.name,
      startTimeUnixNano: span.startTimeUnixNano.toString(),
      toSpanId,
    }));
  });
}

/** The fragment's rows that hold a link at all: most spans of a trace need no decoding. */
function withLinks({ block, rows }: LogFragment): LogFragment {
  const { spanStart, spanEnd } = block.columns;
  const counts = { attributes: 0, events: 0, links: 0 };
  const linking = rows.filter((row) => {
    countSpanParts(block.body, spanStart[row] as number, spanEnd[row] as number, counts);
    return counts.links > 0;
  });
  return { block, rows: linking };
}

function sameId(ids: Uint8Array, row: number, wanted: Uint8Array): boolean {
  for (let i = 0; i < 8; i++) if (ids[row * 8 + i] !== wanted[i]) return false;
  return true;
}
