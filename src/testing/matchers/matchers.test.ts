import { describe, expect, it } from "vitest";
import { traceOf } from "../trace/span-tree.ts";
import type { TestSpan, TestTrace } from "../trace/test-trace.ts";
import { createMatchers, type MatcherResult } from "./matchers.ts";
import { snapshotText } from "./snapshot-text.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const matchers = createMatchers(expect);

function span(spanId: string, parentSpanId: string, name: string, more: Partial<TestSpan> = {}): TestSpan {
  return {
    traceId: TRACE,
    spanId: spanId.padStart(16, "0"),
    parentSpanId: parentSpanId === "" ? "" : parentSpanId.padStart(16, "0"),
    traceState: "",
    name,
    kind: "internal",
    service: "shop",
    status: "unset",
    statusMessage: "",
    startTimeUnixNano: `${1_700_000_000_000_000_000n + BigInt(Number.parseInt(spanId, 16)) * 1_000_000n}`,
    endTimeUnixNano: "1700000000100000000",
    durationMs: 10,
    attributes: {},
    resource: { "service.name": "shop" },
    scope: { name: "", version: "" },
    events: [],
    links: [],
    ...more,
  };
}

function shop(): TestTrace {
  return traceOf(TRACE, [
    span("1", "", "GET /", { kind: "server", durationMs: 90 }),
    span("2", "1", "charge card", { kind: "client", service: "pay", attributes: { amount: 12, "server.port": 4711 } }),
    span("3", "1", "SELECT", { attributes: { table: "items" } }),
    span("4", "1", "SELECT", { attributes: { table: "users" } }),
  ]);
}

/** The message of a matcher that is to fail, without the trees. */
function failure({ pass, message }: MatcherResult): string {
  expect(pass).toBe(false);
  const [said = "", tree] = message().split("\n\n");
  expect(tree).toContain(TRACE);
  return said;
}

describe("toHaveSpan", () => {
  it("takes names, patterns and asymmetric matchers", () => {
    const attributes = { amount: expect.any(Number) };
    for (const pattern of [
      { name: "SELECT" },
      { name: /^charge/, attributes },
      { resource: { "service.name": "shop" } },
    ]) {
      expect(matchers.toHaveSpan(shop(), pattern).pass).toBe(true);
    }
    expect(matchers.toHaveSpan(shop().spans, { kind: "server" }).pass).toBe(true);
  });

  it("names what came nearest first, and in what it differs", () => {
    const said = failure(
      matchers.toHaveSpan(shop(), { name: "charge card", service: "pay", attributes: { amount: 13 } }),
    );
    expect(said.split("\n").slice(0, 4)).toEqual([
      'expected a span with { name: "charge card", service: "pay", attributes: { amount: 13 } }; none of 4 spans is one',
      "nearest:",
      "  pay  charge card (0000000000000002)",
      '    attributes["amount"]: expected 13, found 12',
    ]);
  });

  it("takes a name with a letter too many for near, and another one for none", () => {
    const said = failure(matchers.toHaveSpan(shop(), { name: "charge cards" }));
    expect(said.split("\n").slice(1, 4)).toEqual([
      "nearest:",
      "  pay  charge card (0000000000000002)",
      '    name: expected "charge cards", found "charge card"',
    ]);
    expect(failure(matchers.toHaveSpan(shop(), { name: "refund" }))).not.toContain("nearest");
  });

  it("refuses what is no trace and no pattern", () => {
    expect(() => matchers.toHaveSpan(Promise.resolve(), { name: "x" })).toThrow("await it first");
    expect(() => matchers.toHaveSpan({ a: 1 }, { name: "x" })).toThrow("an object with a");
    expect(() => matchers.toHaveSpan(shop(), { nam: "x" } as never)).toThrow('no "nam"');
  });
});

describe("toHaveTraceShape", () => {
  const select = (table: string) => ({ name: "SELECT", attributes: { table } });

  it("takes children in any order, and pairs them so that all fit", () => {
    const children = ["SELECT", select("items"), "charge card"];
    expect(matchers.toHaveTraceShape(shop(), { name: "GET /", children }).pass).toBe(true);
    expect(matchers.toHaveTraceShape(shop(), "GET /").pass).toBe(true);
  });

  it("says what is missing and what is too much", () => {
    const tooFew = matchers.toHaveTraceShape(shop(), { name: "GET /", children: ["SELECT", "charge card"] });
    expect(failure(tooFew)).toContain(
      "below shop  GET / (0000000000000001): not expected: shop  SELECT (0000000000000004)",
    );
    const children = ["SELECT", select("users"), { name: "charge card", children: ["POST"] }];
    expect(failure(matchers.toHaveTraceShape(shop(), { name: "GET /", children }))).toContain(
      'below pay  charge card (0000000000000002): no { name: "POST" }',
    );
  });
});

describe("toHaveNoErrors", () => {
  it("lists spans with errors and what they say", () => {
    expect(matchers.toHaveNoErrors(shop()).pass).toBe(true);
    const failed = traceOf(TRACE, [span("1", "", "GET /", { status: "error", statusMessage: "declined" })]);
    expect(failure(matchers.toHaveNoErrors(failed))).toContain("shop  GET / (0000000000000001): declined");
  });
});

describe("toBeWithinBudget", () => {
  it("measures the roots, or the spans of a pattern, and how many there are in a trace", () => {
    expect(matchers.toBeWithinBudget(shop(), { p95: 90, max: 90 }).pass).toBe(true);
    expect(failure(matchers.toBeWithinBudget(shop(), { p95: 89 }))).toContain(
      "p95: expected at most 89 ms, found 90 ms",
    );
    const select = { name: "SELECT" };
    expect(matchers.toBeWithinBudget(shop(), { span: select, perTrace: 2 }).pass).toBe(true);
    expect(failure(matchers.toBeWithinBudget(shop(), { span: select, perTrace: 1 }))).toContain("found 2 in trace");
  });

  it("fails where nothing was measured, and refuses a budget without a limit", () => {
    expect(failure(matchers.toBeWithinBudget(shop(), { span: { name: "none" }, max: 1 }))).toContain(
      "nothing was measured",
    );
    expect(() => matchers.toBeWithinBudget(shop(), {})).toThrow("expected some of");
    expect(() => matchers.toBeWithinBudget(shop(), { span: { name: "x" } })).toThrow("expected a limit");
    expect(() => matchers.toBeWithinBudget(shop(), { p95: "9" as never })).toThrow("p95: expected a number");
  });
});

describe("toMatchTraceSnapshot", () => {
  it("is the same for other ids, times, ports and order, and another for other spans", () => {
    const text = snapshotText([shop()]);
    expect(text).toBe(
      [
        "GET / (shop, server)",
        "  SELECT (shop, internal)",
        '    | table = "items"',
        "  SELECT (shop, internal)",
        '    | table = "users"',
        "  charge card (pay, client)",
        "    | amount = 12",
        "    | server.port = …",
      ].join("\n"),
    );
    const later = traceOf("1".repeat(32), [
      span("9", "", "GET /", { kind: "server" }),
      span("a", "9", "SELECT", { attributes: { table: "users" } }),
      span("c", "9", "SELECT", { attributes: { table: "items" } }),
      span("b", "9", "charge card", { kind: "client", service: "pay", attributes: { amount: 12, "server.port": 1 } }),
    ]);
    expect(snapshotText([later])).toBe(text);
    expect(snapshotText([traceOf(TRACE, shop().spans.slice(0, 3))])).not.toBe(text);
    expect(snapshotText([shop()], { attributes: ["table"] })).not.toContain("amount");
  });
});
