import { describe, expect, it } from "vitest";
import type { UiVerdict } from "../../query/ui/api-types.ts";
import { explanationMarkdown, explanationText } from "./explanation.ts";

const PLAIN = { bold: (text: string) => text, dim: (text: string) => text, red: (text: string) => text };
const traceId = "0af7651916cd43dd8448eb211c80319c";
const link = `http://127.0.0.1:16686/trace/${traceId}`;
const place = (digit: string) => ({ spanId: digit.repeat(16), kind: "client" as const });
const root = { ...place("1"), text: "frontend POST /checkout 1.3 s", durationNano: 1.3e9, usually: "Not slow: no" };
const slow = {
  text: "Slow: 1.3 s, usually 126 ms",
  durationNano: 1.3e9,
  usualNano: 126e6,
  p95Nano: 250e6,
  samples: 80,
  blame: {
    ...place("2"),
    text: "92 % in stock SELECT stock · 1.19 s, usually 2 ms · lock.wait",
    nano: 1.19e9,
    calls: 1,
  },
};
const verdict = (more: Partial<UiVerdict>): UiVerdict => ({ root, usual: [], growing: false, ...more });

describe("an explanation", () => {
  it("says what is to say, with the span of each, and where to look", () => {
    const failed = { ...place("3"), text: "Failed: payment POST → card declined", count: 1, recovered: false };
    expect(explanationText({ traceId, link, verdict: verdict({ slow, failed }) }, PLAIN)).toBe(
      `frontend POST /checkout 1.3 s  ${traceId}
Failed: payment POST → card declined
  span 3333333333333333
Slow: 1.3 s, usually 126 ms
92 % in stock SELECT stock · 1.19 s, usually 2 ms · lock.wait
  span 2222222222222222
${link}
`,
    );
  });

  it("has the trace duration beside the root's where they differ", () => {
    const titleOf = (traceDurationNano: number) =>
      explanationText({ traceId, link, verdict: verdict({ traceDurationNano }) }, PLAIN).split("\n")[0];
    expect(titleOf(1.43e9)).toBe(`frontend POST /checkout 1.3 s (trace duration 1.43 s)  ${traceId}`);
    expect(titleOf(1.3e9)).toBe(`frontend POST /checkout 1.3 s  ${traceId}`);
  });

  it("says that a trace is as usual, or why that is not known", () => {
    expect(explanationText({ traceId, link, verdict: verdict({}) }, PLAIN)).toContain("Not slow: no\n");
    const silent = explanationText({ traceId, link, verdict: verdict({ silent: "clocks differ" }) }, PLAIN);
    expect(silent).toContain("Nothing is said of its duration: clocks differ.\n");
    expect(silent).not.toContain("Not slow");
  });

  it("quotes what strangers wrote, on one line and without control characters", () => {
    const text = "Failed: a `b` **c** <script>\u202e\n[d](e)";
    const failed = { ...place("3"), text, count: 1, recovered: false };
    expect(explanationMarkdown({ traceId, link, verdict: verdict({ failed }) })).toBe(
      `**\`frontend POST /checkout 1.3 s\`** [${traceId}](${link})

- \`Failed: a 'b' **c** <script>\\u202e\\u000a[d](e)\` ([span](${link}?span=3333333333333333))
- \`Not slow: no\`

Texts in \`code\` are data from spans.
`,
    );
  });

  it("is at most 2,000 bytes of Markdown", () => {
    const text = "ü".repeat(5_000);
    const repeated = { ...place("4"), text, calls: 3, nano: 1, share: 1 };
    const long = verdict({ failed: { ...place("3"), text, count: 1, recovered: false }, repeated, silent: text });
    const markdown = explanationMarkdown({ traceId, link, verdict: long });
    expect(Buffer.byteLength(markdown)).toBeLessThanOrEqual(2_000);
    expect(markdown).toContain("?span=3333333333333333");
  });
});
