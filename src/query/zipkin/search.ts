import type { TraceReader } from "../../component/read.ts";
import { STATUS_CODE } from "../../model/span.ts";
import type { SpanFilter, TraceQuery } from "../../model/trace-query.ts";
import type { Gaps } from "../gaps.ts";
import { durationFilter, joinFilters, tagFilter, textEquals } from "../search-params.ts";
import type { ZipkinSearch } from "./params.ts";
import { remoteServiceIs } from "./remote-service.ts";

const NANOS_PER_MS = 1_000_000n;
const NANOS_PER_MICRO = 1_000n;
/** More than the store gives at once nobody gets. */
const MAX_LIMIT = 100_000;

export interface ZipkinPlan {
  readonly query: TraceQuery;
  /** False where the query asks for one of several conditions: the others are to be looked for in what it finds. */
  readonly exact: boolean;
}

/**
 * The plan of a search; undefined where no span has a service, or an operation, of the name. Zipkin knows no upper
 * case: names are found whatever theirs is.
 */
export async function planOf(
  reader: TraceReader,
  search: ZipkinSearch,
  signal: AbortSignal,
  gaps: Gaps,
): Promise<ZipkinPlan | undefined> {
  const { serviceName, remoteServiceName, spanName, minDuration, maxDuration } = search;
  const service: SpanFilter[] = [];
  if (serviceName !== undefined) {
    const names = await servicesNamed(reader, serviceName, signal, gaps);
    if (names.length === 0) return undefined;
    service.push(oneOf("service", names));
  }
  // What leaves fewest stands first.
  const conditions: SpanFilter[] = [];
  const annotations = search.annotations.toSorted(([, a], [, b]) => Number(a === "") - Number(b === ""));
  for (const [key, value] of annotations) conditions.push(annotationFilter(key, value));
  if (spanName !== undefined) {
    const names = await operationsNamed(reader, spanName, signal, gaps);
    if (names.length === 0) return undefined;
    conditions.push(oneOf("name", names));
  }
  if (remoteServiceName !== undefined) conditions.push(remoteServiceIs(remoteServiceName));
  // Zipkin keeps whole µs.
  const duration: SpanFilter[] = [];
  if (minDuration !== undefined) duration.push(durationFilter(">=", minDuration * NANOS_PER_MICRO));
  if (maxDuration !== undefined) {
    duration.push(durationFilter("<=", maxDuration * NANOS_PER_MICRO + NANOS_PER_MICRO - 1n));
  }
  if (duration.length > 0) conditions.push(joinFilters(duration));
  const start = (search.endTs - search.lookback) * NANOS_PER_MS;
  const query: TraceQuery = {
    filter: joinFilters([...service, ...conditions.slice(0, 1)]),
    startMin: start > 0n ? start : 0n,
    startMax: search.endTs * NANOS_PER_MS + NANOS_PER_MICRO - 1n,
    limit: Math.min(search.limit, MAX_LIMIT),
  };
  return { query, exact: conditions.length <= 1 };
}

/** Services as they are stored, of a name in lower case. */
export async function servicesNamed(
  reader: TraceReader,
  name: string,
  signal: AbortSignal,
  gaps: Gaps,
): Promise<readonly string[]> {
  return (await reader.services(signal, gaps.onGap)).filter((service) => service.toLowerCase() === name);
}

async function operationsNamed(reader: TraceReader, name: string, signal: AbortSignal, gaps: Gaps): Promise<string[]> {
  const names = (await reader.operations(undefined, signal, gaps.onGap)).map((operation) => operation.name);
  return [...new Set(names)].filter((operation) => operation.toLowerCase() === name);
}

function annotationFilter(key: string, value: string): SpanFilter {
  if (value !== "") {
    const tag = tagFilter(key, value, true);
    // The tag of a span that failed is what its status says.
    return key === "error" ? either(tag, joinFilters([FAILED, textEquals("statusMessage", value)])) : tag;
  }
  const tag: SpanFilter = { op: "exists", field: { scope: "any", key } };
  const annotation = textEquals("eventName", key);
  return key === "error" ? either(tag, annotation, FAILED) : either(tag, annotation);
}

const FAILED: SpanFilter = {
  op: "compare",
  field: { intrinsic: "status" },
  is: "=",
  value: { type: "status", value: STATUS_CODE.error },
};

function oneOf(intrinsic: "service" | "name", names: readonly string[]): SpanFilter {
  return either(...names.map((name) => textEquals(intrinsic, name)));
}

function either(...of: readonly SpanFilter[]): SpanFilter {
  return of.length === 1 ? (of[0] as SpanFilter) : { op: "or", of };
}
