import { describe, expect, it } from "vitest";
import {
  intAttribute,
  resourceWith,
  scopeWith,
  serviceWith,
  spanWith,
  textAttribute,
} from "../../../../test/support/otlp-spans.ts";
import { type AnyValue, anyValueText, type KeyValue } from "../../../model/any-value.ts";
import { attributeHash } from "../../../model/attribute-hash.ts";
import { bytesToHex } from "../../../model/ids.ts";
import { SPAN_MARK, type Span } from "../../../model/span.ts";
import { isRoot, nameOf, serviceOf } from "../../../model/span-columns.ts";
import { DecodeError } from "../../decode-error.ts";
import { encodeSpan, encodeTraces } from "../message/encode.ts";
import { WireWriter } from "../wire/wire-writer.ts";
import { TraceScanner } from "./scan.ts";
import { DEFAULT_SCAN_LIMITS, SPAN_TROUBLE } from "./scan-result.ts";

const scanner = new TraceScanner(DEFAULT_SCAN_LIMITS);

function scanOne(changes: Partial<Span>, service = "shop") {
  return scanner.scan(encodeTraces([serviceWith(service, [spanWith(changes)])]));
}

/** A body of one span whose bytes are given. */
function bodyOf(span: Uint8Array, scopeFirst = true): Uint8Array {
  const w = new WireWriter();
  const resourceSpans = w.open(0x0a);
  const scopeSpans = w.open(0x12);
  if (scopeFirst) w.blob(0x0a, new Uint8Array(0));
  w.blob(0x12, span);
  if (!scopeFirst) {
    const scope = w.open(0x0a);
    const attribute = w.open(0x1a);
    w.text(0x0a, "late");
    const value = w.open(0x12);
    w.text(0x0a, "scope");
    w.close(value);
    w.close(attribute);
    w.close(scope);
  }
  w.close(scopeSpans);
  const resource = w.open(0x0a);
  const attribute = w.open(0x0a);
  w.text(0x0a, "service.name");
  const value = w.open(0x12);
  w.text(0x0a, "late-service");
  w.close(value);
  w.close(attribute);
  w.close(resource);
  w.close(resourceSpans);
  return w.finish();
}

