import { count } from "../../query/text/readable.ts";
import { drawTraces, failureText, spanTitle } from "../trace/draw-traces.ts";
import type { TestTrace } from "../trace/test-trace.ts";
import { type Budget, checkBudget } from "./budget.ts";
import { nearestSpans } from "./near-misses.ts";
import { receivedTrace, receivedTraces } from "./received.ts";
import { type SnapshotOptions, snapshotText } from "./snapshot-text.ts";
import { assertPattern, patternText, type SpanPattern, spanMatches } from "./span-pattern.ts";
import { shapeDifferences, type TraceShape } from "./trace-shape.ts";

/** What a matcher tells its test runner; `message` is asked for where the test fails. */
export interface MatcherResult {
  readonly pass: boolean;
  readonly message: () => string;
}

/** A runner's `expect`, as far as snapshots need it. */
type ExpectSnapshot = (received: unknown) => { toMatchSnapshot(hint?: string): void };

/** Matchers for traces, to be given to a runner's `expect.extend`. All take a trace, traces or spans. */
export function createMatchers(expectSnapshot: ExpectSnapshot) {
  return {
    toHaveSpan(received: unknown, pattern: SpanPattern): MatcherResult {
      const traces = receivedTraces(received, "toHaveSpan");
      assertPattern(pattern);
      const spans = traces.flatMap((trace) => trace.spans);
      const found = spans.filter((span) => spanMatches(span, pattern));
      return result(found.length > 0, traces, () =>
        found.length > 0
          ? [`expected no span with ${patternText(pattern)}, found:`, ...found.map((span) => `  ${spanTitle(span)}`)]
          : [
              `expected a span with ${patternText(pattern)}; none of ${count(spans.length, "span")} is one`,
              ...nearestSpans(spans, pattern),
            ],
      );
    },

    toHaveTraceShape(received: unknown, shape: TraceShape): MatcherResult {
      const trace = receivedTrace(received, "toHaveTraceShape");
      const differs = shapeDifferences(trace.spans, shape);
      return result(differs.length === 0, [trace], () =>
        differs.length === 0
          ? ["expected a trace that is not of this shape"]
          : ["expected a trace of another shape:", ...differs.map((line) => `  ${line}`)],
      );
    },

    toHaveNoErrors(received: unknown): MatcherResult {
      const traces = receivedTraces(received, "toHaveNoErrors");
      const failed = traces.flatMap(({ spans }) => spans.filter(({ status }) => status === "error"));
      const lines = failed.map((span) => {
        const text = failureText(span);
        return `  ${spanTitle(span)}${text === undefined ? "" : `: ${text}`}`;
      });
      return result(failed.length === 0, traces, () =>
        failed.length === 0
          ? ["expected spans with errors, found none"]
          : [`expected no errors, found ${count(failed.length, "span")} with one:`, ...lines],
      );
    },

    toBeWithinBudget(received: unknown, budget: Budget): MatcherResult {
      const traces = receivedTraces(received, "toBeWithinBudget");
      const { over, measured } = checkBudget(traces, budget);
      return result(over.length === 0, traces, () =>
        over.length === 0
          ? [`expected traces that are over the budget; ${measured}`]
          : ["expected traces within the budget:", ...over.map((line) => `  ${line}`), `measured ${measured}`],
      );
    },

    toMatchTraceSnapshot(
      this: unknown,
      received: unknown,
      ...given: (string | SnapshotOptions | undefined)[]
    ): MatcherResult {
      const traces = receivedTraces(received, "toMatchTraceSnapshot");
      if ((this as { readonly isNot?: boolean } | undefined)?.isNot === true) {
        throw new TypeError("toMatchTraceSnapshot: a snapshot cannot be expected not to match; leave out .not");
      }
      const options = given.find((one) => typeof one === "object");
      const hint = given.find((one) => typeof one === "string");
      const snapshot = expectSnapshot(snapshotText(traces, options));
      // Jest takes no undefined for a hint.
      if (hint === undefined) snapshot.toMatchSnapshot();
      else snapshot.toMatchSnapshot(hint);
      return { pass: true, message: () => "" };
    },
  };
}

function result(pass: boolean, traces: readonly TestTrace[], lines: () => string[]): MatcherResult {
  return { pass, message: () => [...lines(), "", drawTraces(traces) || "No span arrived."].join("\n") };
}
