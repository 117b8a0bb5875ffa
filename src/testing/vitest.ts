import { expect } from "vitest";
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
