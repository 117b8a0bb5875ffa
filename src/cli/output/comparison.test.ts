import { describe, expect, it } from "vitest";
import type { UiComparison } from "../../query/ui/comparison/comparison-types.ts";
import { comparisonMarkdown, comparisonText } from "./comparison.ts";

const PLAIN = { bold: (text: string) => text, dim: (text: string) => text, red: (text: string) => text };
const [A, B] = ["a".repeat(32), "b".repeat(32)] as const;
const trace = (traceId: string, durationNano: number) => ({
  traceId,
  startTimeUnixNano: "0",
  spanCount: 26,
  errorCount: 0,
  orphanCount: 0,
  root: { service: "frontend", name: "POST /checkout", spanId: "1".repeat(16), durationNano, failed: false },
});
const place = (name: string) => ({ service: "inventory", name, kind: "client" as const, parent: -1, depth: 0 });
const difference = (at: number, text: string) => ({ place: at, text, nano: 0, selfNano: 0, pathNano: 0, failed: 0 });
const comparison: UiComparison = {
  a: trace(A, 126e6),
  b: { ...trace(B, 1.3e9), errorCount: 2 },
  sameOperation: true,
  sentences: ["B took 1.3 s, 1.17 s longer than A (126 ms)"],
  differences: [difference(0, "1.19 s against 2 ms (+1.19 s)"), difference(1, "failed in B, not in A")],
  moreDifferences: 0,
  places: [place("SELECT stock"), place("POST `x`\u202e")],
  morePlaces: 0,
};
const link = `http://127.0.0.1:16686/trace/${A}...${B}`;

describe("a comparison", () => {
  it("says which traces, what of them, and where they differ", () => {
    expect(comparisonText({ link, comparison }, PLAIN)).toBe(
      `A  frontend POST /checkout 126 ms  ${A}  26 spans
B  frontend POST /checkout 1.3 s  ${B}  26 spans, 2 errors

B took 1.3 s, 1.17 s longer than A (126 ms)

inventory SELECT stock
  1.19 s against 2 ms (+1.19 s)
inventory POST \`x\`\\u202e
  failed in B, not in A

${link}
`,
    );
  });

  it("counts what is not told", () => {
    const many = Array.from({ length: 30 }, (_, i) => difference(0, `difference ${i}`));
    const text = comparisonText({ link, comparison: { ...comparison, differences: many, moreDifferences: 7 } }, PLAIN);
    expect(text).toContain("difference 14\n");
    expect(text).toContain("and 22 more differences\n");
  });

  it("is Markdown of at most 2,000 bytes in which texts of strangers are quoted", () => {
    const text = comparisonMarkdown({ link, comparison });
    expect(text).toContain("1. `inventory SELECT stock: 1.19 s against 2 ms (+1.19 s)`\n");
    expect(text).toContain("2. `inventory POST 'x'\\u202e: failed in B, not in A`\n");
    const long = { ...comparison, sentences: Array.from({ length: 50 }, () => "é".repeat(300)) };
    expect(Buffer.byteLength(comparisonMarkdown({ link, comparison: long }))).toBeLessThanOrEqual(2_000);
  });
});
