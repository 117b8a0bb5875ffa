import { afterEach, expect } from "vitest";
import { type FailedTestOptions, type FailedTestsOf, saveFailedTest } from "./collector/failed-tests.ts";
import { createMatchers } from "./matchers/matchers.ts";
import type { TraceMatchers } from "./matchers/trace-matchers.ts";

export type { Budget } from "./matchers/budget.ts";
export type { SnapshotOptions } from "./matchers/snapshot-text.ts";
export type { SpanPattern } from "./matchers/span-pattern.ts";
export type { TraceMatchers } from "./matchers/trace-matchers.ts";
export type { TraceShape } from "./matchers/trace-shape.ts";

declare module "vitest" {
  // biome-ignore lint/suspicious/noExplicitAny: as vitest declares it
  interface Matchers<T = any> extends TraceMatchers<T> {}
}

expect.extend(createMatchers(expect));

/**
 * Saves the traces of every test that fails, as HTML files named after it, and tells where on stderr. Called once, in a
 * test file or in one of `setupFiles`, after what starts the collector.
 * @param collector the one of the tests, or what gives it: it may start later
 */
export function saveTracesOfFailedTests(collector: FailedTestsOf, options: FailedTestOptions = {}): void {
  afterEach(async ({ task }) => {
    if (task.result?.state === "fail") await saveFailedTest(collector, options, task.name);
  });
}
