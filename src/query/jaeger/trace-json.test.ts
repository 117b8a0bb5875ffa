import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arbitraryRecord } from "../../../test/support/mapping-records.ts";
import {
  batchOf,
  FIXTURES,
  type OtlpRequest,
  readFixture,
  toModel,
} from "../../../test/support/query/fixture-traces.ts";
import { plainJaegerTrace } from "../../../test/support/query/plain-jaeger-trace.ts";
import { TraceScanner } from "../../codec/otlp/scan/scan.ts";
import { DEFAULT_SCAN_LIMITS } from "../../codec/otlp/scan/scan-result.ts";
import { bytesToHex } from "../../model/ids.ts";
import type { LogBlock, LogFragment } from "../../model/log.ts";
import type { Span } from "../../model/span.ts";
import { JsonWriter } from "../json-writer.ts";
import { JaegerTraceJson } from "./trace-json.ts";

const TRACE = "7".repeat(32);

/** The traces of these batches, as a reader gives them. */
function tracesOf(batches: readonly LogBlock[]): Map<string, LogFragment[]> {
  const traces = new Map<string, LogFragment[]>();
  for (const batch of batches) {
    const { traceIds, traceIndex } = batch.columns;
    for (let trace = 0; trace * 16 < traceIds.length; trace++) {
      const id = bytesToHex(traceIds, trace * 16, 16);
      const rows = [...traceIndex.keys()].filter((row) => traceIndex[row] === trace);
      traces.set(id, [...(traces.get(id) ?? []), { block: batch, rows }]);
    }
  }
  return traces;
}

/** Compares the traces of these batches, as those of one answer. */
function expectPlain(batches: readonly LogBlock[]): void {
  const traces = [...tracesOf(batches)];
  for (const raw of [true, false]) {
    const writer = new JsonWriter();
    const json = new JaegerTraceJson(writer);
    for (const [id, fragments] of traces) json.write(id, fragments, raw);
    const written = new TextDecoder().decode(writer.finish());
    expect(written).toBe(traces.map(([id, fragments]) => plainJaegerTrace(id, fragments, raw)).join(""));
  }
}

describe("from bytes, the text is that of the plain mapping", () => {
  it.each(FIXTURES)("for the recorded spans of %s", (name) => {
    expectPlain(readFixture(name).map((request) => batchOf(toModel(request))));
  });

  it("for any spans, whatever their fields hold", () => {
    const spans = fc.array(arbitraryRecord, { minLength: 1, maxLength: 6 });
    const shared = fc.constantFrom("0".repeat(15), "f".repeat(15), "1234567890abcde");
    fc.assert(
      fc.property(spans, fc.array(shared, { maxLength: 6 }), (records, prefixes) => {
        const made = records.map(({ span, resource, scope }, i) => ({
          resource: { ...resource, entityRefs: [] },
          schemaUrl: "",
          scopeSpans: [{ scope, schemaUrl: "", spans: [inOneTrace(span, prefixes[i], i)] }],
        }));
        expectPlain([batchOf(made)]);
      }),
      { numRuns: 150 },
    );
  });

  it("for thresholds that the collector applied", () => {
    const batch = batchOf(toModel(readFixture("node-shop")[0] as OtlpRequest));
    const { columns } = batch;
    const strings = [...columns.strings, "8", "", "=c"];
    const thresholdIndex = Uint16Array.from({ length: columns.count }, (_, row) =>
      row % 4 === 3 ? 0xffff : columns.strings.length + (row % 4),
    );
    expectPlain([{ ...batch, columns: { ...columns, strings, thresholdIndex } }]);
  });

  it("for bytes that no encoder writes: keys and values twice, in another order, in parts, cut and ill-formed", () => {
    const text = (value: string | readonly number[]) => [...Buffer.from(value as string)];
    const key = (name: string | readonly number[]) => field(0x0a, text(name));
    const value = (...parts: number[]) => field(0x12, parts);
    const string = (content: string | readonly number[]) => field(0x0a, text(content));
    const attributes = [
      [...key("twice"), ...key("key"), ...value(...string("x"))],
      [...value(...string("before")), ...key("order")],
      [...key("merged"), ...value(...string("a")), ...value(0x18, 5)],
      [...key("last"), ...value(...string("a"), 0x10, 1)],
      [...key("none"), ...value()],
      [...key("no value")],
      value(...string("no key")),
      [],
      [...key("unknown"), ...value(...string("x")), 0x18, 7],
      [...key([0xff, 0x61, 0xc3]), ...value(...string([0xed, 0xa0, 0x80, 0x22]))],
      [...key("long varint"), ...value(0x18, 0x85, 0x80, 0x80, 0x00)],
      [...key("negative"), ...value(0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01)],
      [...key("2^53 - 1"), ...value(0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f)],
      [...key("2^53"), ...value(0x18, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10)],
      [...key("span.kind"), ...key("otel.status_code"), ...value(...string("ERROR"))],
      [...key('"\\\n\u001f\u007fé'), ...value(...string('"\\\n\u001f\u007f\u2028\u{1f600}'))],
    ];
    const event = [0x09, 1, 2, 3, 4, 5, 6, 7, 8, ...field(0x12, text("a")), ...field(0x12, text("b"))];
    const span = [
      ...field(0x0a, new Array(16).fill(0x77)),
      ...field(0x12, [1, 2, 3, 4, 5, 6, 7, 8]),
      ...field(0x22, new Array(8).fill(0)),
      ...field(0x2a, text("first")),
      ...field(0x2a, [0x80, ...text("name")]),
      ...field(0x1a, text("ot=th:8;x:y")),
      ...[0x30, 2, 0x39, 255, 255, 255, 255, 255, 255, 255, 255, 0x41, 0, 0, 0, 0, 0, 0, 0, 128],
      ...attributes.flatMap((one) => field(0x4a, one)),
      ...field(0x5a, [...event, ...field(0x1a, [...key("event"), ...value(...string("b"))])]),
      ...field(0x5a, event),
      ...field(0x6a, field(0x0a, [1, 2])),
      ...field(0x7a, [...field(0x12, text("old")), 0x18, 2]),
      ...field(0x7a, field(0x12, text("new"))),
      ...field(0x7a, [0x18, 9]),
      ...[0x85, 0x01, 3, 1, 0, 0],
    ];
    const body = Uint8Array.from(field(0x0a, field(0x12, [...field(0x12, span), ...field(0x12, span)])));
    const { columns } = new TraceScanner(DEFAULT_SCAN_LIMITS).scan(body);
    const batch = { next: { segment: 0, block: 0 }, receivedAtMs: 0, body, columns };
    expect(columns.count).toBe(2);
    expectPlain([batch]);
  });
});

/** A length-delimited field. */
function field(tag: number, payload: readonly number[]): number[] {
  const length = payload.length < 0x80 ? [payload.length] : [(payload.length & 0x7f) | 0x80, payload.length >>> 7];
  return [tag, ...length, ...payload];
}

/** Ids that differ in one digit, so that some are shared by a client and a server, and some are parents of others. */
function inOneTrace(span: Span, prefix: string | undefined, i: number): Span {
  if (prefix === undefined) return { ...span, traceId: TRACE };
  return { ...span, traceId: TRACE, spanId: `${prefix}${(i % 3) + 1}`, parentSpanId: `${prefix}${((i + 1) % 3) + 1}` };
}
