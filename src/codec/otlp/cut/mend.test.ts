import { describe, expect, it } from "vitest";
import { serviceWith, spanWith, textAttribute } from "../../../../test/support/otlp-spans.ts";
import type { Span } from "../../../model/span.ts";
import { decodeTraces } from "../message/decode.ts";
import { encodeSpan, encodeTraces } from "../message/encode.ts";
import { TraceScanner } from "../scan/scan.ts";
import { DEFAULT_SCAN_LIMITS } from "../scan/scan-result.ts";
import { WireWriter } from "../wire/wire-writer.ts";
import { mendBody, mendTraces } from "./mend.ts";

const LIMITS = { maxAttributes: 3, maxValueBytes: 8, maxDepth: 64 };

function mendOne(changes: Partial<Span>): Span | undefined {
  return mendTraces([serviceWith("shop", [spanWith(changes)])], LIMITS).data[0]?.scopeSpans[0]?.spans[0];
}

describe("mendTraces", () => {
  it("leaves a sound span as it is", () => {
    expect(mendOne({ parentSpanId: "2122232425262728" })).toEqual(spanWith({ parentSpanId: "2122232425262728" }));
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

  it("refuses spans without usable ids, says why, and drops the groups they leave empty", () => {
    const result = mendTraces(
      [
        serviceWith("a", [spanWith({ traceId: "" }), spanWith({ traceId: "0".repeat(32) })]),
        serviceWith("b", [spanWith(), spanWith({ spanId: "" }), spanWith({ spanId: "01".repeat(9) })]),
        serviceWith("c", [
          spanWith({ traceId: "01".repeat(17) }),
          spanWith({ spanId: "00" }),
          spanWith({ spanId: "" }),
        ]),
      ],
      LIMITS,
    );
    expect(result.data).toEqual([serviceWith("b", [spanWith()])]);
    expect(result.rejected.count).toBe(7);
    expect(Object.fromEntries(result.rejected.reasons)).toEqual({
      "trace id is empty or no hex": 1,
      "trace id is all zero": 1,
      "trace id is longer than 16 bytes": 1,
      "span id is empty or no hex": 2,
      "span id is longer than 8 bytes": 1,
      "span id is all zero": 1,
    });
  });

  it("keeps values and attributes within the limits and counts what it drops", () => {
    const attributes = [
      textAttribute("long", "1234567ö"),
      { key: "bytes", value: { type: "bytes", value: new Uint8Array(9) } },
      {
        key: "nested",
        value: {
          type: "kvlist",
          value: [{ key: "in", value: { type: "array", value: [{ type: "string", value: "123456789" }] } }],
        },
      },
      textAttribute("beyond", "1"),
      textAttribute("further", "1"),
    ] satisfies Span["attributes"];
    const event = { timeUnixNano: 1n, name: "e", attributes, droppedAttributesCount: 0 };
    const mended = mendOne({ attributes, droppedAttributesCount: 4, events: [event] });
    const kept = [
      textAttribute("long", "1234567"),
      { key: "bytes", value: { type: "bytes", value: new Uint8Array(8) } },
      {
        key: "nested",
        value: {
          type: "kvlist",
          value: [{ key: "in", value: { type: "array", value: [{ type: "string", value: "12345678" }] } }],
        },
      },
    ];
    expect(mended?.attributes).toEqual(kept);
    expect(mended?.droppedAttributesCount).toBe(6);
    expect(mended?.events).toEqual([{ ...event, attributes: kept, droppedAttributesCount: 2 }]);
  });

  it("leaves nothing for the scanner to flag", () => {
    const body = encodeTraces([
      serviceWith("a very long service", [
        spanWith({
          name: "abcd",
          traceId: "01",
          attributes: ["a", "b", "c", "d"].map((key) => textAttribute(key, key)),
        }),
        spanWith({ spanId: "" }),
      ]),
    ]);
    body[Buffer.from(body).indexOf("abcd")] = 0xff;
    const scanner = new TraceScanner({ ...DEFAULT_SCAN_LIMITS, ...LIMITS });
    expect(scanner.scan(body).anyTrouble).toBe(true);
    const { data, rejected } = mendTraces(decodeTraces(body), LIMITS);
    expect(rejected.count).toBe(1);
    const again = scanner.scan(encodeTraces(data));
    expect(again.anyTrouble).toBe(false);
    expect(again.columns.strings).toEqual(["a very l", "\ufffdbcd"]);
  });
});

describe("mendBody", () => {
  /** A Span message with an unknown kind and an unknown field behind its own. */
  const strange = (name: string): Uint8Array => {
    const w = new WireWriter();
    w.raw(encodeSpan(spanWith({ name, kind: 77 as Span["kind"] })));
    w.text(0x3a2, `unknown in ${name}`);
    return w.finish();
  };

  it("changes the bytes of the spans in trouble alone", () => {
    const sound = [strange("one"), strange("two")];
    const spans = [
      sound[0] as Uint8Array,
      encodeSpan(spanWith({ traceId: "ab" })),
      encodeSpan(spanWith({ spanId: "" })),
      sound[1] as Uint8Array,
    ];
    const w = new WireWriter();
    const resourceSpans = w.open(0x0a);
    const scopeSpans = w.open(0x12);
    for (const span of spans) w.blob(0x12, span);
    w.text(0x3a2, "unknown in ScopeSpans");
    w.close(scopeSpans);
    w.close(resourceSpans);
    const body = w.finish();
    const scanner = new TraceScanner(DEFAULT_SCAN_LIMITS);
    const mended = mendBody(body, scanner.scan(body), DEFAULT_SCAN_LIMITS);
    expect(mended.rows).toEqual([0, 1, 3]);
    expect(Object.fromEntries(mended.rejected.reasons)).toEqual({ "span id is empty or no hex": 1 });
    const { columns, anyTrouble } = scanner.scan(mended.body);
    expect(anyTrouble).toBe(false);
    const bytesOf = (row: number) => mended.body.slice(columns.spanStart[row], columns.spanEnd[row]);
    expect([bytesOf(0), bytesOf(2)]).toEqual(sound);
    expect(decodeTraces(mended.body)[0]?.scopeSpans[0]?.spans[1]?.traceId).toBe("ab".padStart(32, "0"));
    expect(Buffer.from(mended.body).includes("unknown in ScopeSpans")).toBe(true);
    expect([...columns.kind]).toEqual([0, 2, 0]);
  });

  it("gives an empty body when every span is refused", () => {
    const body = encodeTraces([serviceWith("a", [spanWith({ spanId: "" })])]);
    const scan = new TraceScanner(DEFAULT_SCAN_LIMITS).scan(body);
    expect(mendBody(body, scan, DEFAULT_SCAN_LIMITS)).toMatchObject({ rows: [], rejected: { count: 1 } });
  });
});
