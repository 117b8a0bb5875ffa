import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { serviceWith, spanWith } from "../../test/support/otlp-spans.ts";
import { tracesToJson } from "../codec/otlp/json/json-out.ts";
import { fragmentRecords } from "../codec/otlp/message/fragment-records.ts";
import { PermanentError } from "../component/errors.ts";
import type { Exporter, ExportOutcome } from "../component/export.ts";
import type { Span } from "../model/span.ts";
import { type ReplaySettings, replay } from "./replay.ts";
import { exporterTarget, type ReplayTarget } from "./target.ts";

const MS = 1_000_000n;
const START = 1_700_000_000_000n * MS;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "spanloom-replay-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const id = (number: number, digits: number) => number.toString(16).padStart(digits, "0");

/** Spans of a line each. */
function record(spans: readonly Partial<Span>[]): string {
  const path = join(folder, "f.jsonl");
  writeFileSync(path, spans.map((span) => `${tracesToJson([serviceWith("shop", [spanWith(span)])])}\n`).join(""));
  return path;
}

/** Keeps what it is sent. */
function keeper(name = "kept", onSend: (span: Span) => Promise<void> | void = () => {}) {
  const spans: Span[] = [];
  const target: ReplayTarget = {
    name,
    async send(fragment) {
      const sent = fragmentRecords(fragment).map(({ span }) => span);
      for (const span of sent) await onSend(span);
      spans.push(...sent);
      return { rejected: 0, message: "" };
    },
    async close() {},
  };
  return { spans, target };
}

const run = (path: string, changes: Partial<ReplaySettings>) =>
  replay({
    files: [path],
    targets: [],
    speed: "max",
    at: "original",
    freshIds: false,
    signal: new AbortController().signal,
    ...changes,
  });

describe("replay", () => {
  it("sends the lines in their order to every target, and counts for each", async () => {
    const path = record(Array.from({ length: 40 }, (_, i) => ({ spanId: id(i + 1, 16), name: `${i}` })));
    const [one, other] = [keeper("one"), keeper("other")];
    const summary = await run(path, { targets: [one.target, other.target], speed: 1e9 });
    const names = Array.from({ length: 40 }, (_, i) => `${i}`);
    expect(one.spans.map(({ name }) => name)).toEqual(names);
    expect(other.spans.map(({ name }) => name)).toEqual(names);
    expect(summary).toMatchObject({ requests: 40, spans: 40, badLines: 0, interrupted: false });
    expect(summary.targets).toEqual([
      { name: "one", spans: 40, rejectedSpans: 0 },
      { name: "other", spans: 40, rejectedSpans: 0 },
    ]);
  });

  it("goes on with the others when a target gives up, and ends when none is left", async () => {
    const path = record(Array.from({ length: 30 }, (_, i) => ({ spanId: id(i + 1, 16) })));
    const fails = keeper("fails", () => {
      throw new PermanentError("unreachable", "nobody there");
    });
    const good = keeper("good");
    const summary = await run(path, { targets: [fails.target, good.target], speed: 1e9 });
    expect(good.spans).toHaveLength(30);
    expect(summary.targets[0]).toMatchObject({ spans: 0, error: { code: "unreachable", message: "nobody there" } });
    const alone = await run(path, { targets: [fails.target], speed: 1e9 });
    expect(alone).toMatchObject({ requests: 0, spans: 0 });
  });

  it("gives new ids with the same parents, links and events, and moves every time alike", async () => {
    const link = { traceId: id(7, 32), spanId: id(1, 16), traceState: "", attributes: [], droppedAttributesCount: 0 };
    const path = record([
      { traceId: id(7, 32), spanId: id(1, 16), startTimeUnixNano: START, endTimeUnixNano: START + 9n * MS },
      {
        traceId: id(7, 32),
        spanId: id(2, 16),
        parentSpanId: id(1, 16),
        startTimeUnixNano: START + 1n,
        endTimeUnixNano: START + 2n * MS,
        events: [{ timeUnixNano: START + MS, name: "e", attributes: [], droppedAttributesCount: 0 }],
        links: [{ ...link, flags: 0 }],
      },
    ]);
    const before = BigInt(Date.now()) * MS;
    const { spans, target } = keeper();
    await run(path, { targets: [target], at: "now", freshIds: true });
    const after = BigInt(Date.now()) * MS;
    const [root, child] = spans as [Span, Span];
    expect(root.endTimeUnixNano).toBeGreaterThanOrEqual(before);
    expect(root.endTimeUnixNano).toBeLessThanOrEqual(after);
    expect(child.startTimeUnixNano - root.startTimeUnixNano).toBe(1n);
    expect((child.events[0]?.timeUnixNano as bigint) - root.startTimeUnixNano).toBe(MS);
    expect(child).toMatchObject({ traceId: root.traceId, parentSpanId: root.spanId });
    expect(child.links[0]).toMatchObject({ traceId: root.traceId, spanId: root.spanId });
    expect([root.traceId, root.spanId, child.spanId]).not.toEqual([id(7, 32), id(1, 16), id(2, 16)]);
    expect(root.parentSpanId).toBe("");
    expect(root.traceId).toMatch(/^[0-9a-f]{32}$/);
  });

  it("keeps the pace: a request begins when its time has come and the one before was answered", async () => {
    const end = (ms: bigint) => ({ startTimeUnixNano: START, endTimeUnixNano: START + ms * MS });
    const path = record([
      { spanId: id(1, 16), ...end(0n) },
      { spanId: id(2, 16), ...end(4_000n) },
    ]);
    const at: number[] = [];
    const { target } = keeper("kept", () => void at.push(performance.now()));
    await run(path, { targets: [target], speed: 20 });
    expect((at[1] as number) - (at[0] as number)).toBeGreaterThanOrEqual(150);
  });

  it("sends spans of chosen traces alone", async () => {
    const path = record([1, 2, 1, 3].map((trace, i) => ({ traceId: id(trace, 32), spanId: id(i + 1, 16) })));
    const { spans, target } = keeper();
    const summary = await run(path, { targets: [target], choice: new Set([id(1, 32)]) });
    expect(spans.map(({ spanId }) => spanId)).toEqual([id(1, 16), id(3, 16)]);
    expect(summary).toMatchObject({ spans: 2, unchosenSpans: 2, requests: 2 });
  });

  it("tells of ids that two spans have, and counts spans that came again apart", async () => {
    const one = { spanId: id(5, 16), startTimeUnixNano: START, endTimeUnixNano: START + MS };
    const path = record([one, one, { ...one, startTimeUnixNano: START + 1n }, { ...one, kind: 3 }]);
    const notes: unknown[] = [];
    const summary = await run(path, { targets: [keeper().target], onNote: (...note) => void notes.push(note) });
    expect(summary).toMatchObject({ repeatedSpans: 1, collidingSpans: 1, spans: 4 });
    expect(notes).toEqual([
      [path, 3, expect.stringContaining(`span ${id(5, 16)} has the trace and span id of another`)],
    ]);
  });

  it("stops where it is told to, and counts what was taken", async () => {
    const path = record(Array.from({ length: 50 }, (_, i) => ({ spanId: id(i + 1, 16) })));
    const stop = new AbortController();
    const { spans, target } = keeper("kept", ({ spanId }) => {
      if (spanId === id(5, 16)) stop.abort();
    });
    const summary = await run(path, { targets: [target], speed: 1e9, signal: stop.signal });
    expect(summary).toMatchObject({ interrupted: true, spans: 5 });
    expect(spans).toHaveLength(5);
  });
});

