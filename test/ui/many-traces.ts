import { createTraceReader, DEFAULT_TRACE_READER } from "../../src/storage/read/trace-reader.ts";
import { type OtlpSpan, toModel } from "../support/query/fixture-traces.ts";
import { MemorySource } from "../support/search/memory-source.ts";

const PER_REQUEST = 100;
const FIRST_AGO_NS = 3_500_000_000_000n;

/** The store's own reader over so many traces of three spans, evenly over most of the last hour, the newest last. */
export function manyTraces(count: number) {
  const source = new MemorySource();
  const began = BigInt(Date.now()) * 1_000_000n - FIRST_AGO_NS;
  const step = (FIRST_AGO_NS - 60_000_000_000n) / BigInt(count);
  for (let first = 0; first < count; first += PER_REQUEST) {
    const spans: OtlpSpan[] = [];
    for (let i = first; i < Math.min(count, first + PER_REQUEST); i++)
      spans.push(...spansOf(i, began + step * BigInt(i)));
    const resource = { attributes: [{ key: "service.name", value: { stringValue: "shop" } }] };
    source.append(toModel({ resourceSpans: [{ resource, scopeSpans: [{ scope: { name: "test" }, spans }] }] }));
  }
  return createTraceReader(source, { ...DEFAULT_TRACE_READER, findBudgetMs: 600_000 });
}

/** The 101st of every thousand is by far the longest of them, the older the longer; each 97th has a failed span. */
function spansOf(i: number, start: bigint): OtlpSpan[] {
  const ms = i % 1000 === 100 ? 9_660 - i / 100 : 1 + ((i * 7919) % 2677);
  const root = id(i * 3 + 1, 16);
  return [0, 1, 2].map((at) => ({
    traceId: id(i + 1, 32),
    spanId: id(i * 3 + 1 + at, 16),
    ...(at > 0 && { parentSpanId: root }),
    name: at === 0 ? `GET /item/${i % 7}` : "SELECT item",
    kind: at === 0 ? 2 : 3,
    startTimeUnixNano: String(start + BigInt(at)),
    endTimeUnixNano: String(start + (BigInt(ms) * 1_000_000n) / BigInt(at + 1)),
    attributes: [],
    status: { code: at === 2 && i % 97 === 0 ? 2 : 0 },
  }));
}

function id(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}
