import { createRequire } from "node:module";
import { resolve } from "node:path";
import { Client, credentials } from "@grpc/grpc-js";
import type protobuf from "protobufjs";
import type { Type } from "protobufjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Collector, createCollector } from "../../src/app/collector.ts";
import { encodeTraces } from "../../src/codec/otlp/message/encode.ts";
import { reflectionRequest, reflectionResponse } from "../../src/codec/rpc/reflection.ts";
import type { Span } from "../../src/model/span.ts";
import { intAttribute, serviceWith, spanWith, textAttribute } from "../support/otlp-spans.ts";

const load = createRequire(import.meta.url);
const library = load("protobufjs") as typeof protobuf;
const PROTO = resolve(import.meta.dirname, "../../proto");
const T0 = 1_795_392_000n;
const TRACE = "000000000000000a000000000000000b";
const OTHER = "000000000000000c000000000000000d";

type Answer = Record<string, unknown>;
type Call = (request: object) => Promise<Answer[]>;

let collector: Collector;
const clients: Client[] = [];

/** Methods of a service as functions that give all messages of an answer. */
function clientOf(files: readonly string[], name: string): Record<string, Call> {
  const root = new library.Root();
  root.resolvePath = (_origin, target) => (target.startsWith("google/") ? target : resolve(PROTO, target));
  root.loadSync([...files], { keepCase: true }).resolveAll();
  const client = newClient();
  const shown = { longs: String, enums: String, defaults: true };
  return Object.fromEntries(
    root.lookupService(name).methodsArray.map((method): [string, Call] => {
      const [asked, answered] = [method.resolvedRequestType, method.resolvedResponseType] as [Type, Type];
      const encode = (request: object) => Buffer.from(asked.encode(asked.fromObject(request)).finish());
      const decode = (bytes: Buffer): Answer => answered.toObject(answered.decode(bytes), shown);
      const path = `/${name}/${method.name}`;
      return [
        method.name,
        (request) =>
          new Promise<Answer[]>((done, fail) => {
            if (method.responseStream !== true) {
              client.makeUnaryRequest(path, encode, decode, request, (error, answer) =>
                error === null ? done([answer as Answer]) : fail(error),
              );
              return;
            }
            const messages: Answer[] = [];
            client
              .makeServerStreamRequest(path, encode, decode, request)
              .on("data", (message: Answer) => messages.push(message))
              .on("error", fail)
              .on("end", () => done(messages));
          }),
      ];
    }),
  );
}

function newClient(): Client {
  const client = new Client(collector.endpoints.queryGrpc as string, credentials.createInsecure());
  clients.push(client);
  return client;
}

const second = (n: bigint, nanos = 0) => ({ seconds: n.toString(), nanos });
const RANGE = { start_time_min: second(T0), start_time_max: second(T0 + 3600n) };

function spans(): Span[] {
  const times = (at: bigint, ms: bigint) => ({
    startTimeUnixNano: (T0 + at) * 1_000_000_000n + 1n,
    endTimeUnixNano: (T0 + at) * 1_000_000_000n + 1n + ms * 1_000_000n,
  });
  return [
    spanWith({ ...times(1n, 50n), traceId: TRACE, spanId: "a".repeat(16), name: "GET /", kind: 2 }),
    spanWith({
      ...times(2n, 5n),
      traceId: TRACE,
      spanId: "b".repeat(16),
      parentSpanId: "a".repeat(16),
      name: "work",
      kind: 1,
      status: { code: 2, message: "no" },
      attributes: [
        textAttribute("color", "red"),
        intAttribute("big", (1n << 62n) + 1n),
        { key: "ratio", value: { type: "double", value: Number.NaN } },
        { key: "flag", value: { type: "bool", value: true } },
        { key: "raw", value: { type: "bytes", value: Uint8Array.of(1, 2) } },
      ],
      events: [
        {
          timeUnixNano: (T0 + 2n) * 1_000_000_000n,
          name: "retry",
          attributes: [textAttribute("n", "1")],
          droppedAttributesCount: 0,
        },
      ],
      links: [
        { traceId: OTHER, spanId: "c".repeat(16), traceState: "", attributes: [], droppedAttributesCount: 0, flags: 0 },
      ],
    }),
  ];
}