describe("exporterTarget", () => {
  const answering = (...outcomes: readonly ExportOutcome[]) => {
    const asked: number[] = [];
    const left = [...outcomes];
    const exporter: Exporter = {
      async start() {},
      async shutdown() {},
      async export(fragments) {
        asked.push(fragments.reduce((sum, { rows }) => sum + rows.length, 0));
        return left.length > 1 ? (left.shift() as ExportOutcome) : (left[0] as ExportOutcome);
      },
    };
    return { asked, target: exporterTarget("zipkin http://z", exporter) };
  };

  it("waits out what the destination cannot take now", async () => {
    const { asked, target } = answering({ type: "retry", reason: "HTTP 503", afterMs: 1 }, { type: "delivered" });
    const summary = await run(record([{}]), { targets: [target] });
    expect(asked).toEqual([1, 1]);
    expect(summary.targets).toEqual([{ name: "zipkin http://z", spans: 1, rejectedSpans: 0 }]);
  });

  it("gives up one that never took anything, with its own words", async () => {
    const { target } = answering({ type: "retry", reason: "connect ECONNREFUSED" });
    const { targets } = await run(record([{}]), { targets: [target] });
    expect(targets[0]?.error).toEqual({
      code: "unreachable",
      message: "zipkin http://z takes no spans: connect ECONNREFUSED (3 attempts)",
    });
  });

  it("halves what is too large, and counts what is refused", async () => {
    const path = join(folder, "two.jsonl");
    const two = [spanWith({ spanId: id(1, 16) }), spanWith({ spanId: id(2, 16) })];
    writeFileSync(path, tracesToJson([serviceWith("shop", two)]));
    const { asked, target } = answering(
      { type: "split", reason: "HTTP 413" },
      { type: "delivered" },
      { type: "rejected", count: 1, reason: "no name" },
    );
    const summary = await run(path, { targets: [target] });
    expect(asked).toEqual([2, 1, 1]);
    expect(summary).toMatchObject({ spans: 2, rejectedSpans: 1, messages: ["no name"] });
  });
});
