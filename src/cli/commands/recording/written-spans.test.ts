import { expect, it } from "vitest";
import { spanWith } from "../../../../test/support/otlp-spans.ts";
import { WrittenSpans } from "./written-spans.ts";

const span = (trace: string, id: string, kind: 1 | 2 = 1) =>
  spanWith({ traceId: trace.padStart(32, "0"), spanId: id.padStart(16, "0"), kind });

it("knows each span once, and both sides of a call that share an id", () => {
  const written = new WrittenSpans();
  expect([span("a", "1"), span("a", "1"), span("a", "1", 2), span("b", "1")].map((one) => written.add(one))).toEqual([
    true,
    false,
    true,
    true,
  ]);
});

it("forgets whole traces, those written longest ago first", () => {
  const written = new WrittenSpans(3);
  for (const id of ["1", "2"]) written.add(span("a", id));
  for (const id of ["1", "2"]) written.add(span("b", id));
  expect([written.knows("a".padStart(32, "0")), written.knows("b".padStart(32, "0"))]).toEqual([false, true]);
  expect(written.add(span("a", "1"))).toBe(true);
});
