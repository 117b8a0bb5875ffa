import { describe, expect, it } from "vitest";
import { formatTime } from "../../query/text/readable.ts";
import { textWidth } from "../../query/text/width.ts";
import type { UiTraceSummary } from "../../query/ui/api-types.ts";
import { traceList } from "./trace-list.ts";

const NOW = new Date(2026, 2, 5, 12);
const NOW_NANO = BigInt(NOW.getTime()) * 1_000_000n;

function summary(traceId: string, more: Partial<UiTraceSummary> = {}): UiTraceSummary {
  return {
    traceId,
    rootService: "frontend",
    rootName: "GET /orders/{id}/confirmation",
    hasRoot: true,
    startTimeUnixNano: String(NOW_NANO),
    endTimeUnixNano: String(NOW_NANO + 5_000_000n),
    durationNano: "5000000",
    spanCount: 12,
    errorCount: 0,
    orphanCount: 0,
    services: [],
    matchedSpans: [],
    matchedCount: 0,
    ...more,
  };
}

const TRACES = [
  summary("0af7651916cd43dd8448eb211c80319c", {
    errorCount: 1,
    firstError: {
      spanId: "1",
      service: "payments",
      name: "charge card",
      text: "the bank declined it, try another card",
    },
  }),
  summary("0af7651926cd43dd8448eb211c80319c"),
];

describe("traceList", () => {
  it("has a dash for a start and a duration that are not known, and tells ids of 64 bits apart", () => {
    const odd = summary(`${"0".repeat(16)}bb00eb211c80319c`, {
      startTimeUnixNano: "0",
      durationNano: "0",
      durationUnknown: true,
    });
    const [, line] = traceList([odd], 60, NOW).split("\n");
    expect(line).toMatch(/^– +– +12 /);
    expect(line).toContain("bb00eb21");
  });

  it("has whole ids and times where lines may be long", () => {
    const [head, first] = traceList(TRACES, undefined, NOW).split("\n");
    expect(head).toMatch(/^started +trace duration +spans +errors +root +trace +first error$/);
    expect(first).toContain("0af7651916cd43dd8448eb211c80319c");
    expect(first).toContain(formatTime(NOW_NANO));
    expect(first).toContain("payments charge card: the bank declined it, try another card");
  });

  it("says of a trace with errors why the first was not read", () => {
    const unread = summary("0af7651916cd43dd8448eb211c80319c", { errorCount: 2, firstErrorUnread: "time" });
    expect(traceList([unread], undefined, NOW)).toMatch(/ not read: time was up$/m);
  });

  it.each([60, 80, 100, 140])("fits %i columns with as many digits as tell ids apart", (width) => {
    const lines = traceList(TRACES, width, NOW).trimEnd().split("\n");
    for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(width);
    expect(lines[1]).toMatch(/ 0af7651916?( |cd43dd8448eb211c80319c )/);
    expect(lines[2]).toMatch(/ 0af7651926?( |cd43dd8448eb211c80319c|$)/);
    expect(lines[1]).toContain("pay");
  });
});
