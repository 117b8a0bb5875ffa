import { describe, expect, it } from "vitest";
import type { TraceColumns } from "../../query/ui/columns-format.ts";
import { renderTree } from "./trace.ts";

const PLAIN = { bold: (text: string) => text, dim: (text: string) => text, red: (text: string) => text };

function columns(): TraceColumns {
  const count = 4;
  return {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    count,
    baseStartNano: 0n,
    durationNano: 100_000_000,
    collapsedDuplicates: 0,
    start: Float64Array.of(0, 10e6, 20e6, 60e6),
    duration: Float64Array.of(100e6, 40e6, 10e6, 40e6),
    parent: Int32Array.of(-1, 0, 1, 0),
    service: Uint32Array.of(0, 1, 1, 2),
    name: Uint32Array.of(0, 1, 2, 3),
    missingRows: new Uint32Array(0),
    attributeCount: new Uint16Array(count),
    eventCount: new Uint16Array(count),
    linkCount: new Uint16Array(count),
    spanIds: new Uint8Array(8 * count),
    missingParentIds: new Uint8Array(0),
    kind: new Uint8Array(count),
    status: Uint8Array.of(0, 0, 0, 2),
    marks: new Uint8Array(count),
    services: ["shop", "stock", "payment"],
    names: ["GET /", "GET /stock", "SELECT", "POST /charge\u001b[2J"],
  };
}

describe("renderTree", () => {
  it("draws every span with its place in time, and errors with their message", () => {
    const [head, ...lines] = renderTree(columns(), new Map([[3, "card declined"]]), false, PLAIN)
      .trimEnd()
      .split("\n");
    expect(head).toContain("100 ms, 4 spans, 3 services, 1 error");
    expect(lines).toEqual([
      "shop  GET /                        ████████████████████████  100 ms",
      "├─ stock  GET /stock               ··██████████············  40 ms",
      "│  └─ stock  SELECT                ····██··················  10 ms",
      "└─ payment  POST /charge\\u001b[2J  ··············██████████  40 ms  error",
      "      card declined",
    ]);
  });

  it("shows only the way to errors on request", () => {
    const lines = renderTree(columns(), new Map(), true, PLAIN).trimEnd().split("\n").slice(1);
    expect(lines.map((line) => line.split("  ·")[0]?.trimEnd().split("   ")[0])).toEqual([
      "shop  GET /",
      "└─ payment  POST /charge\\u001b[2J",
    ]);
  });
});
