import type { TraceReader } from "../../../src/component/read.ts";
import { DemoShop } from "../../../src/demo/generator.ts";
import type { TracesData } from "../../../src/model/span.ts";
import { createTraceReader } from "../../../src/storage/read/trace-reader.ts";
import { MemorySource } from "../search/memory-source.ts";
import { batchOf } from "./fixture-traces.ts";
import { MemoryReader } from "./memory-reader.ts";

/** What is known of a trace of the shop without asking for it. */
export interface DemoTrace {
  readonly traceId: string;
  /** Of the root. */
  readonly name: string;
  readonly nano: number;
  readonly failed: boolean;
  /** The planted lock held it up. */
  readonly locked: boolean;
}

export interface DemoStore {
  /** That of the collector over segments in memory; rates are counted of all spans. */
  readonly reader: TraceReader;
  readonly traces: readonly DemoTrace[];
}

/** So many traces of the demo shop, one every five seconds from `beganMs` on. */
export function demoStore(count: number, beganMs: number, seed = 20_260_713): DemoStore {
  const shop = new DemoShop(seed);
  const source = new MemorySource();
  const data = Array.from({ length: count }, (_, i) => shop.trace(BigInt(beganMs + i * 5_000) * 1_000_000n));
  for (const [i, trace] of data.entries()) source.append(trace, beganMs + i * 5_000);
  const rates = new MemoryReader(data.map((trace) => batchOf(trace)));
  const reader = createTraceReader(source);
  return { reader: { ...reader, red: (query) => rates.red(query) }, traces: data.map(factsOf) };
}

function factsOf(data: TracesData): DemoTrace {
  const spans = data.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
  const root = spans.find(({ parentSpanId }) => parentSpanId === "");
  if (root === undefined) throw new Error("a trace of the demo shop has no root");
  return {
    traceId: root.traceId,
    name: root.name,
    nano: Number(root.endTimeUnixNano - root.startTimeUnixNano),
    failed: spans.some(({ status }) => status.code === 2),
    locked: spans.some(({ events }) => events.some(({ name }) => name === "lock.wait")),
  };
}
