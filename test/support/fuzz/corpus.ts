import { writeBatch } from "../../../src/codec/jaeger/thrift-batch.ts";
import { toJaegerBatches } from "../../../src/codec/jaeger/to-jaeger.ts";
import { tracesToJson } from "../../../src/codec/otlp/json/json-out.ts";
import { encodeTraces } from "../../../src/codec/otlp/message/encode.ts";
import { BinaryWriter } from "../../../src/codec/thrift/binary.ts";
import { encodeZipkinJson } from "../../../src/codec/zipkin/json.ts";
import { toZipkinSpans } from "../../../src/codec/zipkin/to-zipkin.ts";
import type { BatchFormat } from "../../../src/component/ingest.ts";
import type { KeyValue } from "../../../src/model/any-value.ts";
import type { Span, SpanRecord } from "../../../src/model/span.ts";
import { CompactWriter } from "../compact-writer.ts";
import { resourceWith, scopeWith, serviceWith, spanWith, textAttribute } from "../otlp-spans.ts";

const VALUES: KeyValue[] = [
  textAttribute("http.request.method", "GET"),
  { key: "int", value: { type: "int", value: -(2n ** 63n) } },
  { key: "double", value: { type: "double", value: 0.1 } },
  { key: "flag", value: { type: "bool", value: true } },
  { key: "bytes", value: { type: "bytes", value: Uint8Array.of(0, 255) } },
  { key: "list", value: { type: "array", value: [{ type: "string", value: "é" }] } },
  { key: "map", value: { type: "kvlist", value: [textAttribute("deep", "er")] } },
];
const SPANS: readonly Span[] = [
  spanWith(),
  spanWith({
    spanId: "2122232425262728",
    parentSpanId: "1112131415161718",
    traceState: "a=1,b=2",
    kind: 3,
    attributes: VALUES,
    events: [
      {
        timeUnixNano: 1_795_392_039_440_000_002n,
        name: "exception",
        attributes: [textAttribute("exception.type", "Error")],
        droppedAttributesCount: 1,
      },
    ],
    links: [
      {
        traceId: "0102030405060708090a0b0c0d0e0f11",
        spanId: "3132333435363738",
        traceState: "",
        attributes: [textAttribute("why", "batch")],
        droppedAttributesCount: 0,
        flags: 1,
      },
    ],
    status: { code: 2, message: "it failed" },
  }),
];
const RECORDS: readonly SpanRecord[] = SPANS.map((span) => ({
  span,
  resource: resourceWith([textAttribute("service.name", "shop"), textAttribute("host.name", "a")]),
  resourceSchemaUrl: "",
  scope: scopeWith("test"),
  scopeSchemaUrl: "",
  service: "shop",
  marks: 0,
}));

const text = (value: string) => new TextEncoder().encode(value);
const hex = (digits: string) => new Uint8Array(Buffer.from(digits.replaceAll(" ", ""), "hex"));

/** ListOfSpans of zipkin.proto with one span: ids, kind, name, times, both endpoints, an annotation and a tag. */
const ZIPKIN_PROTOBUF = hex(
  [
    "0a5f 0a10 0102030405060708090a0b0c0d0e0f10 1208 1112131415161718 1a08 2122232425262728 2001 2a03 676574",
    "31 8096980000000000 38e807 42080a0473686f701a00 4a060a04 7061796d",
    "520b 09 8096980000000000 1200 5a06 0a016b120176",
  ].join(""),
);

/** Sound batches of every format, by our own encoders where there is one. */
export const BATCHES: Readonly<Record<BatchFormat, readonly Uint8Array[]>> = {
  otlp_protobuf: [encodeTraces([serviceWith("shop", SPANS)]), encodeTraces([serviceWith("", SPANS.slice(0, 1))])],
  otlp_json: [text(tracesToJson([serviceWith("shop", SPANS)])), text('{"resourceSpans":[]}')],
  zipkin_json: [encodeZipkinJson(toZipkinSpans(RECORDS)), text('[{"traceId":"1","id":"2","binaryAnnotations":[]}]')],
  zipkin_protobuf: [ZIPKIN_PROTOBUF],
  jaeger_thrift: toJaegerBatches(RECORDS).map((batch) => {
    const out = new BinaryWriter();
    writeBatch(out, batch);
    return out.finish();
  }),
  jaeger_thrift_compact: toJaegerBatches(RECORDS).map((batch) => {
    const out = new CompactWriter();
    writeBatch(out, batch);
    return out.finish();
  }),
};

const A = "0af7651916cd43dd8448eb211c80319c";
const B = "b7ad6b7169203331";

/** Header lines, one a line. */
export const HEADERS = [
  `traceparent: 00-${A}-${B}-01\ntracestate: vendor=value,a@b=c d\nbaggage: user=1;p=q,key=%20v`,
  `b3: ${A}-${B}-1-05e3ac9a4f6e3b90`,
  `X-B3-TraceId: ${A}\nX-B3-SpanId: ${B}\nX-B3-ParentSpanId: ${B}\nX-B3-Sampled: 1\nX-B3-Flags: 1`,
  `uber-trace-id: ${A}:${B}:0:3\nuberctx-user: 1\njaeger-debug-id: x\njaeger-baggage: a=b`,
].map(text);

export const CONFIGS = [
  "storage:\n  path: data\n  retention: { max_age_hours: 72 }\nreceivers:\n  otlp:\n    http: { endpoint: 127.0.0.1:4318 }\n",
  "exporters:\n  otlphttp/a: &a\n    endpoint: http://localhost:4318\n    retry_on_failure: { initial_interval_ms: 20 }\n  otlphttp/b: *a\n",
  "processors:\n  redaction: { keys: [user.email] }\nsampling: { ratio: 0.5 }\nui: { endpoint: '\u0024{env:HOST:-127.0.0.1:16686}' }\n",
].map(text);

export const FACTS = [
  "service(order, [discovery_enabled(true), health_check(http('/health', 30000)), discovery_tags([a, v2])], [handle(x, [], y)]).\n",
  "% a comment\n:- dynamic(x/1).\nservice('a b', [tracing(true), trace_sampling(0.1), transport(http(8080))]).\nx(1) :- y, \\+ z.\n",
].map(text);

/** An answer to SRV: header, question, one record with a compressed target, one additional A. */
export const DNS = [
  hex(
    [
      "0007 8180 0001 0001 0000 0001 045f737663 01610765 78616d706c65 00 0021 0001".replace("0765", "07 65"),
      "c00c 0021 0001 0000003c 000a 0001 0005 1f90 026831 c011 c02f 0001 0001 0000003c 0004 7f000001",
    ].join(""),
  ),
  hex("0001 0100 0001 0000 0000 0000 0161 0162 00 0001 0001"),
];

export const REGISTRATIONS = [
  '{"Name":"shop","ID":"shop-1","Address":"127.0.0.1","Port":80,"Tags":["a"],"Meta":{"k":"v"},"Weights":{"Passing":2},"Check":{"HTTP":"http://127.0.0.1/h","Interval":"10s","Header":{"a":["b"]}}}',
  '{"name":"shop","checks":[{"ttl":"15s"},{"tcp":"127.0.0.1:80","interval":"1m30s","deregister_critical_service_after":"90m"}]}',
  '{"name":"shop","host":"127.0.0.1","port":80,"tags":["a"],"metadata":{"k":"v"},"weight":2,"zone":"z","ttlMs":1000,"check":{"type":"http","path":"/h"}}',
].map(text);
