import { describe, expect, it } from "vitest";
import { COLUMN_MARK, type TraceColumns } from "../ui/columns-format.ts";
import { renderTree, type TreeOptions } from "./trace-tree.ts";
import { textWidth } from "./width.ts";

const PLAIN = { bold: (text: string) => text, dim: (text: string) => text, red: (text: string) => text };

function columns(): TraceColumns {
  const count = 4;
  return {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    count,
    baseStartNano: 1_795_392_039_440_000_000n,
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
    label: new Uint32Array(count),
    eventTime: new Float64Array(0),
    eventRow: new Uint32Array(0),
    eventIsException: new Uint8Array(0),
    labels: [],
    spanIds: Uint8Array.from({ length: 8 * count }, (_, i) => (i % 8 === 0 ? 0xb0 + i / 8 : 1)),
    missingParentIds: new Uint8Array(0),
    kind: new Uint8Array(count),
    status: Uint8Array.of(0, 0, 0, 2),
    marks: new Uint8Array(count),
    services: ["shop", "stock", "payment"],
    names: ["GET /", "GET /stock", "SELECT", "POST /charge\u001b[2J"],
  };
}

/** The lines without style. */
function lines(of: TraceColumns, options: Partial<TreeOptions> = {}): string[] {
  return [...renderTree(of, { messages: new Map(), onlyErrors: false, width: undefined, style: PLAIN, ...options })];
}

/** A span in a span in a span. */
function chain(count: number): TraceColumns {
  return {
    ...columns(),
    count,
    durationNano: count,
    start: Float64Array.from({ length: count }, (_, i) => i),
    duration: Float64Array.from({ length: count }, (_, i) => count - i),
    parent: Int32Array.from({ length: count }, (_, i) => i - 1),
    service: new Uint32Array(count),
    name: new Uint32Array(count),
    spanIds: new Uint8Array(8 * count).fill(7),
    kind: new Uint8Array(count),
    status: new Uint8Array(count),
    marks: new Uint8Array(count),
  };
}

describe("renderTree", () => {
  it("draws every span with its place in time and its id, and errors with their message", () => {
    expect(lines(columns(), { messages: new Map([[3, "card declined"]]) })).toEqual([
      expect.stringMatching(/^0af7651916cd43dd8448eb211c80319c {2}2026/),
      "trace duration 100 ms, 4 spans, 3 services, 1 error",
      "shop  GET /                        ████████████████████████    100 ms  b001010101010101",
      "├─ stock  GET /stock               ··██████████············     40 ms  b101010101010101",
      "│  └─ stock  SELECT                ····██··················     10 ms  b201010101010101",
      "└─ payment  POST /charge\\u001b[2J  ··············██████████     40 ms  b301010101010101  error",
      "      card declined",
    ]);
  });

  it("shows no time and no duration where there is none", () => {
    const odd = { ...columns(), marks: new Uint8Array(4).fill(COLUMN_MARK.impossibleTime), baseStartNano: 0n };
    const [head, facts, first] = lines({ ...odd, start: new Float64Array(4), duration: new Float64Array(4) });
    expect(head).toBe("0af7651916cd43dd8448eb211c80319c  –");
    expect(facts).toBe("trace duration –, 4 spans, 3 services, 1 error");
    expect(first).toMatch(/ {2}– {2}b001/);
  });

  it("shows only the way to errors on request", () => {
    const shown = lines(columns(), { onlyErrors: true }).slice(2);
    expect(shown.map((line) => line.split("  ·")[0]?.trimEnd().split("   ")[0])).toEqual([
      "shop  GET /",
      "└─ payment  POST /charge\\u001b[2J",
    ]);
  });

  it("names parents that are missing, spans in a circle, and spans that came twice", () => {
    const text = lines({
      ...columns(),
      parent: Int32Array.of(-1, -2, 1, -1),
      missingRows: Uint32Array.of(1),
      missingParentIds: Uint8Array.of(0, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7),
      marks: Uint8Array.of(0, 0, 0, COLUMN_MARK.cycle),
      collapsedDuplicates: 2,
    });
    expect(text[1]).toBe(
      "trace duration 100 ms, 4 spans, 3 services, 1 error, 1 span without the parent, 2 spans sent again",
    );
    expect(text).toContain("│  parent 00f067aa0ba902b7 is missing");
    expect(text.at(-1)).toBe("   is its own ancestor");
  });

  it.each([40, 60, 80, 120, 200])("fits a terminal of %i columns, wide characters too", (width) => {
    const names = [
      "GET /支払い/確認/ご注文ありがとうございます",
      "GET /stock 👩‍👩‍👧 🇫🇷 and so on, and so on",
      "SELECT",
      "é̀x",
    ];
    const wide = { ...columns(), services: ["店", "stock", "payment"], names };
    const message = "the card was declined by the bank ".repeat(9);
    for (const line of lines(wide, { width, messages: new Map([[3, message]]) })) {
      expect([textWidth(line) <= width, line]).toEqual([true, line]);
    }
    const ends = lines(wide, { width }).slice(2, 5);
    expect(new Set(ends.map(textWidth)).size).toBe(1);
  });

  it("draws a chain of 50,000 spans in bounded space, and says how deep each is", () => {
    let bytes = 0;
    let last = "";
    const options = { messages: new Map(), onlyErrors: false, width: 80, style: PLAIN };
    for (const line of renderTree(chain(50_000), options)) {
      bytes += line.length;
      last = line;
    }
    expect(bytes).toBeLessThan(50_000 * 100);
    expect(last).toMatch(/^ +└─ \+4999\d shop {2}GET/);
    expect(lines(chain(3), { width: 80 })[4]).toMatch(/^ {3}└─ shop/);
  });
});
