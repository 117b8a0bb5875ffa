import type { TracesData } from "../model/span.ts";
import type { DemoShop } from "./generator.ts";

/** Traces that one request carries. */
export const TRACES_A_REQUEST = 20;
/** Traces of the demo last up to this long, ms: they begin so long ago that they have ended when they are sent. */
export const TRACE_MS = 6_000;

/** A number of traces of the shop, evenly over the last `spreadMs`, as many as a request carries at a time. */
export function* pastTraces(
  shop: DemoShop,
  { traces, spreadMs }: { readonly traces: number; readonly spreadMs: number },
  nowMs = Date.now(),
): Generator<readonly TracesData[]> {
  const first = BigInt(nowMs - TRACE_MS - spreadMs) * 1_000_000n;
  const step = (BigInt(spreadMs) * 1_000_000n) / BigInt(Math.max(1, traces));
  for (let from = 0; from < traces; from += TRACES_A_REQUEST) {
    const count = Math.min(TRACES_A_REQUEST, traces - from);
    yield Array.from({ length: count }, (_, i) => shop.trace(first + BigInt(from + i) * step));
  }
}
