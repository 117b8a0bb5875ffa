import { createHash } from "node:crypto";
import type { Span, TracesData } from "../model/span.ts";

/** What `replay` changes about recorded spans. */
export interface Rewrite {
  /** Added to every time, ns; times of 0 stay. */
  readonly shiftNano: bigint;
  /** Gives every trace and span new ids that keep all relations; the same seed gives the same ids. */
  readonly idSeed: string | undefined;
}

/** The same traces moved in time and, where asked, under new ids. Parents, links and order are kept. */
export function rewriteTraces(data: TracesData, rewrite: Rewrite): TracesData {
  if (rewrite.shiftNano === 0n && rewrite.idSeed === undefined) return data;
  const freshId = (id: string) =>
    id === "" || rewrite.idSeed === undefined
      ? id
      : createHash("sha256").update(`${rewrite.idSeed}:${id}`).digest("hex").slice(0, id.length);
  const shift = (time: bigint) => (time === 0n ? 0n : BigInt.asUintN(64, time + rewrite.shiftNano));
  const span = (one: Span): Span => ({
    ...one,
    traceId: freshId(one.traceId),
    spanId: freshId(one.spanId),
    parentSpanId: freshId(one.parentSpanId),
    startTimeUnixNano: shift(one.startTimeUnixNano),
    endTimeUnixNano: shift(one.endTimeUnixNano),
    events: one.events.map((event) => ({ ...event, timeUnixNano: shift(event.timeUnixNano) })),
    links: one.links.map((link) => ({ ...link, traceId: freshId(link.traceId), spanId: freshId(link.spanId) })),
  });
  return data.map((resource) => ({
    ...resource,
    scopeSpans: resource.scopeSpans.map((scope) => ({ ...scope, spans: scope.spans.map(span) })),
  }));
}

/** Earliest start and latest end, ns since the epoch; undefined without a span. Zero times do not count. */
export function timeRange(data: TracesData): { first: bigint; last: bigint; spans: number } | undefined {
  let first: bigint | undefined;
  let last = 0n;
  let spans = 0;
  for (const resource of data) {
    for (const scope of resource.scopeSpans) {
      for (const { startTimeUnixNano: start, endTimeUnixNano: end } of scope.spans) {
        spans++;
        if (start !== 0n && (first === undefined || start < first)) first = start;
        if (end > last) last = end;
      }
    }
  }
  if (spans === 0) return undefined;
  return { first: first ?? last, last: last > (first ?? 0n) ? last : (first ?? last), spans };
}
