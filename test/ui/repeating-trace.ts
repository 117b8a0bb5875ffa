import type { OtlpRequest, OtlpSpan } from "../support/query/fixture-traces.ts";

/** Which of the 40 queries fail, from 0. */
const FAILED: ReadonlySet<number> = new Set([7, 8, 31]);

/**
 * A request that asks its database once for each of 40 items, two calls before it and one after; the queries are its
 * N+1.
 */
export function repeatingTrace(traceId: string): OtlpRequest {
  const began = 1_795_392_000_000_000_000n;
  const spans: OtlpSpan[] = [];
  const add = (name: string, parent: number, startMicros: number, lengthMicros: number, failed = false): number => {
    const id = spans.length + 1;
    const start = began + BigInt(startMicros) * 1_000n;
    spans.push({
      traceId,
      spanId: id.toString(16).padStart(16, "0"),
      ...(parent > 0 && { parentSpanId: parent.toString(16).padStart(16, "0") }),
      name,
      kind: parent === 0 ? 2 : 3,
      startTimeUnixNano: String(start),
      endTimeUnixNano: String(start + BigInt(lengthMicros) * 1_000n),
      attributes: [{ key: "item", value: { stringValue: `item ${id}` } }],
      status: { code: failed ? 2 : 0 },
    });
    return id;
  };
  const root = add("GET /cart", 0, 0, 120_000);
  add("AUTH", root, 500, 4_000);
  add("SELECT cart", root, 6_000, 3_000);
  for (let i = 0; i < 40; i++) add("SELECT item", root, 10_000 + i * 2_500, 1_000 + (i % 5) * 300, FAILED.has(i));
  add("COMMIT", root, 113_000, 5_000);
  const resource = { attributes: [{ key: "service.name", value: { stringValue: "cart" } }] };
  return { resourceSpans: [{ resource, scopeSpans: [{ scope: { name: "test" }, spans }] }] };
}
