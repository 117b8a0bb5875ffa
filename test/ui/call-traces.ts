import { SPAN_KIND, type Span, STATUS_CODE, type TracesData } from "../../src/model/span.ts";
import type { DependencyLink } from "../../src/model/trace-query.ts";
import { serviceWith, spanWith } from "../support/otlp-spans.ts";

/** How long a call took of which no p99 is known, ns. */
const USUAL_NANO = 20_000_000n;

/**
 * A trace of each call: a span of the caller and the called one's below it, which fails where the call has errors, and
 * takes its p99. They begin a second apart, the last at `lastStartNano`.
 */
export function tracesOfCalls(links: readonly DependencyLink[], lastStartNano: bigint): TracesData {
  return links.flatMap((link, index) => {
    const start = lastStartNano - BigInt(index) * 1_000_000_000n;
    const length = link.p99Nano === undefined ? USUAL_NANO : BigInt(link.p99Nano);
    const traceId = idOf(index + 1, 32);
    const [outer, inner] = [idOf(2 * index + 1, 16), idOf(2 * index + 2, 16)];
    const times = { traceId, startTimeUnixNano: start, endTimeUnixNano: start + length };
    const parent: Span = spanWith({ ...times, spanId: outer, kind: SPAN_KIND.server, name: `ask ${link.child}` });
    const code = link.errorCount > 0 ? STATUS_CODE.error : STATUS_CODE.unset;
    const child: Span = spanWith({
      ...times,
      spanId: inner,
      parentSpanId: outer,
      kind: SPAN_KIND.server,
      name: "answer",
      status: { code, message: "" },
    });
    return [serviceWith(link.parent, [parent]), serviceWith(link.child, [child])];
  });
}

function idOf(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}
