import { describe, expect, it } from "vitest";
import { serviceWith, spanWith, textAttribute } from "../../../../test/support/otlp-spans.ts";
import { SPAN_MARK, type Span } from "../../../model/span.ts";
import { DecodeError } from "../../decode-error.ts";
import { decodeTraces } from "../message/decode.ts";
import { encodeSpan, encodeTraces } from "../message/encode.ts";
import { Refusals } from "../message/refusals.ts";
import { DEFAULT_SPAN_LIMITS, type SpanLimits } from "../message/span-limits.ts";
import { TraceScanner } from "../scan/scan.ts";
import { WireWriter } from "../wire/wire-writer.ts";
import { mendBody } from "./mend.ts";

const LIMITS: SpanLimits = { ...DEFAULT_SPAN_LIMITS, maxAttributes: 3, maxValueBytes: 32, maxEvents: 2, maxLinks: 1 };

function mend(body: Uint8Array, limits: SpanLimits = LIMITS) {
  const refusals = new Refusals();
  const mended = mendBody(body, limits, refusals);
  const spans = decodeTraces(mended.body).flatMap((entry) => entry.scopeSpans.flatMap((scope) => scope.spans));
  return { ...mended, refusals, spans };
}

function mendOne(changes: Partial<Span>): Span | undefined {
  return mend(encodeTraces([serviceWith("shop", [spanWith(changes)])])).spans[0];
}

/** A body of these Span messages. */
function bodyOf(...spans: Uint8Array[]): Uint8Array {
  const w = new WireWriter();
  const resourceSpans = w.open(0x0a);
  const scopeSpans = w.open(0x12);
  for (const span of spans) w.blob(0x12, span);
  w.text(0x3a2, "unknown in ScopeSpans");
  w.close(scopeSpans);
  w.close(resourceSpans);
  return w.finish();
}