beforeAll(async () => {
  collector = await createCollector();
  const many = Array.from({ length: 500 }, (_, i) =>
    spanWith({
      traceId: OTHER,
      spanId: (i + 1).toString(16).padStart(16, "0"),
      startTimeUnixNano: (T0 + 60n) * 1_000_000_000n,
      endTimeUnixNano: (T0 + 61n) * 1_000_000_000n,
      attributes: [textAttribute("text", "x".repeat(20_000))],
    }),
  );
  const response = await fetch(`${collector.endpoints.otlpHttp}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/x-protobuf" },
    body: encodeTraces([serviceWith("shop", spans()), serviceWith("large", many)]),
  });
  expect(response.status).toBe(200);
});
afterAll(async () => {
  for (const client of clients) client.close();
  await collector?.shutdown();
});

const idOf = (hex: string) => Buffer.from(hex, "hex");
const failed = (code: number, text = "") => ({ code, details: expect.stringContaining(text) });

describe("jaeger.api_v3.QueryService", () => {
  let v3: Record<string, Call>;
  const call = (method: string, request: object) => (v3[method] as Call)(request);
  beforeAll(() => {
    v3 = clientOf(["jaeger/api_v3/query_service.proto"], "jaeger.api_v3.QueryService");
  });

  it("lists services and operations", async () => {
    expect(await call("GetServices", {})).toEqual([{ services: ["large", "shop"] }]);
    expect(await call("GetOperations", { service: "shop" })).toEqual([
      {
        operations: [
          { name: "GET /", span_kind: "server" },
          { name: "work", span_kind: "internal" },
        ],
      },
    ]);
    expect(await call("GetOperations", { service: "shop", span_kind: "server" })).toMatchObject([
      { operations: [{ name: "GET /" }] },
    ]);
  });

  it("gives a trace as OTLP, exact in its numbers", async () => {
    const [data, ...more] = await call("GetTrace", { trace_id: TRACE });
    expect(more).toEqual([]);
    expect(data).toMatchObject({
      resource_spans: [
        {
          resource: { attributes: [{ key: "service.name", value: { string_value: "shop" } }] },
          scope_spans: [
            {
              scope: { name: "test" },
              spans: [
                { trace_id: idOf(TRACE), name: "GET /", start_time_unix_nano: `${(T0 + 1n) * 1_000_000_000n + 1n}` },
                {
                  parent_span_id: idOf("a".repeat(16)),
                  attributes: [
                    { key: "color", value: { string_value: "red" } },
                    { key: "big", value: { int_value: String((1n << 62n) + 1n) } },
                    { key: "ratio", value: { double_value: Number.NaN } },
                    { key: "flag", value: { bool_value: true } },
                    { key: "raw", value: { bytes_value: Buffer.of(1, 2) } },
                  ],
                  events: [{ name: "retry" }],
                  links: [{ trace_id: idOf(OTHER) }],
                  status: { code: "STATUS_CODE_ERROR", message: "no" },
                },
              ],
            },
          ],
        },
      ],
    });
  });

  it("gives a large trace in messages that clients take by default, with each span once", async () => {
    const messages = await call("GetTrace", { trace_id: OTHER });
    const ids = messages.flatMap((message) =>
      (message.resource_spans as { scope_spans: { spans: { span_id: Buffer }[] }[] }[]).flatMap((entry) =>
        entry.scope_spans.flatMap((scope) => scope.spans.map((span) => span.span_id.toString("hex"))),
      ),
    );
    expect(messages.length).toBeGreaterThan(3);
    expect(new Set(ids).size).toBe(500);
    expect(ids).toHaveLength(500);
  });

  it("finds traces and summaries, by plain conditions and by a filter", async () => {
    const find = async (query: object) => {
      const messages = await call("FindTraceSummaries", { query: { ...RANGE, ...query } });
      return messages.flatMap(({ summaries }) => (summaries as { trace_id: string }[]).map((one) => one.trace_id));
    };
    expect(await find({})).toEqual([OTHER, TRACE]);
    expect(
      await find({ service_name: "shop", attributes: { color: "red" }, duration_max: second(0n, 5_000_000) }),
    ).toEqual([TRACE]);
    expect(await find({ search_depth: 1 })).toEqual([OTHER]);
    const eq = (key: string, value: string) => ({ op: "eq", args: [{ attr: { key } }, { scalar: { value } }] });
    expect(await find({ filter: eq("color", "red") })).toEqual([TRACE]);
    expect(await find({ filter: { op: "not", args: [{ call: eq("color", "red") }] } })).toEqual([OTHER, TRACE]);
    const words = { op: "fulltext", args: [{ attr: { key: "color" } }, { list: { values: ["RED"] } }] };
    expect(await find({ filter: words })).toEqual([TRACE]);
    const [page] = await call("FindTraceSummaries", { query: { ...RANGE, pagination: { page_size: 1 } } });
    expect(page).toMatchObject({ summaries: [{ trace_id: OTHER, span_count: 500 }] });
    const [second_] = await call("FindTraceSummaries", {
      query: { ...RANGE, pagination: { page_size: 1, page_token: page?.next_page_token } },
    });
    expect(second_).toMatchObject({
      summaries: [
        {
          trace_id: TRACE,
          root_service_name: "shop",
          min_start_time_unix_nano: `${(T0 + 1n) * 1_000_000_000n + 1n}`,
          error_span_count: 1,
          services: [{ name: "shop", span_count: 2, error_span_count: 1 }],
        },
      ],
      next_page_token: "",
    });
    const traces = await call("FindTraces", { query: { ...RANGE, operation_name: "work" } });
    expect(traces).toHaveLength(1);
    expect(await call("FindTraces", { query: { ...RANGE, service_name: "nobody" } })).toEqual([]);
  });

  it("refuses what is wrong with the status that says so", async () => {
    await expect(call("GetTrace", { trace_id: "xyz" })).rejects.toMatchObject(failed(3, "trace_id"));
    await expect(call("GetTrace", { trace_id: "1" })).rejects.toMatchObject(failed(5, "not found"));
    await expect(call("FindTraces", {})).rejects.toMatchObject(failed(3, "missing query"));
    await expect(call("FindTraces", { query: {} })).rejects.toMatchObject(failed(3, "required"));
    await expect(call("FindTraces", { query: { ...RANGE, search_depth: -1 } })).rejects.toMatchObject(failed(3));
    const like = { op: "like", args: [] };
    await expect(call("FindTraces", { query: { ...RANGE, filter: like } })).rejects.toMatchObject(failed(3, "like"));
    const phrase = { op: "phrase", args: [{ attr: { key: "a" } }, { list: { values: ["b c"] } }] };
    await expect(call("FindTraces", { query: { ...RANGE, filter: phrase } })).rejects.toMatchObject(
      failed(3, "a word"),
    );
    await expect(call("GetOperations", {})).rejects.toMatchObject(failed(3, "service"));
    await expect(call("GetDependencies", {})).rejects.toMatchObject(failed(3, "required"));
  });
});

describe("jaeger.api_v2.QueryService", () => {
  let v2: Record<string, Call>;
  const call = (method: string, request: object) => (v2[method] as Call)(request);
  beforeAll(() => {
    v2 = clientOf(["jaeger/api_v2/query.proto"], "jaeger.api_v2.QueryService");
  });

  it("lists services and operations", async () => {
    expect(await call("GetServices", {})).toEqual([{ services: ["large", "shop"] }]);
    expect(await call("GetOperations", { service: "shop" })).toMatchObject([
      { operationNames: ["GET /", "work"], operations: [{ span_kind: "server" }, { span_kind: "internal" }] },
    ]);
  });

  it("gives a trace as Jaeger's spans", async () => {
    const [{ spans: found } = {}] = await call("GetTrace", { trace_id: idOf(TRACE) });
    expect(found).toHaveLength(2);
    const [first, work] = found as Answer[];
    expect(first).toMatchObject({
      trace_id: idOf(TRACE),
      span_id: idOf("a".repeat(16)),
      operation_name: "GET /",
      references: [],
      flags: 257,
      start_time: second(T0 + 1n, 1),
      duration: { seconds: "0", nanos: 50_000_000 },
      process: { service_name: "shop" },
    });
    expect(work).toMatchObject({
      references: [
        { span_id: idOf("a".repeat(16)), ref_type: "CHILD_OF" },
        { trace_id: idOf(OTHER), ref_type: "FOLLOWS_FROM" },
      ],
      logs: [
        {
          fields: [
            { key: "event", v_str: "retry" },
            { key: "n", v_str: "1" },
          ],
        },
      ],
    });
    const list = work?.tags as { key: string }[];
    const tags = Object.fromEntries(list.map((tag) => [tag.key, tag]));
    expect(tags).toMatchObject({
      color: { v_type: "STRING", v_str: "red" },
      big: { v_type: "INT64", v_int64: String((1n << 62n) + 1n) },
      ratio: { v_type: "FLOAT64", v_float64: Number.NaN },
      flag: { v_type: "BOOL", v_bool: true },
      raw: { v_type: "BINARY", v_binary: Buffer.of(1, 2) },
      error: { v_bool: true },
      "otel.status_code": { v_str: "ERROR" },
    });
  });

  it("finds traces, and refuses what is wrong", async () => {
    const [{ spans: found } = {}] = await call("FindTraces", {
      query: { service_name: "shop", tags: { color: "red" } },
    });
    expect(found).toHaveLength(2);
    expect(await call("FindTraces", { query: { service_name: "nobody" } })).toEqual([]);
    await expect(call("FindTraces", {})).rejects.toMatchObject(failed(3, "missing query"));
    await expect(call("GetTrace", { trace_id: idOf("01") })).rejects.toMatchObject(failed(3, "trace_id"));
    await expect(call("GetTrace", { trace_id: idOf("1".repeat(32)) })).rejects.toMatchObject(failed(5));
    await expect(call("ArchiveTrace", { trace_id: idOf(TRACE) })).rejects.toMatchObject(failed(12));
  });
});

describe("beside them", () => {
  it("health knows both services", async () => {
    const health = clientOf(["grpc/health/v1/health.proto"], "grpc.health.v1.Health");
    for (const service of ["", "jaeger.api_v3.QueryService", "jaeger.api_v2.QueryService"]) {
      expect(await (health.Check as Call)({ service })).toEqual([{ status: "SERVING" }]);
    }
    await expect((health.Check as Call)({ service: "other" })).rejects.toMatchObject(failed(5));
  });

  it.each(["v1", "v1alpha"])("reflection %s gives definitions that a client can work with", async (version) => {
    const ask = reflectionOf(version);
    const listed = await ask({ listServices: "" });
    const names = (listed.listServicesResponse as { service: { name: string }[] }).service.map(({ name }) => name);
    expect(names).toEqual([
      "jaeger.api_v3.QueryService",
      "jaeger.api_v2.QueryService",
      "grpc.health.v1.Health",
      "grpc.reflection.v1.ServerReflection",
    ]);
    for (const name of names) {
      const { fileDescriptorResponse } = await ask({ fileContainingSymbol: name });
      const files = (fileDescriptorResponse as { fileDescriptorProto: Uint8Array[] }).fileDescriptorProto;
      expect(rootOf(files).lookupService(name).methodsArray.length).toBeGreaterThan(0);
    }
    const { fileDescriptorResponse } = await ask({ fileContainingSymbol: "jaeger.api_v3.QueryService.FindTraces" });
    const root = rootOf((fileDescriptorResponse as { fileDescriptorProto: Uint8Array[] }).fileDescriptorProto);
    expect(root.lookupService("jaeger.api_v3.QueryService").methods.FindTraces).toMatchObject({ responseStream: true });
    expect(root.lookupType("opentelemetry.proto.trace.v1.Span").fields.name?.id).toBe(5);
    expect(await ask({ fileContainingSymbol: "nobody.Knows" })).toMatchObject({ errorResponse: { errorCode: 5 } });
    expect(await ask({ fileByFilename: "jaeger_expression_v1.proto" })).toHaveProperty("fileDescriptorResponse");
  });

  it("HTTP/1 is told where it should go", async () => {
    const response = await fetch(`http://${collector.endpoints.queryGrpc}/api/services`);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("ui.endpoint");
  });

  it("a port that is taken costs the port, and null turns it off", async () => {
    const grpc_endpoint = collector.endpoints.queryGrpc as string;
    const warnings: string[] = [];
    const warn = (message: string) => void warnings.push(message);
    const logger = { debug() {}, info() {}, warn, error() {} };
    const second_ = await createCollector({ ui: { grpc_endpoint } }, { logger });
    expect(second_.endpoints.queryGrpc).toBeUndefined();
    expect(warnings).toEqual(["the collector runs without Jaeger's gRPC query services"]);
    expect((await fetch(`${second_.endpoints.ui}api/services`)).status).toBe(200);
    await second_.shutdown();
    const off = await createCollector({ ui: { grpc_endpoint: null } });
    expect(off.endpoints.queryGrpc).toBeUndefined();
    await off.shutdown();
  });
});

