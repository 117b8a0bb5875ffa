import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { serviceWith, spanWith } from "../../../test/support/otlp-spans.ts";
import { recordingHost } from "../../../test/support/storage/rig.ts";
import { tracesToJson } from "../../codec/otlp/json/json-out.ts";
import { encodeTraces } from "../../codec/otlp/message/encode.ts";
import type { AppendResult, IncomingBatch } from "../../component/ingest.ts";
import { samplingConfig } from "../../processors/head-sampling/sampling-config.ts";
import { processorsConfig } from "../../processors/processors-config.ts";
import { createPipeline } from "./ingest.ts";

const MIB = 1024 * 1024;

function pipeline(processors: object = {}) {
  const config = { processors: processorsConfig.parse(processors), sampling: samplingConfig.parse({}) };
  return createPipeline(config, recordingHost());
}

const batch = (bytes: Uint8Array, format: IncomingBatch["format"], zipped = true): IncomingBatch => ({
  format,
  encoding: zipped ? "gzip" : "identity",
  bytes: new Uint8Array(zipped ? gzipSync(bytes) : bytes),
  maxBytes: 64 * MIB,
  receivedAtMs: 1,
  source: "test",
});

/** Steps, spans of each piece and the result of a large batch. */
async function inPieces(incoming: IncomingBatch, processors?: object) {
  const made = pipeline(processors);
  expect(made.prepare(incoming)).toBeUndefined();
  const pieces = made.pieces?.(incoming);
  const sizes: number[] = [];
  let steps = 0;
  for (;;) {
    const next = await pieces?.next();
    if (next?.done !== false) return { steps, sizes, result: next?.value as AppendResult };
    steps++;
    if (next.value !== undefined) sizes.push(next.value.columns.count);
  }
}

/** About `bytes` of one text again and again. */
const filled = (before: string, one: string, behind: string, bytes = 6 * MIB): Buffer =>
  Buffer.from(`${before}${`${one},`.repeat(Math.floor(bytes / (one.length + 1)))}${one}${behind}`);

const IN_SPAN = `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"${"1".repeat(32)}","spanId":"${"2".repeat(16)}",`;

