import { PermanentError } from "../../component/errors.ts";
import { bytesToHex } from "../../model/ids.ts";
import { SPAN_KIND_NAMES } from "../../model/span.ts";
import type { SpanFilter, TraceQuery } from "../../model/trace-query.ts";
import { readExpression } from "../jaeger-v3/expression.ts";
import { toSpanFilter } from "../jaeger-v3/filter.ts";
import { toTraceQuery } from "../jaeger-v3/search.ts";
import { durationFilter, joinFilters, tagFilter, textEquals } from "../search-params.ts";
import { nanosOf, type Seconds, type V2Query, type V3Query } from "./messages.ts";

const DEFAULT_DEPTH = 100;
const MAX_DEPTH = 100_000;
const NANOS_PER_MS = 1_000_000n;

/** @throws PermanentError `bad_request` for what Jaeger refuses, as over HTTP */
export function v3Query(query: V3Query | null): TraceQuery {
  if (query === null) throw refused("missing query");
  const { searchDepth, filter, pagination } = query;
  if (searchDepth < 0) throw refused(`search_depth is ${searchDepth}, expected no negative number`);
  return toTraceQuery({
    service: query.serviceName,
    operation: query.operationName,
    attributes: new Map(Object.entries(query.attributes)),
    startMin: nanosOf(query.startTimeMin),
    startMax: nanosOf(query.startTimeMax),
    durationMin: durationOf(query.durationMin),
    durationMax: durationOf(query.durationMax),
    depth: searchDepth,
    filter: filter === null ? undefined : toSpanFilter(readExpression(filter)),
    page: pagination === null ? undefined : { size: pagination.pageSize, token: pagination.pageToken },
  });
}

/** Times are inclusive, and may be absent. @throws PermanentError `bad_request` */
export function v2Query(query: V2Query | null): TraceQuery {
  if (query === null) throw refused("missing query");
  const { serviceName, operationName, tags, searchDepth } = query;
  const [startMin, startMax] = [nanosOf(query.startTimeMin), nanosOf(query.startTimeMax)];
  const [durationMin, durationMax] = [durationOf(query.durationMin), durationOf(query.durationMax)];
  if (startMin !== undefined && startMax !== undefined && startMin > startMax) {
    throw refused("start_time_min must be before start_time_max");
  }
  if (searchDepth < 0 || searchDepth > MAX_DEPTH) {
    throw refused(`search_depth is ${searchDepth}, expected 0 to ${MAX_DEPTH}`);
  }
  if (durationMin !== undefined && durationMax !== undefined && durationMin > durationMax) {
    throw refused("duration_min must not be greater than duration_max");
  }
  const conditions: SpanFilter[] = [];
  if (serviceName !== "") conditions.push(textEquals("service", serviceName));
  if (operationName !== "") conditions.push(textEquals("name", operationName));
  for (const [key, value] of Object.entries(tags)) conditions.push(tagFilter(key, value, false));
  if (durationMin !== undefined) conditions.push(durationFilter(">=", durationMin));
  if (durationMax !== undefined) conditions.push(durationFilter("<=", durationMax));
  return {
    filter: joinFilters(conditions),
    ...(startMin === undefined ? {} : { startMin: startMin > 0n ? startMin : 0n }),
    ...(startMax === undefined ? {} : { startMax: startMax > 0n ? startMax : 0n }),
    limit: searchDepth || DEFAULT_DEPTH,
  };
}

/** Zero is absent, as Jaeger's own client sends it. */
function durationOf(time: Seconds | null): bigint | undefined {
  const nanos = nanosOf(time) ?? 0n;
  if (nanos < 0n) throw refused("a duration is negative");
  return nanos === 0n ? undefined : nanos;
}

export function rangeOf(range: { readonly startTime: Seconds | null; readonly endTime: Seconds | null }): {
  readonly startMs: number;
  readonly endMs: number;
} {
  const [start, end] = [nanosOf(range.startTime), nanosOf(range.endTime)];
  if (start === undefined || end === undefined) throw refused("start_time and end_time are required");
  if (start > end) throw refused("start_time must be before end_time");
  return { startMs: Math.max(0, Number(start / NANOS_PER_MS)), endMs: Math.max(0, Number(end / NANOS_PER_MS)) };
}

export function operationsOf({ service, spanKind }: { readonly service: string; readonly spanKind: string }): {
  readonly service: string;
  readonly kind: string;
} {
  if (service === "") throw refused("service is required");
  const kind = spanKind.toLowerCase();
  if (kind !== "" && !(SPAN_KIND_NAMES as readonly string[]).includes(kind)) {
    throw refused(`span_kind is ${JSON.stringify(spanKind)}, expected one of ${SPAN_KIND_NAMES.join(", ")}`);
  }
  return { service, kind: kind === "unspecified" ? "internal" : kind };
}

/** Of 16 bytes, or 8 from older clients, as 32 hex digits. */
export function traceIdOf(bytes: Uint8Array): string {
  const isId = (bytes.length === 16 || bytes.length === 8) && bytes.some((byte) => byte !== 0);
  if (!isId) throw refused(`trace_id has ${bytes.length} bytes, expected 16, not all zero`);
  return bytesToHex(bytes).padStart(32, "0");
}

function refused(message: string): PermanentError {
  return new PermanentError("bad_request", message);
}
