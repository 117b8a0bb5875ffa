import { describe, expect, it } from "vitest";
import { SPAN_KIND } from "../../model/span.ts";
import type { PathFigures } from "../population/population.ts";
import { readBudgets } from "./budget-file.ts";
import { checkBudgets } from "./check-budgets.ts";

const MS = 1_000_000;

function path(more: Partial<PathFigures>): PathFigures {
  const durationNano = Float64Array.from({ length: 100 }, (_, i) => (i + 1) * MS);
  return {
    ...{ service: "shop", name: "GET /", kind: SPAN_KIND.server, parent: -1, traces: 100, spans: 100, failedTraces: 0 },
    ...{ calls: new Map([[1, 100]]), durationNano, selfNano: durationNano, totalSelfNano: 1 },
    ...more,
  };
}

const RUN = {
  ...{ traces: 100, spans: 300, orphans: 0, leftOut: 0, startUnixNano: 0n },
  paths: [
    path({ failedTraces: 3 }),
    path({
      name: "SELECT items",
      kind: SPAN_KIND.client,
      parent: 0,
      calls: new Map([
        [1, 90],
        [7, 10],
      ]),
    }),
    path({ service: "stock", name: "SELECT items", parent: 0, durationNano: Float64Array.of(500 * MS) }),
  ],
};
const results = (text: string) =>
  checkBudgets(readBudgets("budget.yaml", text), RUN).map(({ limit, found, met }) => [limit, found, met]);

describe("budgets", () => {
  it("hold limits against a run, by nearest rank", () => {
    expect(
      results("budgets:\n- {service: shop, operation: GET /, p50: 50ms, p95: 94ms, max: 0.1s, errors: 3%, calls: 1}"),
    ).toEqual([
      ["p50", 50 * MS, true],
      ["p95", 95 * MS, false],
      ["max", 100 * MS, true],
      ["calls", 1, true],
      ["errors", 0.03, true],
    ]);
  });

  it("take all operations that fit, and take none for a limit that is not met", () => {
    expect(
      results("budgets:\n- {operation: SELECT items, max: 100ms, calls: 6}\n- {operation: gone, errors: 0%}"),
    ).toEqual([
      ["max", 500 * MS, false],
      ["calls", 7, false],
      ["errors", undefined, false],
    ]);
    expect(results('{"budgets": [{"operation": "SELECT items", "kind": "client", "max": "100ms"}]}')).toEqual([
      ["max", 100 * MS, true],
    ]);
  });

  it.each([
    ["budgets:\n- operation: a\n  p95: fast\n", /^budget\.yaml:3: budgets\.0\.p95: expected a duration with its unit/],
    ["budgets:\n- operation: a\n  errors: 1\n", /^budget\.yaml:3: budgets\.0\.errors: /],
    ["budgets:\n- operation: a\n", /^budget\.yaml:2: budgets\.0: expected at least one of p50/],
    ["budgets:\n- operation: a\n  p59: 1s\n", /^budget\.yaml:2: budgets\.0: .*p59/],
    ["budgets: []\n", /^budget\.yaml:1: budgets: /],
    ["budgets: [", /^budget\.yaml:1: /],
    ["", /^budget\.yaml:1: /],
  ])("refuse %j with line and what was expected", (text, message) => {
    expect(() => readBudgets("budget.yaml", text)).toThrow(message);
  });
});
