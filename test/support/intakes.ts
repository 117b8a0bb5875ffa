import { parse as parseProto } from "protobufjs";
import type { JaegerSpan } from "../../src/codec/jaeger/model.ts";
import { writeBatch } from "../../src/codec/jaeger/thrift-batch.ts";
import { encodeTraces } from "../../src/codec/otlp/message/encode.ts";
import { BinaryWriter } from "../../src/codec/thrift/binary.ts";
import type { BatchFormat } from "../../src/component/ingest.ts";
import { jaegerReceiver } from "../../src/receivers/jaeger.ts";
import { zipkinReceiver } from "../../src/receivers/zipkin.ts";
import { CompactWriter } from "./compact-writer.ts";
import { serviceWith, spanWith } from "./otlp-spans.ts";
import { type PostRig, startPostReceiver, startReceiver } from "./receiver-rig.ts";

/** A span of a test request; a bad one has what every format refuses. */
export interface Sample {
  readonly name: string;
  readonly bad?: "trace id" | "span id";
}

export interface IntakeOptions {
  readonly maxBytes?: number;
  readonly inFlightBytes?: number;
}

/** A format with the receiver that takes it. */
export interface Intake {
  readonly name: string;
  readonly format: BatchFormat;
  readonly contentType: string;
  readonly path: string;
  /** Status of a request that was taken. */
  readonly taken: number;
  /** Bytes that are nothing of the kind. */
  readonly malformed: Uint8Array<ArrayBuffer>;
  start(options?: IntakeOptions): Promise<Pick<PostRig, "sink" | "inFlight" | "http" | "count" | "close">>;
  body(samples: readonly Sample[]): Uint8Array<ArrayBuffer>;
}

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const START_US = 1_790_000_000_000_000;

const spanId = (index: number): string => (index + 1).toString(16).padStart(16, "0");
const traceIdOf = ({ bad }: Sample): string => (bad === "trace id" ? "0".repeat(32) : TRACE);
const spanIdOf = ({ bad }: Sample, index: number): string => (bad === "span id" ? "0".repeat(16) : spanId(index));
const text = (json: unknown): Uint8Array<ArrayBuffer> => new TextEncoder().encode(JSON.stringify(json));
const fromHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, "hex"));

async function startOtlp({ maxBytes, inFlightBytes }: IntakeOptions = {}) {
  return startReceiver({
    http: maxBytes === undefined ? {} : { max_request_body_size: maxBytes },
    ...(inFlightBytes === undefined ? {} : { inFlightBytes }),
  });
}

function startPosts(factory: typeof zipkinReceiver | typeof jaegerReceiver) {
  return ({ maxBytes, inFlightBytes }: IntakeOptions = {}): Promise<PostRig> =>
    startPostReceiver(factory, {
      config: maxBytes === undefined ? {} : { max_request_body_size: maxBytes },
      ...(inFlightBytes === undefined ? {} : { inFlightBytes }),
    });
}

/** Field numbers of openzipkin/zipkin-api's zipkin.proto, in the names that protobufjs gives them. */
export const ZIPKIN_PROTO = parseProto(`
  syntax = "proto3";
  message List { repeated Span spans = 1; }
  message Span {
    bytes traceId = 1; bytes parentId = 2; bytes id = 3; uint32 kind = 4; string name = 5; fixed64 timestamp = 6;
    uint64 duration = 7; Endpoint localEndpoint = 8; Endpoint remoteEndpoint = 9; repeated Annotation annotations = 10;
    map<string, string> tags = 11; bool debug = 12; bool shared = 13;
  }
  message Endpoint { string serviceName = 1; bytes ipv4 = 2; bytes ipv6 = 3; int32 port = 4; }
  message Annotation { fixed64 timestamp = 1; string value = 2; }
`).root;

function jaegerBody(samples: readonly Sample[], writer: BinaryWriter | CompactWriter): Uint8Array<ArrayBuffer> {
  const spans = samples.map(
    (sample, index): JaegerSpan => ({
      traceId: traceIdOf(sample),
      spanId: spanIdOf(sample, index),
      operationName: sample.name,
      references: [],
      flags: 1,
      startTimeUnixNano: BigInt(START_US) * 1_000n,
      durationNano: 5_000n,
      tags: [{ key: "n", value: { type: "int", value: BigInt(index) } }],
      logs: [],
    }),
  );
  writeBatch(writer, { process: { serviceName: "shop", tags: [] }, spans });
  return writer.finish();
}