describe("TraceScanner", () => {
  it("takes an empty body", () => {
    const result = scanner.scan(new Uint8Array(0));
    expect(result.columns.count).toBe(0);
    expect([...result.hashStart]).toEqual([0]);
    expect([...result.groupHashStart]).toEqual([0]);
  });

  it("finds the service when the resource stands behind the spans, and the scope's attributes behind them", () => {
    const result = scanner.scan(bodyOf(encodeSpan(spanWith()), false));
    expect(serviceOf(result.columns, 0)).toBe("late-service");
    expect(result.columns.marks[0]).toBe(0);
    expect([...result.groupHashes]).toEqual([
      attributeHash("service.name", "late-service"),
      attributeHash("late", "scope"),
    ]);
  });

  it.each([
    ["absent", resourceWith([])],
    ["empty", resourceWith([textAttribute("service.name", "")])],
    ["an integer", resourceWith([intAttribute("service.name", 5n)])],
  ])("says unknown_service and marks it when service.name is %s", (_what, resource) => {
    const body = encodeTraces([
      { resource, schemaUrl: "", scopeSpans: [{ scope: scopeWith(""), schemaUrl: "", spans: [spanWith()] }] },
    ]);
    const { columns } = scanner.scan(body);
    expect(serviceOf(columns, 0)).toBe("unknown_service");
    expect(columns.marks[0]).toBe(SPAN_MARK.serviceDefaulted);
  });

  it.each([
    ["trace id of 8 bytes", { traceId: "0102030405060708" }, SPAN_TROUBLE.shortOrLongTraceId],
    ["trace id of 17 bytes", { traceId: "01".repeat(17) }, SPAN_TROUBLE.shortOrLongTraceId],
    ["zero trace id", { traceId: "0".repeat(32) }, SPAN_TROUBLE.zeroTraceId],
    ["no trace id", { traceId: "" }, SPAN_TROUBLE.zeroTraceId | SPAN_TROUBLE.shortOrLongTraceId],
    ["no span id", { spanId: "" }, SPAN_TROUBLE.badSpanId],
    ["zero span id", { spanId: "0".repeat(16) }, SPAN_TROUBLE.badSpanId],
    ["span id of 4 bytes", { spanId: "01020304" }, SPAN_TROUBLE.badSpanId],
    ["span id of 9 bytes", { spanId: "01".repeat(9) }, SPAN_TROUBLE.badSpanId],
    ["parent id of 4 bytes", { parentSpanId: "01020304" }, SPAN_TROUBLE.badParentId],
    ["parent id of 16 bytes", { parentSpanId: "01".repeat(16) }, SPAN_TROUBLE.badParentId],
    ["a parent of zeros", { parentSpanId: "0".repeat(16) }, 0],
  ])("flags %s", (_what, changes, bits) => {
    const result = scanOne(changes);
    expect(result.troubles[0]).toBe(bits);
    expect(result.anyTrouble).toBe(bits !== 0);
  });

  it("pads short ids on the left", () => {
    const { columns } = scanOne({ traceId: "abcd", spanId: "ef", parentSpanId: "01" });
    expect(bytesToHex(columns.traceIds)).toBe("abcd".padStart(32, "0"));
    expect(bytesToHex(columns.spanIds)).toBe("ef".padStart(16, "0"));
    expect(bytesToHex(columns.parentIds)).toBe("01".padStart(16, "0"));
    expect(isRoot(columns, 0)).toBe(false);
  });

  it("flags strings that are not UTF-8, in rows and in groups", () => {
    const body = encodeTraces([serviceWith("shop", [spanWith({ name: "abcd" })])]);
    const inName = body.slice();
    inName[Buffer.from(body).indexOf("abcd")] = 0xff;
    expect(scanner.scan(inName).troubles[0]).toBe(SPAN_TROUBLE.invalidUtf8);
    expect(scanner.scan(inName).groupTrouble).toBe(false);
    const inService = body.slice();
    inService[Buffer.from(body).indexOf("shop")] = 0xff;
    expect(scanner.scan(inService).troubles[0]).toBe(0);
    expect(scanner.scan(inService).groupTrouble).toBe(true);
    expect(serviceOf(scanner.scan(inService).columns, 0)).toBe("\ufffdhop");
  });

  it("flags what is beyond the limits", () => {
    const tight = new TraceScanner({ ...DEFAULT_SCAN_LIMITS, maxAttributes: 2, maxValueBytes: 5 });
    const troubles = (attributes: Span["attributes"]) =>
      tight.scan(encodeTraces([serviceWith("shop", [spanWith({ attributes })])])).troubles[0];
    expect(troubles([textAttribute("a", "12345"), textAttribute("b", "1")])).toBe(0);
    expect(troubles([textAttribute("a", "123456")])).toBe(SPAN_TROUBLE.longValue);
    expect(troubles([{ key: "a", value: { type: "bytes", value: new Uint8Array(6) } }])).toBe(SPAN_TROUBLE.longValue);
    const nested: AnyValue = { type: "array", value: [{ type: "string", value: "ööö" }] };
    expect(troubles([{ key: "a", value: nested }])).toBe(SPAN_TROUBLE.longValue);
    expect(troubles(["a", "b", "c"].map((key) => textAttribute(key, "1")))).toBe(SPAN_TROUBLE.tooMany);
    expect(tight.scan(encodeTraces([serviceWith("longer", [spanWith()])])).groupTrouble).toBe(true);
  });

  it.each<[AnyValue, number]>([
    [{ type: "int", value: 1n }, 1],
    [{ type: "int", value: 0n }, 0],
    [{ type: "int", value: -1n }, -1],
    [{ type: "double", value: -0.5 }, -1],
    [{ type: "double", value: Number.NaN }, -1],
    [{ type: "string", value: "-1" }, -1],
    [{ type: "string", value: "" }, -1],
    [{ type: "double", value: 0.5 }, 1],
    [{ type: "bool", value: true }, 1],
    [{ type: "bool", value: false }, 0],
    [{ type: "string", value: "2" }, 1],
    [{ type: "string", value: "0" }, 0],
    [{ type: "string", value: "true" }, 1],
    [{ type: "string", value: "soon" }, -1],
    [{ type: "empty" }, -1],
  ])("reads sampling.priority %o as %i", (value, priority) => {
    expect(scanOne({ attributes: [{ key: "sampling.priority", value }] }).samplingPriority[0]).toBe(priority);
    expect(scanOne({}).samplingPriority[0]).toBe(-1);
  });

  it("hashes attributes the same whatever the span before has in their place", () => {
    const values: AnyValue[] = [
      { type: "string", value: "" },
      { type: "string", value: "/orders/1" },
      { type: "string", value: "/orders/2" },
      { type: "string", value: "/orders/10" },
      { type: "string", value: "/örders/1" },
      { type: "string", value: "/orders/".repeat(30) },
      { type: "int", value: 8080n },
      { type: "int", value: 8081n },
      { type: "bool", value: true },
      { type: "double", value: 0.5 },
    ];
    const keys = ["k", "l", "key", "url.path", "url.paths", "peer.service", "network.peer.port", "sampling.priority"];
    const attributes = keys.flatMap((key) => values.map((value) => ({ key, value })));
    const pairs = attributes.flatMap((one) => attributes.map((other) => [one, other, one, one, other]));
    for (const spans of pairs) {
      const body = encodeTraces([
        serviceWith(
          "shop",
          spans.map((one) => spanWith({ attributes: [one, spans[0] as KeyValue] })),
        ),
      ]);
      const { hashes } = scanner.scan(body);
      const expected = spans.flatMap((one) => [one, spans[0] as KeyValue]);
      expect([...hashes]).toEqual(expected.map(({ key, value }) => attributeHash(key, anyValueText(value))));
    }
  });

  it("sees a sampling priority in every span that has one, and long values in every span", () => {
    const priority = textAttribute("sampling.priority", "1");
    const long = textAttribute("long", "x".repeat(DEFAULT_SCAN_LIMITS.maxValueBytes + 1));
    const spans = [[], [priority], [priority], [intAttribute("sampling.priority", 0n)], [long], [long], []];
    const body = encodeTraces([
      serviceWith(
        "shop",
        spans.map((attributes) => spanWith({ attributes })),
      ),
    ]);
    const { samplingPriority, troubles } = scanner.scan(body);
    expect([...samplingPriority]).toEqual([-1, 1, 1, 0, -1, -1, -1]);
    expect([...troubles].map((bits) => bits & SPAN_TROUBLE.longValue)).toEqual([
      ...[0, 0, 0, 0],
      ...[SPAN_TROUBLE.longValue, SPAN_TROUBLE.longValue],
      0,
    ]);
  });

  it("marks an unknown kind, a negative duration and impossible times", () => {
    expect(scanOne({ kind: 9 as Span["kind"] }).columns.marks[0]).toBe(SPAN_MARK.unknownKind);
    expect(scanOne({ kind: -1 as Span["kind"] }).columns.kind[0]).toBe(0);
    expect(scanOne({ endTimeUnixNano: 1_795_392_039_440_000_000n }).columns.marks[0]).toBe(SPAN_MARK.negativeDuration);
    expect(scanOne({ endTimeUnixNano: 7_258_118_400_000_000_000n }).columns.marks[0]).toBe(0);
    expect(scanOne({ endTimeUnixNano: 7_258_118_400_000_000_001n }).columns.marks[0]).toBe(SPAN_MARK.impossibleTime);
    expect(scanOne({ startTimeUnixNano: 0n }).columns.marks[0]).toBe(SPAN_MARK.impossibleTime);
  });

  it("keeps names apart over many scans and bodies with many names", () => {
    const spans = Array.from({ length: 3000 }, (_, i) =>
      spanWith({ name: `name ${i}`, traceId: (i + 1).toString(16).padStart(32, "0") }),
    );
    for (let round = 0; round < 8; round++) {
      const shifted = spans.map((span) => ({ ...span, name: `${span.name} of ${round}` }));
      const { columns } = scanner.scan(encodeTraces([serviceWith("shop", shifted)]));
      expect(columns.count).toBe(3000);
      expect(columns.traceIds.length).toBe(3000 * 16);
      for (let row = 0; row < columns.count; row += 97) expect(nameOf(columns, row)).toBe(`name ${row} of ${round}`);
    }
  });

  it("steps over fields it does not know", () => {
    const w = new WireWriter();
    w.raw(encodeSpan(spanWith({ name: "known" })));
    w.text(0x3a2, "unknown");
    w.tag(0x3a8);
    w.int64(-1n);
    expect(nameOf(scanner.scan(bodyOf(w.finish())).columns, 0)).toBe("known");
  });

  it.each<[string, (w: WireWriter) => void, RegExp]>([
    ["a length beyond the end", (w) => w.raw(Uint8Array.of(0x2a, 0x7f)), /length|bytes that are left/],
    ["a varint cut off", (w) => w.raw(Uint8Array.of(0x30, 0x80)), /varint is cut off/],
    ["a varint of 11 bytes", (w) => w.raw(Uint8Array.of(0x30, ...Array(10).fill(0xff), 1)), /longer than 10 bytes/],
    ["a fixed64 cut off", (w) => w.raw(Uint8Array.of(0x39, 1, 2, 3)), /64-bit field is cut off/],
    ["a wrong wire type", (w) => w.raw(Uint8Array.of(0x28, 1)), /field 5 has the wrong wire type 0/],
    ["a group", (w) => w.raw(Uint8Array.of(0xa3, 0x06)), /wire type 3/],
    ["field number 0", (w) => w.raw(Uint8Array.of(0x02, 0)), /field number 0/],
  ])("refuses %s", (_what, write, message) => {
    const w = new WireWriter();
    write(w);
    expect(() => scanner.scan(bodyOf(w.finish()))).toThrow(DecodeError);
    expect(() => scanner.scan(bodyOf(w.finish()))).toThrow(message);
  });

  it("takes values nested 64 deep and refuses deeper ones", () => {
    const nest = (depth: number): AnyValue =>
      depth === 1 ? { type: "int", value: 1n } : { type: "array", value: [nest(depth - 1)] };
    const attributes = (depth: number) => [{ key: "deep", value: nest(depth) }];
    expect(scanOne({ attributes: attributes(64) }).columns.count).toBe(1);
    expect(() => scanOne({ attributes: attributes(65) })).toThrow(/nested too deeply/);
  });

  it("bounds what a small body can make it hold", () => {
    const spans = new Uint8Array(2 * ((1 << 20) + 1));
    for (let i = 0; i < spans.length; i += 2) spans[i] = 0x12;
    const w = new WireWriter();
    const resourceSpans = w.open(0x0a);
    w.blob(0x12, spans);
    w.close(resourceSpans);
    expect(() => scanner.scan(w.finish())).toThrow(/more than 1048576 spans/);
    const scopes = new WireWriter();
    scopes.blob(0x0a, spans);
    expect(() => scanner.scan(scopes.finish())).toThrow(/more than 65536 scopes/);
    expect(scanOne({}).columns.count).toBe(1);
  });
});