/** Asks one question over a stream of its own. */
function reflectionOf(version: string): (question: object) => Promise<Answer> {
  const client = newClient();
  const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
  return (question) =>
    new Promise((done, fail) => {
      const call = client.makeBidiStreamRequest(
        path,
        (request: object) => Buffer.from(reflectionRequest.encode({ host: "", ...request })),
        (bytes: Buffer) => reflectionResponse.decode(bytes) as unknown as Answer,
      );
      call.on("error", fail).on("data", (answer: Answer) => done(answer));
      call.write(question);
      call.end();
    });
}

/** What a client makes of file descriptors: each must have all that it needs. */
function rootOf(files: readonly Uint8Array[]): protobuf.Root {
  const { FileDescriptorSet, FileDescriptorProto } = load("protobufjs/ext/descriptor") as {
    FileDescriptorSet: { create(set: object): object };
    FileDescriptorProto: { decode(bytes: Uint8Array): { name: string; dependency: string[] } };
  };
  const file = files.map((bytes) => FileDescriptorProto.decode(bytes));
  const names = file.map(({ name }) => name);
  for (const { dependency } of file) expect(names).toEqual(expect.arrayContaining(dependency));
  const Root = library.Root as unknown as { fromDescriptor(set: object): protobuf.Root };
  const root = Root.fromDescriptor(FileDescriptorSet.create({ file }));
  root.resolveAll();
  return root;
}
