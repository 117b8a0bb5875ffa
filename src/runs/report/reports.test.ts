import { describe, expect, it } from "vitest";
import { SPAN_KIND } from "../../model/span.ts";
import type { RunChange, RunComparison } from "../compare/comparison.ts";
import { junitReport } from "./junit-report.ts";
import { markdownReport } from "./markdown-report.ts";
import type { DiffReport } from "./report-input.ts";
import { textReport } from "./text-report.ts";

const PLAIN = { bold: (text: string) => text, dim: (text: string) => text, red: (text: string) => text };
const step = (service: string, name: string) => ({ service, name, kind: SPAN_KIND.client });
const ROOT = [step("web", "GET /")];
const QUERY = [...ROOT, step("web", "render"), step("db", 'SELECT <a> & "b" | `c`\u001b[31m')];

const SLOW: RunChange = {
  ...{ kind: "self", path: QUERY, worse: true, cause: true, before: 1_200_000, after: 1_330_000 },
  ...{ ratio: { estimate: 1.102, low: 1.071, high: 1.134 }, superiority: 0.742, p: 0.000_012_3 },
  ...{ tracesBefore: 200, tracesAfter: 198, costNano: 122_000 },
};
const FOLLOWS: RunChange = { ...SLOW, kind: "duration", path: ROOT, cause: false, before: 9e6, after: 9.2e6 };
const REPEATED: RunChange = {
  ...{
    kind: "appeared",
    path: [...ROOT, step("db", "SELECT item")],
    worse: true,
    cause: true,
    before: 0,
    after: 12.34,
  },
  ...{ p: undefined, tracesBefore: 0, tracesAfter: 198, costNano: 0 },
};
const GONE: RunChange = {
  ...REPEATED,
  kind: "vanished",
  path: [step("web", "GET /old")],
  worse: false,
  before: 7,
  after: 0,
};

const COMPARISON: RunComparison = {
  verdict: "worse",
  before: { traces: 200, spans: 1_000, paths: 5 },
  after: { traces: 198, spans: 3_400, paths: 5 },
  shift: { ratio: 0.875, paths: 12, worse: false },
  noise: 0.034,
  changes: [SLOW, REPEATED, FOLLOWS, GONE],
  leastDetectable: { median: 0.071, worst: 0.19, paths: 12 },
  operations: [ROOT, QUERY].map((path) => ({
    ...{ path, tracesBefore: 200, tracesAfter: 198, selfBefore: 1, selfAfter: 1, ratio: 1 },
  })),
  commonPaths: 14,
  unjudgedPaths: 2,
  minEffect: 0.05,
};
const REPORT: DiffReport = {
  names: ["main", "pr-42"],
  comparison: COMPARISON,
  budgets: [
    { operation: "web GET /", limit: "p95", allowed: 2e8, found: 2.5e8, met: false },
    { operation: "web GET /", limit: "errors", allowed: 0.01, found: 0, met: true },
    { operation: "gone", limit: "calls", allowed: 3, found: undefined, met: false },
  ],
  verdict: "worse",
};

describe("the report as text", () => {
  it("has causes before what follows of them, and says what would have been found", () => {
    expect([...textReport(REPORT, PLAIN)]).toMatchInlineSnapshot(`
      [
        "main → pr-42: worse",
        "  200 and 198 traces, 1000 and 3400 spans, 14 operations in both",
        "  the whole run is faster: −12.5 % in the middle of 12 operations; it is taken out below",
        "  2 operations in too few traces to be judged by time",
        "  four of five such comparisons would find a slow-down of 7.1 % of a usual operation, of 19 % of the one that varies most",
        "  operations differ by 3.4 % everywhere: the machine was not as quiet as it might be",
        "",
        "over budget:",
        "  web GET /: p95 at most 200 ms, found 250 ms",
        "  gone: calls for each call of the parent at most 3, found no operation that fits",
        "",
        "worse:",
        "  web GET / › render › db SELECT <a> & "b" | \`c\`\\u001b[31m",
        "    its own time 1.2 ms → 1.33 ms, +10.2 % (+7.1 % to +13.4 %)",
        "    slower in 74 of 100 pairs of traces, p 0.000012, 200 and 198 traces, costs 122 µs a trace",
        "  web GET / › db SELECT item",
        "    new, 12.3 calls for each call of its parent",
        "    0 and 198 traces",
        "",
        "slower or failing for that:",
        "  web GET /",
        "    duration 9 ms → 9.2 ms, +10.2 % (+7.1 % to +13.4 %)",
        "    slower in 74 of 100 pairs of traces, p 0.000012, 200 and 198 traces, costs 122 µs a trace",
        "",
        "new or gone:",
        "  web GET /old",
        "    gone; it was in 7 traces",
        "    0 and 198 traces",
      ]
    `);
  });

  it("says where nothing was found", () => {
    const comparison = { ...COMPARISON, changes: [] };
    const lines = [...textReport({ ...REPORT, comparison, budgets: [], verdict: "equal" }, PLAIN)];
    expect(lines[0]).toBe("main → pr-42: equal");
    expect(lines.at(-1)).toBe("  no change was found");
  });
});

