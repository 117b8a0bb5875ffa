import { traceOf } from "../trace/span-tree.ts";
import type { TestSpan, TestTrace } from "../trace/test-trace.ts";
import { inspected } from "./value-match.ts";

/**
 * A trace, several, or spans as traces.
 * @throws TypeError for anything else
 */
export function receivedTraces(received: unknown, matcher: string): TestTrace[] {
  if (isTrace(received)) return [received];
  if (Array.isArray(received) && received.every(isTrace)) return received;
  if (Array.isArray(received) && received.every(isSpan)) {
    const groups = Map.groupBy(received, ({ traceId }) => traceId);
    return Array.from(groups, ([traceId, spans]) => traceOf(traceId, spans));
  }
  const hint =
    received instanceof Promise || typeof (received as { then?: unknown } | undefined)?.then === "function"
      ? "a promise; await it first"
      : describe(received);
  throw new TypeError(
    `${matcher}: expected a trace, traces or spans, as waitForTrace(), traces() and spans() give them; found ${hint}`,
  );
}

/** @throws TypeError where it is not one */
export function receivedTrace(received: unknown, matcher: string): TestTrace {
  const traces = receivedTraces(received, matcher);
  const [only] = traces;
  if (only === undefined || traces.length > 1) {
    throw new TypeError(`${matcher}: expected one trace, found ${traces.length}`);
  }
  return only;
}

function isTrace(value: unknown): value is TestTrace {
  return Array.isArray((value as Partial<TestTrace> | undefined)?.spans);
}

function isSpan(value: unknown): value is TestSpan {
  return typeof (value as Partial<TestSpan> | undefined)?.spanId === "string";
}

function describe(value: unknown): string {
  return typeof value === "object" && value !== null
    ? `an object with ${Object.keys(value).join(", ")}`
    : inspected(value);
}
