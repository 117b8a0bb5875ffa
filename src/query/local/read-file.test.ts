import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { serviceWith, spanWith, textAttribute } from "../../../test/support/otlp-spans.ts";
import { tracesToJson } from "../../codec/otlp/json/json-out.ts";
import { encodeTraces } from "../../codec/otlp/message/encode.ts";
import { fragmentRecords } from "../../codec/otlp/message/fragment-records.ts";
import { messageOf } from "../../model/message-of.ts";
import { localAnswer } from "./local-answers.ts";
import { readTraceFile } from "./read-file.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const bytesOf = (text: string) => new TextEncoder().encode(text);
const data = [
  serviceWith("shop", [
    spanWith({ traceId: TRACE, name: "GET /", attributes: [textAttribute("sku", "desk-22")] }),
    spanWith({ traceId: TRACE, spanId: "2".repeat(16), parentSpanId: "1112131415161718", name: "charge" }),
  ]),
];
const otlp = tracesToJson(data);

function names(bytes: Uint8Array): string[] {
  const fragments = readTraceFile(bytes).traces.trace(TRACE) ?? [];
  return fragments.flatMap((fragment) => fragmentRecords(fragment).map(({ span }) => span.name));
}

function refusal(bytes: Uint8Array): string {
  try {
    return `read as ${readTraceFile(bytes).format}`;
  } catch (error) {
    return messageOf(error);
  }
}

const JAEGER_SPAN = {
  traceID: "0af7651916cd43dd8448eb211c80319c",
  spanID: "b7ad6b7169203331",
  operationName: "GET /",
  references: [{ refType: "CHILD_OF", traceID: TRACE, spanID: "00f067aa0ba902b7" }],
  startTime: 1_700_000_000_000_000,
  duration: 5_000,
  tags: [
    { key: "span.kind", type: "string", value: "server" },
    { key: "error", type: "bool", value: true },
    { key: "http.status_code", type: "int64", value: 503 },
    { key: "big", type: "int64", value: "9007199254740993" },
    { key: "ratio", type: "float64", value: 1 },
  ],
  logs: [{ timestamp: 1_700_000_000_001_000, fields: [{ key: "event", type: "string", value: "retried" }] }],
  processID: "p1",
};
const jaeger = (spans: readonly unknown[]) =>
  JSON.stringify({ data: [{ traceID: TRACE, spans, processes: { p1: { serviceName: "shop", tags: [] } } }] });