/** What is posted to each receiver, in each of its formats. */
export const INTAKES: readonly Intake[] = [
  {
    name: "OTLP/JSON",
    format: "otlp_json",
    contentType: "application/json",
    path: "/v1/traces",
    taken: 200,
    malformed: text('{"resourceSpans":[{]}'),
    start: startOtlp,
    body(samples) {
      const times = { startTimeUnixNano: `${START_US}000`, endTimeUnixNano: `${START_US}000` };
      const spans = samples.map((sample, index) => ({
        traceId: traceIdOf(sample),
        spanId: spanIdOf(sample, index),
        name: sample.name,
        ...times,
      }));
      return text({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
    },
  },
  {
    name: "OTLP protobuf",
    format: "otlp_protobuf",
    contentType: "application/x-protobuf",
    path: "/v1/traces",
    taken: 200,
    malformed: Uint8Array.of(10, 200),
    start: startOtlp,
    body: (samples) =>
      encodeTraces([
        serviceWith(
          "shop",
          samples.map((sample, index) =>
            spanWith({ traceId: traceIdOf(sample), spanId: spanIdOf(sample, index), name: sample.name }),
          ),
        ),
      ]),
  },
  {
    name: "Zipkin JSON v2",
    format: "zipkin_json",
    contentType: "application/json",
    path: "/api/v2/spans",
    taken: 202,
    malformed: text('[{"traceId":}]'),
    start: startPosts(zipkinReceiver),
    body: (samples) =>
      text(
        samples.map((sample, index) => ({
          traceId: traceIdOf(sample),
          id: spanIdOf(sample, index),
          name: sample.name,
          kind: "CLIENT",
          timestamp: START_US,
          duration: 5,
          localEndpoint: { serviceName: "shop" },
          tags: { n: String(index) },
        })),
      ),
  },
  {
    name: "Zipkin JSON v1",
    format: "zipkin_json",
    contentType: "application/json; charset=utf-8",
    path: "/api/v1/spans",
    taken: 202,
    malformed: text('[{"traceId":}]'),
    start: startPosts(zipkinReceiver),
    body: (samples) =>
      text(
        samples.map((sample, index) => ({
          traceId: traceIdOf(sample),
          id: spanIdOf(sample, index),
          name: sample.name,
          annotations: [
            { timestamp: START_US, value: "cs", endpoint: { serviceName: "shop", ipv4: "10.0.0.1" } },
            { timestamp: START_US + 5, value: "cr", endpoint: { serviceName: "shop", ipv4: "10.0.0.1" } },
          ],
          binaryAnnotations: [{ key: "n", value: String(index), endpoint: { serviceName: "shop" } }],
        })),
      ),
  },
  {
    name: "Zipkin protobuf",
    format: "zipkin_protobuf",
    contentType: "application/x-protobuf",
    path: "/api/v2/spans",
    taken: 202,
    malformed: Uint8Array.of(10, 200),
    start: startPosts(zipkinReceiver),
    body(samples) {
      const List = ZIPKIN_PROTO.lookupType("List");
      const spans = samples.map((sample, index) => ({
        traceId: fromHex(traceIdOf(sample)),
        id: fromHex(spanIdOf(sample, index)),
        name: sample.name,
        kind: 1,
        timestamp: START_US,
        duration: 5,
        localEndpoint: { serviceName: "shop" },
        tags: { n: String(index) },
      }));
      return new Uint8Array(List.encode(List.fromObject({ spans })).finish());
    },
  },
  {
    name: "Jaeger thrift, binary",
    format: "jaeger_thrift",
    contentType: "application/x-thrift",
    path: "/api/traces",
    taken: 202,
    malformed: Uint8Array.of(12, 0, 1, 99),
    start: startPosts(jaegerReceiver),
    body: (samples) => jaegerBody(samples, new BinaryWriter()),
  },
  {
    name: "Jaeger thrift, compact",
    format: "jaeger_thrift_compact",
    contentType: "application/vnd.apache.thrift.compact",
    path: "/api/traces",
    taken: 202,
    malformed: Uint8Array.of(0x1c, 0x1d),
    start: startPosts(jaegerReceiver),
    body: (samples) => jaegerBody(samples, new CompactWriter()),
  },
];
