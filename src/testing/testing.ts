export {
  type GeneratedAttribute,
  type GeneratedSpan,
  type GeneratedTrace,
  type GeneratedValue,
  type GenerateTracesOptions,
  generateTraces,
} from "../demo/generate-traces.ts";
export {
  createTestCollector,
  type TestCollector,
  type TestCollectorOptions,
} from "./collector/create-test-collector.ts";
export type { WaitForTraceOptions, WaitOptions } from "./collector/wait-options.ts";
export type { SpanPattern } from "./matchers/span-pattern.ts";
export type * from "./trace/test-trace.ts";
