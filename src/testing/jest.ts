import type {} from "expect";
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

type Expect = Parameters<typeof createMatchers>[0] & { extend(matchers: object): void };

const { expect } = globalThis as { readonly expect?: Expect };
if (expect === undefined) {
  throw new Error(
    "spanloom/jest: there is no global expect; expected to be loaded in a test or by setupFilesAfterEnv, and not with injectGlobals: false",
  );
}
expect.extend(createMatchers(expect));
