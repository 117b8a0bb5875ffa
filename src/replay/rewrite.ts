import { hash } from "node:crypto";
import type { Span, TracesData } from "../model/span.ts";

/** What `replay` changes about recorded spans. */
export interface Rewrite {
  /** Added to every time, ns; times of 0 stay. */
  readonly shiftNano: bigint;
  /** Gives every trace and span new ids that keep all relations; the same seed gives the same ids. */
  readonly idSeed: string | undefined;
}

/** None, or the zeros that mean none. */
const NO_ID = /^0*$/;

/** The same traces moved in time and, where asked, under new ids. Parents, links and order are kept. */
export function rewriteTraces(data: TracesData, rewrite: Rewrite): TracesData {
  if (rewrite.shiftNano === 0n && rewrite.idSeed === undefined) return data;
  const freshId = (id: string) =>
    rewrite.idSeed === undefined || NO_ID.test(id)
      ? id
      : hash("sha256", `${rewrite.idSeed}:${id}`, "hex").slice(0, id.length);
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
