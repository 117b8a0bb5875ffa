import { afterEach, expect } from "@jest/globals";
import type {} from "expect";
import { type FailedTestOptions, type FailedTestsOf, saveFailedTest } from "./collector/failed-tests.ts";
import { runningJestTest } from "./jest-state.ts";
import { createMatchers } from "./matchers/matchers.ts";
import type { TraceMatchers } from "./matchers/trace-matchers.ts";

export type { Budget } from "./matchers/budget.ts";
export type { SnapshotOptions } from "./matchers/snapshot-text.ts";
export type { SpanPattern } from "./matchers/span-pattern.ts";
export type { TraceMatchers } from "./matchers/trace-matchers.ts";
export type { TraceShape } from "./matchers/trace-shape.ts";

declare global {
  namespace jest {
    // Of @types/jest.
    // biome-ignore lint/complexity/noBannedTypes: as @types/jest declares it
    interface Matchers<R, T = {}> extends TraceMatchers<R> {}
  }
}

declare module "expect" {
  // What `@jest/globals` has.
  interface Matchers<R extends void | Promise<void>, T = unknown> extends TraceMatchers<R> {}
}

// Not the global one: there is none with `injectGlobals: false`, and where there is one it is the same.
expect.extend(createMatchers(expect));

/**
 * Saves the traces of every test that fails, as HTML files named after it, and tells where on stderr. Called once, in a
 * test file or in one of `setupFilesAfterEnv`, after what starts the collector. Concurrent tests are not told apart.
 * @param collector the one of the tests, or what gives it: it may start later
 * @throws Error with another runner than jest-circus, Jest's own since 27
 */
export function saveTracesOfFailedTests(collector: FailedTestsOf, options: FailedTestOptions = {}): void {
  afterEach(async () => {
    const test = runningJestTest();
    if (test !== undefined && test.errors.length > 0) await saveFailedTest(collector, options, test.name);
  });
}