describe("the report as JUnit's XML", () => {
  it("is a test for each operation and budget, with causes as failures", () => {
    expect(junitReport(REPORT, false)).toMatchInlineSnapshot(`
      "<?xml version="1.0" encoding="UTF-8"?>
      <testsuites name="spanloom diff" tests="7" failures="4" errors="0" skipped="0">
        <testsuite name="main → pr-42: worse" tests="7" failures="4" errors="0" skipped="0">
          <testcase classname="spanloom diff" name="the runs as a whole"/>
          <testcase classname="web" name="web GET /"/>
          <testcase classname="db" name="web GET / › render › db SELECT &lt;a&gt; &amp; &quot;b&quot; | \`c\`�[31m">
            <failure message="its own time 1.2 ms → 1.33 ms, +10.2 % (+7.1 % to +13.4 %) (slower in 74 of 100 pairs of traces, p 0.000012, 200 and 198 traces, costs 122 µs a trace)">its own time 1.2 ms → 1.33 ms, +10.2 % (+7.1 % to +13.4 %) (slower in 74 of 100 pairs of traces, p 0.000012, 200 and 198 traces, costs 122 µs a trace)</failure>
          </testcase>
          <testcase classname="db" name="web GET / › db SELECT item">
            <failure message="new, 12.3 calls for each call of its parent (0 and 198 traces)">new, 12.3 calls for each call of its parent (0 and 198 traces)</failure>
          </testcase>
          <testcase classname="budgets" name="web GET /: p95">
            <failure message="p95 at most 200 ms, found 250 ms">p95 at most 200 ms, found 250 ms</failure>
          </testcase>
          <testcase classname="budgets" name="web GET /: errors"/>
          <testcase classname="budgets" name="gone: calls">
            <failure message="calls for each call of the parent at most 3, found no operation that fits">calls for each call of the parent at most 3, found no operation that fits</failure>
          </testcase>
        </testsuite>
      </testsuites>
      "
    `);
  });

  it("has an error where the runs could not be compared, or a test that was left out where that is allowed", () => {
    const undecided = { ...REPORT, comparison: { ...COMPARISON, undecided: "too few" } };
    expect(junitReport(undecided, false)).toContain('<error message="200 and 198 traces');
    expect(junitReport(undecided, true)).toContain('<skipped message="200 and 198 traces');
  });
});

describe("the report as Markdown", () => {
  it("has what is worse in sight, and takes nothing in names for Markdown or HTML", () => {
    expect(markdownReport(REPORT)).toMatchInlineSnapshot(`
      "### \`main → pr-42: worse\`

      - \`web GET /\`: p95 at most 200 ms, found 250 ms
      - \`gone\`: calls for each call of the parent at most 3, found no operation that fits

      | operation | what | how sure |
      |---|---|---|
      | \`web GET / › render › db SELECT <a> & "b" \\| 'c'\\u001b[31m\` | its own time 1.2 ms → 1.33 ms, +10.2 % (+7.1 % to +13.4 %) | slower in 74 of 100 pairs of traces, p 0.000012, 200 and 198 traces, costs 122 µs a trace |
      | \`web GET / › db SELECT item\` | new, 12.3 calls for each call of its parent | 0 and 198 traces |

      - 200 and 198 traces, 1000 and 3400 spans, 14 operations in both
      - the whole run is faster: −12.5 % in the middle of 12 operations; it is taken out below
      - 2 operations in too few traces to be judged by time
      - four of five such comparisons would find a slow-down of 7.1 % of a usual operation, of 19 % of the one that varies most
      - operations differ by 3.4 % everywhere: the machine was not as quiet as it might be

      <details><summary>Slower or failing for that: 1</summary>

      | operation | what | how sure |
      |---|---|---|
      | \`web GET /\` | duration 9 ms → 9.2 ms, +10.2 % (+7.1 % to +13.4 %) | slower in 74 of 100 pairs of traces, p 0.000012, 200 and 198 traces, costs 122 µs a trace |

      </details>

      <details><summary>New or gone: 1</summary>

      | operation | what | how sure |
      |---|---|---|
      | \`web GET /old\` | gone; it was in 7 traces | 0 and 198 traces |

      </details>
      "
    `);
  });

  it("stays short enough for a comment whatever there is", () => {
    const long = { ...SLOW, path: [...ROOT, step("db", "|".repeat(5_000))] };
    const changes = Array.from({ length: 500 }, () => long).flatMap((one) => [one, { ...one, cause: false }, GONE]);
    expect(markdownReport({ ...REPORT, comparison: { ...COMPARISON, changes } }).length).toBeLessThan(65_536);
  });
});
