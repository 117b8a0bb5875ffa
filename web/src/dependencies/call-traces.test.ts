import { expect, it } from "vitest";
import { parseTraceql } from "../../../src/traceql/parse.ts";
import { failingCall, reachedNano, slowCall } from "./call-traces.ts";

it("asks for the calls between two services in TraceQL, whatever they are called", () => {
  const call = { from: 'a "b" \\ {x}', to: "line\nbreak\u202e" };
  for (const text of [failingCall(call), slowCall(call, 1_500_000)]) {
    expect(
      JSON.stringify(parseTraceql(text), (_, value) => (typeof value === "bigint" ? String(value) : value)),
    ).toContain(JSON.stringify(call.from).slice(1, -1));
  }
  expect(failingCall({ from: "checkout", to: "inventory" })).toBe(
    '{ resource.service.name = "checkout" } > { resource.service.name = "inventory" && status = error }',
  );
  expect(slowCall({ from: "a", to: "b" }, 25)).toContain("duration >= 25ns");
});

it("says a duration that the quantile reaches, in two digits", () => {
  expect([2_290_000_000, 15_700_000, 999, 10, 1, 0].map(reachedNano)).toEqual([
    2_200_000_000, 15_000_000, 970, 9, 0, 0,
  ]);
});

it("asks for a call to what sends no spans by the caller's span, and for what came from a queue by the reader's", () => {
  const node = {
    id: "kafka (queue)",
    kind: "queue",
    name: "kafka",
    condition: 'span.messaging.system = "kafka"',
  } as const;
  const externals = new Map([[node.id, node]]);
  expect(failingCall({ from: "shop", to: node.id }, externals)).toBe(
    '{ resource.service.name = "shop" && span.messaging.system = "kafka" && kind != consumer && status = error }',
  );
  const read = failingCall({ from: node.id, to: "mail" }, externals);
  expect(read).toBe(
    '{ resource.service.name = "mail" && span.messaging.system = "kafka" && kind = consumer && status = error }',
  );
  expect(() => parseTraceql(read)).not.toThrow();
});
