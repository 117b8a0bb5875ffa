import type { Budget } from "./budget.ts";
import type { SnapshotOptions } from "./snapshot-text.ts";
import type { SpanPattern } from "./span-pattern.ts";
import type { TraceShape } from "./trace-shape.ts";

/** What `expect(…)` of a trace, traces or spans has beside the runner's own matchers. */
export interface TraceMatchers<R = unknown> {
  /** Some span is of this pattern. */
  toHaveSpan(pattern: SpanPattern): R;
  /** The trace begins with such a span, with such children. */
  toHaveTraceShape(shape: TraceShape): R;
  /** No span has the status error. */
  toHaveNoErrors(): R;
  /** Durations of the root spans, or of those of a pattern, in ms. */
  toBeWithinBudget(budget: Budget): R;
  /** The same spans, whatever their ids, times and order, as when the snapshot was written; `-u` writes it anew. */
  toMatchTraceSnapshot(hintOrOptions?: string | SnapshotOptions, options?: SnapshotOptions): R;
}