describe("mendBody", () => {
  it("leaves sound bytes as they are, and marks nothing", () => {
    const body = encodeTraces([serviceWith("shop", [spanWith({ parentSpanId: "2122232425262728" }), spanWith()])]);
    const mended = mend(body);
    expect(mended.body).toEqual(body);
    expect([...mended.marks]).toEqual([0, 0]);
  });

  it("pads short ids and clears a parent that is none", () => {
    expect(mendOne({ traceId: "abcd", spanId: "ef", parentSpanId: "01" })).toMatchObject({
      traceId: "abcd".padStart(32, "0"),
      spanId: "ef".padStart(16, "0"),
      parentSpanId: "01".padStart(16, "0"),
    });
    expect(mendOne({ parentSpanId: "01".repeat(9) })?.parentSpanId).toBe("");
    expect(mendOne({ parentSpanId: "0000" })?.parentSpanId).toBe("");
  });

  it("refuses empty spans in a row with the place of each, and counts groups that hold nothing", () => {
    const group = (...spans: Uint8Array[]) => {
      const w = new WireWriter();
      for (const span of spans) w.blob(0x12, span);
      return w.finish();
    };
    const none = new Uint8Array(0);
    const sound = encodeSpan(spanWith());
    // An empty message whose length has more bytes than it needs, as well.
    const odd = Uint8Array.of(0x12, 0x80, 0x00, 0x12, 0x00);
    const scopes = group(none, none, group(sound, none, none, sound, none), none, odd);
    const w = new WireWriter();
    for (const resource of [none, none, none, scopes, none]) w.blob(0x0a, resource);
    const { spans, refusals } = mend(w.finish());
    expect(spans).toHaveLength(2);
    expect(refusals.count).toBe(5);
    expect([...refusals.reasons]).toEqual([["trace id is empty", 5]]);
    const place = (scope: number, span: number) => `resourceSpans[3].scopeSpans[${scope}].spans[${span}].traceId`;
    for (const where of [place(2, 1), place(2, 2), place(2, 4)])
      expect(refusals.message).toContain(`; ${where}: expected`);
    expect(refusals.message).toMatch(/; 2 more like these$/);
    const later = new WireWriter();
    later.blob(0x0a, group(none, odd));
    expect(mend(later.finish()).refusals.message).toContain(
      "; resourceSpans[0].scopeSpans[1].spans[0].traceId: expected",
    );
  });

  it("refuses spans without usable ids, says why and where, and drops the groups they leave empty", () => {
    const { body, refusals } = mend(
      encodeTraces([
        serviceWith("a", [spanWith({ traceId: "" }), spanWith({ traceId: "0".repeat(32) })]),
        serviceWith("b", [spanWith(), spanWith({ spanId: "" }), spanWith({ spanId: "01".repeat(9) })]),
        serviceWith("c", [
          spanWith({ traceId: "01".repeat(17) }),
          spanWith({ spanId: "00" }),
          spanWith({ spanId: "" }),
        ]),
      ]),
    );
    expect(decodeTraces(body)).toEqual([serviceWith("b", [spanWith()])]);
    expect(refusals.count).toBe(7);
    expect(Object.fromEntries(refusals.reasons)).toEqual({
      "trace id is empty": 1,
      "trace id is all zero": 1,
      "trace id is longer than 16 bytes": 1,
      "span id is empty": 2,
      "span id is longer than 8 bytes": 1,
      "span id is all zero": 1,
    });
    expect(refusals.message).toContain("resourceSpans[1].scopeSpans[0].spans[1].spanId: expected 8 bytes, found none");
    expect(refusals.message).toContain("; 4 more like these");
  });

  it("keeps values, attributes, events, links and names within the limits and counts what it drops", () => {
    const long = "1234567890".repeat(4);
    const attributes = [
      textAttribute("long", `${long.slice(0, 31)}ö`),
      { key: "bytes", value: { type: "bytes", value: new Uint8Array(40) } },
      {
        key: "list",
        value: { type: "array", value: Array.from({ length: 20 }, () => ({ type: "string", value: "123" })) },
      },
      textAttribute("beyond", "1"),
      textAttribute("further", "1"),
    ] satisfies Span["attributes"];
    const event = { timeUnixNano: 1n, name: "e", attributes, droppedAttributesCount: 0 };
    const link = { ...NO_LINK, attributes };
    const mended = mendOne({
      attributes,
      droppedAttributesCount: 4,
      events: [event, event, event],
      droppedEventsCount: 1,
      links: [link, link, link],
      name: "n".repeat(5_000),
    });
    const kept = [
      textAttribute("long", long.slice(0, 31)),
      { key: "bytes", value: { type: "bytes", value: new Uint8Array(32) } },
      {
        key: "list",
        value: { type: "array", value: Array.from({ length: 2 }, () => ({ type: "string", value: "123" })) },
      },
    ];
    expect(mended?.attributes).toEqual(kept);
    expect(mended?.droppedAttributesCount).toBe(6);
    expect(mended?.events).toEqual(
      Array.from({ length: 2 }, () => ({ ...event, attributes: kept, droppedAttributesCount: 2 })),
    );
    expect(mended?.droppedEventsCount).toBe(2);
    expect(mended?.links).toEqual([{ ...link, attributes: kept, droppedAttributesCount: 2 }]);
    expect(mended?.droppedLinksCount).toBe(2);
    expect(mended?.name.length).toBe(4_096);
  });

  it("cuts a service name as a name", () => {
    const { body } = mend(encodeTraces([serviceWith("s".repeat(100), [spanWith()])]), { ...LIMITS, maxNameBytes: 20 });
    expect(decodeTraces(body)[0]?.resource.attributes).toEqual([textAttribute("service.name", "s".repeat(20))]);
  });

  it("leaves nothing for the scanner to flag", () => {
    const attributes = ["a", "b", "c", "d"].map((key) => textAttribute(key, key));
    const body = encodeTraces([
      serviceWith("a very long service, longer than thirty-two", [
        spanWith({ name: "abcd", traceId: "01", attributes }),
        spanWith({ spanId: "" }),
      ]),
    ]);
    body[Buffer.from(body).indexOf("abcd")] = 0xff;
    const scanner = new TraceScanner(LIMITS);
    expect(scanner.scan(body).anyTrouble).toBe(true);
    const mended = mend(body);
    expect(mended.refusals.count).toBe(1);
    expect([...mended.marks]).toEqual([SPAN_MARK.mended]);
    const again = scanner.scan(mended.body);
    expect(again.anyTrouble).toBe(false);
    expect(again.columns.strings).toEqual(["a very long service, longer than", "\ufffdbcd"]);
  });

  it("changes the bytes of the spans in trouble alone", () => {
    const strange = (name: string): Uint8Array => {
      const w = new WireWriter();
      w.raw(encodeSpan(spanWith({ name, kind: 77 as Span["kind"] })));
      w.text(0x3a2, `unknown in ${name}`);
      return w.finish();
    };
    const sound = [strange("one"), strange("two")];
    const body = bodyOf(
      sound[0] as Uint8Array,
      encodeSpan(spanWith({ traceId: "ab" })),
      encodeSpan(spanWith({ spanId: "" })),
      sound[1] as Uint8Array,
    );
    const mended = mend(body, DEFAULT_SPAN_LIMITS);
    expect([...mended.marks]).toEqual([0, SPAN_MARK.mended, 0]);
    const { columns, anyTrouble } = new TraceScanner(DEFAULT_SPAN_LIMITS).scan(mended.body);
    expect(anyTrouble).toBe(false);
    const bytesOf = (row: number) => mended.body.slice(columns.spanStart[row], columns.spanEnd[row]);
    expect([bytesOf(0), bytesOf(2)]).toEqual(sound);
    expect(mended.spans[1]?.traceId).toBe("ab".padStart(32, "0"));
    expect(Buffer.from(mended.body).includes("unknown in ScopeSpans")).toBe(true);
    expect([...columns.kind]).toEqual([0, 2, 0]);
  });

  it("gives an empty body when every span is refused", () => {
    const mended = mend(encodeTraces([serviceWith("a", [spanWith({ spanId: "" })])]));
    expect([mended.body.length, mended.refusals.count]).toEqual([0, 1]);
  });

  it("keeps a value nested too deeply as far as it may be nested", () => {
    const w = new WireWriter();
    const attribute = w.open(0x4a);
    w.text(0x0a, "deep");
    const open = [w.open(0x12)];
    for (let i = 0; i < 150; i++) open.push(w.open(0x2a), w.open(0x0a));
    w.text(0x0a, "bottom");
    for (const start of open.reverse()) w.close(start);
    w.close(attribute);
    const span = new WireWriter();
    span.raw(encodeSpan(spanWith()));
    span.raw(w.finish());
    const { marks, body, refusals } = mend(bodyOf(span.finish()), DEFAULT_SPAN_LIMITS);
    expect(refusals.count).toBe(0);
    expect([...marks]).toEqual([SPAN_MARK.mended]);
    expect(new TraceScanner(DEFAULT_SPAN_LIMITS).scan(body).anyTrouble).toBe(false);
  });

  it("keeps the spans before a scope breaks off, and says so", () => {
    const w = new WireWriter();
    const resourceSpans = w.open(0x0a);
    const scopeSpans = w.open(0x12);
    w.blob(0x12, encodeSpan(spanWith()));
    w.raw(Uint8Array.of(0x12, 0x7f));
    w.close(scopeSpans);
    w.close(resourceSpans);
    const { spans, refusals } = mend(w.finish());
    expect(spans).toEqual([spanWith()]);
    expect(refusals.message).toBe(
      "1 span refused: a group of spans is unreadable (1); " +
        "resourceSpans[0].scopeSpans[0]: is no such message, or breaks off; what follows in it is lost",
    );
  });

  it.each([
    ["a length beyond the end", [0x0a, 200]],
    ["a group", [0x0b]],
    ["field number 0", [0x02, 0]],
    ["an over-long varint", [0x10, ...Array.from({ length: 11 }, () => 0x80)]],
  ])("refuses the body for %s outside of all messages", (_what, bytes) => {
    const body = Uint8Array.from([...bodyOf(encodeSpan(spanWith())), ...bytes]);
    expect(() => mend(body)).toThrow(DecodeError);
  });
});

const NO_LINK = {
  traceId: "01".repeat(16),
  spanId: "02".repeat(8),
  traceState: "",
  attributes: [],
  droppedAttributesCount: 0,
  flags: 0,
};