describe("a file of traces", () => {
  it.each([
    ["OTLP JSON", bytesOf(otlp)],
    ["OTLP JSON with a byte order mark and white space", bytesOf(`\ufeff\n ${otlp}\n`)],
    ["OTLP JSON, indented", bytesOf(JSON.stringify(JSON.parse(otlp), null, 2))],
    ["OTLP protobuf", encodeTraces(data)],
    ["an answer of Jaeger's api_v3", bytesOf(`{"result":${otlp}}`)],
    ["an answer of Tempo, first form", bytesOf(`{"batches":${otlp.slice(otlp.indexOf("["), -1)}}`)],
    ["an answer of Tempo, second form", bytesOf(`{"trace":${otlp}}`)],
  ])("is read as %s", (_, bytes) => {
    expect(names(bytes)).toEqual(["GET /", "charge"]);
  });

  it("is read line by line, and what of it cannot be is told with its line", () => {
    const lines = [otlp, "", '{"resourceSpans":[{"scopeSpans":3}]}', otlp, '{"resourceSpans":[{'].join("\n");
    const read = readTraceFile(bytesOf(lines));
    expect(read.spans).toBe(4);
    expect(read.notes).toMatch(/line 4: .*expected/);
    expect(read.traces.list()).toMatchObject([{ traceId: TRACE, rootService: "shop", rootName: "GET /" }]);
  });

  it("is read as Jaeger's JSON, with kinds, values, references and logs", () => {
    const { traces, format } = readTraceFile(bytesOf(jaeger([JAEGER_SPAN])));
    expect(format).toBe("Jaeger JSON");
    const [record] = (traces.trace(TRACE) ?? []).flatMap(fragmentRecords);
    expect(record).toMatchObject({
      service: "shop",
      span: {
        spanId: "b7ad6b7169203331",
        parentSpanId: "00f067aa0ba902b7",
        kind: 2,
        status: { code: 2 },
        startTimeUnixNano: 1_700_000_000_000_000_000n,
        endTimeUnixNano: 1_700_000_000_005_000_000n,
        events: [{ name: "retried", timeUnixNano: 1_700_000_000_001_000_000n }],
      },
    });
    expect(Object.fromEntries(record?.span.attributes.map(({ key, value }) => [key, value]) ?? [])).toEqual({
      "http.status_code": { type: "int", value: 503n },
      big: { type: "int", value: 9_007_199_254_740_993n },
      ratio: { type: "double", value: 1 },
    });
  });

  it("is read without the spans of Jaeger's that have no usable ids or start, each with its place", () => {
    const bad = [{ ...JAEGER_SPAN, spanID: "xyz" }, { ...JAEGER_SPAN, startTime: "soon" }, 7, JAEGER_SPAN];
    const read = readTraceFile(bytesOf(jaeger(bad)));
    expect(read.spans).toBe(1);
    expect(read.notes).toContain('data[0].spans[0].spanID: expected 1 to 16 hex digits, found "xyz"');
    expect(read.notes).toContain('data[0].spans[1].startTime: expected µs since 1970, found "soon"');
    expect(read.notes).toContain("data[0].spans[2]: expected an object");
  });

  it("is read as Zipkin's JSON, a list of spans or of traces", () => {
    const span = {
      traceId: TRACE,
      id: "b7ad6b7169203331",
      name: "get /",
      timestamp: 1_700_000_000_000_000,
      duration: 9,
    };
    expect(names(bytesOf(JSON.stringify([span])))).toEqual(["get /"]);
    const other = { ...span, traceId: "1".repeat(32) };
    const read = readTraceFile(bytesOf(JSON.stringify([[span], [other]])));
    expect(read.traces.list()).toHaveLength(2);
    expect(read.format).toBe("Zipkin JSON");
  });

  it.each([
    ["", /the file is empty; expected OTLP/],
    ["hello", /neither JSON nor OTLP protobuf/],
    ['{"a":1,"b":2}', /found an object of a, b/],
    ["{}", /found an object of nothing/],
    ['{"resourceSpans":[]}', /holds no spans/],
    ["[]", /holds no spans/],
    ['{"resourceLogs":[{}]}', /this looks like OTLP logs/],
    ['{"data":7}', /data: expected a list of Jaeger's traces/],
    ['{"data":[{"spans":7}]}', /data\[0\]\.spans: expected a list/],
    ['{"resourceSpans":[{"scope', /line 1, column/],
  ])("that holds %j is refused in words", (text, why) => {
    expect(refusal(bytesOf(text))).toMatch(why);
  });

  it("is read or refused, whatever bytes of it are damaged, and never fails in another way", () => {
    for (const whole of [bytesOf(otlp), encodeTraces(data), bytesOf(jaeger([JAEGER_SPAN]))]) {
      for (let at = 0; at < whole.length; at += 3) {
        const bytes = whole.slice();
        bytes[at] = (bytes[at] as number) ^ 0x55;
        expect(refusal(bytes)).not.toMatch(/^(?:Cannot|undefined|.* is not)/);
        expect(refusal(whole.subarray(0, at))).toBeTypeOf("string");
      }
    }
  });

  it("of recorded spans has every trace that the recording has", () => {
    const bytes = readFileSync(new URL("../../../test/fixtures/node-shop.jsonl", import.meta.url));
    const facts = JSON.parse(readFileSync(new URL("../../../test/fixtures/facts.json", import.meta.url), "utf8")) as {
      readonly "node-shop": { readonly allTraces: readonly { readonly traceId: string; readonly spans: number }[] };
    };
    const found = readTraceFile(bytes).traces.list();
    const wanted = facts["node-shop"].allTraces.map(({ traceId, spans }) => [traceId, spans]);
    expect(found.map(({ traceId, spans }) => [traceId, spans]).sort()).toEqual(wanted.sort());
  });
});

describe("what is asked about the traces of a file", () => {
  const { traces } = readTraceFile(bytesOf(otlp));
  const ask = (path: string, query: Record<string, string> = {}) => {
    const bytes = localAnswer(traces, `api/ui/traces/${TRACE}/${path}`, query);
    return bytes === undefined ? undefined : (JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>);
  };

  it("is answered as the collector does", () => {
    expect(ask("search", { q: "DESK" })).toEqual({ rows: [0], spanIds: ["1112131415161718"] });
    expect(ask("spans/1112131415161718", { kind: "2" })).toMatchObject({ spans: [{ name: "GET /", service: "shop" }] });
    expect(ask("verdict")).toMatchObject({ growing: false, root: { spanId: "1112131415161718" } });
    expect(ask("linked-from")).toEqual({ spans: [], complete: true });
    expect(ask("spans/1112131415161718/place")).toEqual({
      traceStored: true,
      span: { service: "shop", name: "GET /" },
    });
    expect(ask("spans/ffffffffffffffff/place")).toEqual({ traceStored: true });
    expect(ask("download")).toEqual(JSON.parse(otlp));
  });

  it("is unknown where there is no such trace, span or thing", () => {
    expect(ask("spans/ffffffffffffffff")).toBeUndefined();
    expect(ask("delete")).toBeUndefined();
    expect(localAnswer(traces, `api/ui/traces/${"1".repeat(32)}/columns`, {})).toBeUndefined();
  });
});