describe("bodies that inflate to far more than they are", () => {
  it.each<[string, Buffer]>([
    ["spans", filled('{"resourceSpans":[{"scopeSpans":[{"spans":[', "{}", "]}]}]}")],
    ["spans of the wrong type", filled('{"resourceSpans":[{"scopeSpans":[{"spans":[', "0", "]}]}]}")],
    ["resources", filled('{"resourceSpans":[', "{}", "]}")],
    ["scopes", filled('{"resourceSpans":[{"scopeSpans":[', "{}", "]}]}")],
    ["attributes", filled(`${IN_SPAN}"attributes":[`, "{}", "]}]}]}]}")],
    ["events", filled(`${IN_SPAN}"events":[`, "{}", "]}]}]}]}")],
    ["links", filled(`${IN_SPAN}"links":[`, "{}", "]}]}]}]}")],
    ["a list value", filled(`${IN_SPAN}"attributes":[{"value":{"arrayValue":{"values":[`, "{}", "]}}}]}]}]}]}")],
  ])("%s in JSON: in steps, with little to store and a short answer", async (what, body) => {
    const incoming = batch(body, "otlp_json");
    expect(incoming.bytes.length).toBeLessThan(50_000);
    const { steps, sizes, result } = await inPieces(incoming);
    expect(steps).toBeGreaterThanOrEqual(6);
    expect(result.accepted).toBe(sizes.reduce((sum, size) => sum + size, 0));
    expect(result.accepted).toBeLessThanOrEqual(1);
    if (what.startsWith("spans")) expect(result.rejected).toBeGreaterThan(2_000_000);
    expect(result.message.length).toBeLessThan(1_000);
  });

  const repeated = (field: number[], wraps: (head: number[], length: number) => Buffer, bytes = 6 * MIB): Buffer => {
    const fields = Buffer.alloc(bytes - (bytes % field.length), Uint8Array.from(field));
    return Buffer.concat([wraps([], fields.length), fields]);
  };
  const varint = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)]);
  const head = (tags: number[], length: number, inner: number[] = []): Buffer => {
    let bytes = [...inner];
    for (const tag of tags) bytes = [tag, ...varint(bytes.length + length), ...bytes];
    return Buffer.from(bytes);
  };
  const ids = [0x0a, 16, ...Array(16).fill(1), 0x12, 8, ...Array(8).fill(2)];
  it.each<[string, Buffer]>([
    ["spans", repeated([0x12, 0], (_, length) => head([0x12, 0x0a], length))],
    ["spans that break off", repeated([0x12, 1, 0xff], (_, length) => head([0x12, 0x0a], length))],
    ["resources", repeated([0x0a, 0], () => Buffer.alloc(0))],
    ["scopes", repeated([0x12, 0], (_, length) => head([0x0a], length))],
    ["attributes", repeated([0x4a, 0], (_, length) => head([0x12, 0x12, 0x0a], length, ids))],
    ["events", repeated([0x5a, 0], (_, length) => head([0x12, 0x12, 0x0a], length, ids))],
    ["links", repeated([0x6a, 0], (_, length) => head([0x12, 0x12, 0x0a], length, ids))],
    ["resource attributes", repeated([0x0a, 0], (_, length) => head([0x0a, 0x0a], length))],
    [
      "a list value",
      repeated([0x0a, 0], (_, length) => {
        const attribute = head([0x2a, 0x12, 0x4a], length);
        return head([0x12, 0x12, 0x0a], length, [...ids, ...attribute]);
      }),
    ],
  ])("%s in protobuf: in steps, with little to store and a short answer", async (_what, body) => {
    const incoming = batch(body, "otlp_protobuf");
    expect(incoming.bytes.length).toBeLessThan(50_000);
    const { steps, result } = await inPieces(incoming);
    expect(steps).toBeGreaterThanOrEqual(2);
    expect(result.accepted).toBeLessThanOrEqual(1);
    expect(result.message.length).toBeLessThan(1_000);
  });
});

describe("honest bodies", () => {
  const spans = Array.from({ length: 25_000 }, (_, i) =>
    spanWith({ name: `n${i}`, spanId: (i + 1).toString(16).padStart(16, "0"), traceState: "x".repeat(100) }),
  );
  const data = [serviceWith("shop", spans)];

  it.each(["otlp_json", "otlp_protobuf"] as const)("that are large come whole in pieces: %s", async (format) => {
    const bytes = format === "otlp_json" ? Buffer.from(tracesToJson(data)) : encodeTraces(data);
    for (const zipped of [true, false]) {
      const { sizes, result } = await inPieces(batch(bytes, format, zipped));
      expect(sizes.length).toBeGreaterThan(1);
      expect(result).toEqual({ accepted: spans.length, rejected: 0, message: "" });
    }
    const masked = await inPieces(batch(bytes, format), {
      attributes: { actions: [{ key: "added", value: 1, action: "insert" }] },
    });
    expect(masked.result).toEqual({ accepted: spans.length, rejected: 0, message: "" });
  });

  it("that are small are prepared at once, also where their trailer lies", () => {
    const body = encodeTraces([serviceWith("shop", spans.slice(0, 10))]);
    expect(pipeline().prepare(batch(body, "otlp_protobuf"))?.columns.count).toBe(10);
    const twice = Buffer.concat([gzipSync(Buffer.alloc(5 * MIB)), gzipSync(Buffer.alloc(0))]);
    const liar = { ...batch(body, "otlp_protobuf"), bytes: new Uint8Array(twice) };
    expect(pipeline().prepare(liar)).toBeUndefined();
  });

  it("that inflate beyond the limit are refused", async () => {
    const made = { ...batch(Buffer.alloc(8 * MIB), "otlp_protobuf"), maxBytes: 6 * MIB };
    await expect(inPieces(made)).rejects.toMatchObject({ code: "too_large" });
  });
});
