import { count } from "../../query/text/readable.ts";
import { drawTraces } from "../trace/draw-traces.ts";
import type { TestTrace } from "../trace/test-trace.ts";

/**
 * What a test is told that waited in vain: what it waited for, and everything that came instead.
 * @param hints what came nearest, a line each
 * @param saved files that hold what arrived
 */
export function notArrived(
  what: string,
  timeoutMs: number,
  hints: readonly string[],
  traces: readonly TestTrace[],
  saved: readonly string[] = [],
) {
  const spans = traces.reduce((sum, trace) => sum + trace.spans.length, 0);
  const arrived =
    spans === 0
      ? "No span arrived at all: is the program that is tested given the collector's `env`, and does it send what it " +
        "has before it ends (forceFlush or shutdown of its tracer provider)?"
      : `${count(traces.length, "trace")} with ${count(spans, "span")} arrived:\n\n${drawTraces(traces)}`;
  const files = saved.length === 0 ? [] : ["Open them in a browser:", ...saved.map((file) => `  ${file}`)];
  return new Error([`${what} within ${timeoutMs} ms.`, ...hints, arrived, ...files].join("\n"));
}
