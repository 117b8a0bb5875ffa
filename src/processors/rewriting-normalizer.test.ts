import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  intAttribute,
  resourceWith,
  scopeWith,
  serviceWith,
  spanWith,
  textAttribute,
} from "../../test/support/otlp-spans.ts";
import { decodeTraces } from "../codec/otlp/message/decode.ts";
import { encodeSpan, encodeTraces } from "../codec/otlp/message/encode.ts";
import { WireWriter } from "../codec/otlp/wire/wire-writer.ts";
import { Metrics } from "../component/metrics.ts";
import type { KeyValue } from "../model/any-value.ts";
import { SPAN_MARK, type Span, type TracesData } from "../model/span.ts";
import { nameOf, serviceOf } from "../model/span-columns.ts";
import { Normalizer } from "./normalize/normalize.ts";
import { processorsConfig } from "./processors-config.ts";
import { createNormalizer } from "./rewriting-normalizer.ts";

const RAW = new URL("../../test/fixtures/raw/", import.meta.url);

function setUp(config: object) {
  const metrics = new Metrics();
  const normalizer = createNormalizer(processorsConfig.parse(config), metrics);
  const count = (name: string): Record<string, number> =>
    Object.fromEntries(
      metrics
        .snapshot()
        .filter((sample) => sample.name === name && sample.value > 0)
        .map(({ labels, value }) => [Object.values(labels).join(" "), value]),
    );
  const run = (traces: TracesData): TracesData =>
    decodeTraces(normalizer.normalize("otlp_protobuf", encodeTraces(traces)).body.slice());
  return { normalizer, run, count };
}

const spanAttributes = (traces: TracesData) => traces[0]?.scopeSpans[0]?.spans[0]?.attributes;
const one = (attributes: readonly KeyValue[], kind: Span["kind"] = 3): TracesData => [
  serviceWith("shop", [spanWith({ attributes, kind })]),
];

describe("without rules", () => {
  it("is the plain normaliser", () => {
    expect(createNormalizer(processorsConfig.parse({}), new Metrics())).toBeInstanceOf(Normalizer);
  });
});

describe("bytes", () => {
  it("that no rule touches stay as they came, in every recorded request", () => {
    const { normalizer } = setUp({
      redaction: { rules: [{ keys: ["no.such.key"], action: "drop" }] },
      resource: { attributes: [{ key: "none", action: "delete" }] },
      groupbyattrs: { keys: ["none"] },
    });
    const files = readdirSync(RAW, { recursive: true, encoding: "utf8" }).filter((file) =>
      /http-proto.*\.bin$|grpc.*\.bin$/.test(file),
    );
    expect(files.length).toBeGreaterThan(5);
    for (const file of files) {
      const bytes = readFileSync(new URL(file, RAW));
      expect(normalizer.normalize("otlp_protobuf", bytes).body, file).toBe(bytes);
    }
  });

  it("of spans that no rule touches stay, beside spans that change; marks stay with their span", () => {
    const w = new WireWriter();
    w.raw(encodeSpan(spanWith({ name: "plain", kind: 77 as Span["kind"] })));
    w.text(0x3a2, "unknown field");
    const plain = w.finish();
    const secret = encodeSpan(spanWith({ name: "secret", spanId: "ab", attributes: [textAttribute("password", "x")] }));
    const body = new WireWriter();
    const resourceSpans = body.open(0x0a);
    const scopeSpans = body.open(0x12);
    body.blob(0x12, plain);
    body.blob(0x12, secret);
    body.close(scopeSpans);
    body.close(resourceSpans);
    const { normalizer } = setUp({ redaction: { rules: [{ keys: ["password"], action: "drop" }] } });
    const batch = normalizer.normalize("otlp_protobuf", body.finish());
    const { columns } = batch.scan;
    expect(batch.body.slice(columns.spanStart[0], columns.spanEnd[0])).toEqual(plain);
    expect(Buffer.from(batch.body).includes("password")).toBe(false);
    expect([...columns.marks].map((mark) => mark & ~SPAN_MARK.serviceDefaulted)).toEqual([
      SPAN_MARK.unknownKind,
      SPAN_MARK.mended,
    ]);
  });
});

describe("the recorded traces", () => {
  it("hold no address once redacted, and the same again when they come a second time", () => {
    const rules = [{ value_pattern: "\\d+\\.\\d+\\.\\d+\\.\\d+", action: "mask", fields: ["status_message"] }];
    const { normalizer, count } = setUp({ redaction: { rules }, semconv: { rewrite: "latest" } });
    for (const file of readdirSync(RAW, { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith(".bin"),
    )) {
      const bytes = readFileSync(new URL(file, RAW));
      const batch = normalizer.normalize(file.includes("json") ? "otlp_json" : "otlp_protobuf", bytes);
      const texts = JSON.stringify(decodeTraces(batch.body), (key, value) =>
        typeof value === "bigint"
          ? String(value)
          : key === "schemaUrl" || key === "scope" || key === "name"
            ? undefined
            : value,
      );
      expect(/.{40}\d+\.\d+\.\d+\.\d+/.exec(texts)?.[0], file).toBeUndefined();
      expect(/"(http\.method|http\.target|net\.peer\.ip)"/.exec(texts)?.[0], file).toBeUndefined();
      const once = batch.body.slice();
      expect(normalizer.normalize("otlp_protobuf", once).body, file).toBe(once);
    }
    expect(count("spanloom_redaction_values_total")["rules[0] mask"]).toBeGreaterThan(100);
    expect(count("spanloom_semconv_rewritten_attributes_total")["http.method"]).toBeGreaterThan(10);
  });
});

describe("semantic conventions", () => {
  const { run } = setUp({ semconv: { rewrite: "latest" } });
  const server = 2;

  it.each<[string, KeyValue[], KeyValue[], Span["kind"]]>([
    ["a rename", [intAttribute("http.status_code", 200n)], [intAttribute("http.response.status_code", 200n)], 3],
    ["a client's peer", [textAttribute("net.peer.name", "db")], [textAttribute("server.address", "db")], 3],
    ["a server's peer", [textAttribute("net.peer.name", "db")], [textAttribute("client.address", "db")], server],
    ["a value", [textAttribute("db.system", "mssql")], [textAttribute("db.system.name", "microsoft.sql_server")], 3],
    [
      "a status",
      [intAttribute("rpc.grpc.status_code", 5n)],
      [textAttribute("rpc.response.status_code", "NOT_FOUND")],
      3,
    ],
    ["an index", [intAttribute("db.redis.database_index", 3n)], [textAttribute("db.namespace", "3")], 3],
    [
      "a value without counterpart",
      [textAttribute("net.transport", "inproc")],
      [textAttribute("net.transport", "inproc")],
      3,
    ],
    [
      "a path",
      [textAttribute("http.target", "/a?b=1?")],
      [textAttribute("url.path", "/a"), textAttribute("url.query", "b=1?")],
      server,
    ],
    [
      "both names alike",
      [textAttribute("http.method", "GET"), textAttribute("http.request.method", "GET")],
      [textAttribute("http.request.method", "GET")],
      3,
    ],
    [
      "both names unlike",
      [textAttribute("http.method", "GET"), textAttribute("http.request.method", "PUT")],
      [textAttribute("http.method", "GET"), textAttribute("http.request.method", "PUT")],
      3,
    ],
    [
      "a function",
      [textAttribute("code.function", "f"), textAttribute("code.namespace", "a.B")],
      [textAttribute("code.function.name", "a.B.f")],
      1,
    ],
    ["a namespace alone", [textAttribute("code.namespace", "a.B")], [textAttribute("code.namespace", "a.B")], 1],
  ])("%s", (_what, before, after, kind) => {
    const once = run(one(before, kind));
    expect(spanAttributes(once)).toEqual(after);
    expect(run(once)).toEqual(once);
  });

  it("reach the resource", () => {
    const [entry] = run([
      {
        ...(one([])[0] as TracesData[number]),
        resource: resourceWith([textAttribute("deployment.environment", "prod")]),
      },
    ]);
    expect(entry?.resource.attributes).toEqual([textAttribute("deployment.environment.name", "prod")]);
  });
});

describe("resource and attribute actions", () => {
  it("insert, update, upsert, delete and rename, with values of every kind that can be written", () => {
    const { run, count } = setUp({
      resource: {
        attributes: [
          { key: "service.name", value: "never", action: "insert" },
          { key: "zone", value: "eu", action: "insert" },
          { key: "absent", value: 1, action: "update" },
          { key: "n", value: 42, action: "upsert" },
          { key: "ratio", value: 0.5, action: "upsert" },
          { key: "on", value: true, action: "upsert" },
          { key: "list", value: ["a", 1], action: "upsert" },
        ],
      },
      attributes: {
        actions: [
          { key: "new", from_attribute: "old", action: "rename" },
          { key: "zone", from_attribute: "zone", from_scope: "resource", action: "insert" },
          { key: "gone", action: "delete" },
          { key: "kept", value: "changed", action: "update" },
          { key: "copy", from_attribute: "new", action: "upsert" },
        ],
      },
    });
    const once = run(
      one([
        textAttribute("old", "1"),
        textAttribute("gone", "2"),
        textAttribute("gone", "3"),
        textAttribute("kept", "4"),
      ]),
    );
    expect(once[0]?.resource.attributes).toEqual([
      textAttribute("service.name", "shop"),
      textAttribute("zone", "eu"),
      intAttribute("n", 42n),
      { key: "ratio", value: { type: "double", value: 0.5 } },
      { key: "on", value: { type: "bool", value: true } },
      {
        key: "list",
        value: {
          type: "array",
          value: [
            { type: "string", value: "a" },
            { type: "int", value: 1n },
          ],
        },
      },
    ]);
    expect(spanAttributes(once)).toEqual([
      textAttribute("new", "1"),
      textAttribute("kept", "changed"),
      textAttribute("zone", "eu"),
      textAttribute("copy", "1"),
    ]);
    expect(run(once)).toEqual(once);
    expect(count("spanloom_attribute_actions_total")).toMatchObject({
      "resource attributes[1] insert": 1,
      "attributes actions[2] delete": 1,
    });
  });

  it("change the service that columns and search know", () => {
    const { normalizer } = setUp({ resource: { attributes: [{ key: "service.name", value: "x", action: "upsert" }] } });
    const { scan } = normalizer.normalize("otlp_protobuf", encodeTraces(one([])));
    expect(serviceOf(scan.columns, 0)).toBe("x");
  });

  it.each([
    [{ key: "a", action: "insert" }, "exactly one of value, from_attribute; found neither"],
    [{ key: "a", action: "upsert", value: 1, from_attribute: "b" }, "found both"],
    [{ key: "a", action: "delete", value: 1 }, "delete takes no value"],
    [{ key: "a", action: "rename" }, "rename needs from_attribute"],
    [{ key: "a", action: "rename", from_attribute: "a" }, "does nothing"],
    [{ key: "a", action: "insert", value: 1, from_scope: "resource" }, "from_scope belongs to"],
  ])("refuse %j", (action, why) => {
    const issues = processorsConfig.safeParse({ attributes: { actions: [action] } }).error?.issues ?? [];
    expect(issues.map(({ message }) => message).join("; ")).toContain(why);
  });
});

describe("grouping by attributes", () => {
  const of = (name: string, pod: string | undefined): Span =>
    spanWith({
      name,
      attributes: [...(pod === undefined ? [] : [textAttribute("pod", pod)]), textAttribute("n", name)],
    });

  it("moves them to the resource, spans of one value together, with their marks", () => {
    const { normalizer, count } = setUp({ groupbyattrs: { keys: ["pod", "service.name"] } });
    const spans = [of("1", "a"), of("2", "b"), { ...of("3", "a"), spanId: "ab" }, of("4", undefined)];
    const batch = normalizer.normalize(
      "otlp_protobuf",
      encodeTraces([{ ...serviceWith("shop", spans), schemaUrl: "s" }]),
    );
    const { columns } = batch.scan;
    expect([0, 1, 2, 3].map((row) => nameOf(columns, row))).toEqual(["1", "3", "2", "4"]);
    expect([...columns.marks]).toEqual([0, SPAN_MARK.mended, 0, 0]);
    const done = decodeTraces(batch.body.slice());
    const shop = textAttribute("service.name", "shop");
    expect(done.map(({ resource, schemaUrl }) => [resource.attributes, schemaUrl])).toEqual([
      [[shop, textAttribute("pod", "a")], "s"],
      [[shop, textAttribute("pod", "b")], "s"],
      [[shop], "s"],
    ]);
    expect(done[0]?.scopeSpans).toHaveLength(1);
    expect(done[0]?.scopeSpans[0]?.scope).toEqual(scopeWith("test"));
    expect(done[0]?.scopeSpans[0]?.spans[0]?.attributes).toEqual([textAttribute("n", "1")]);
    expect(count("spanloom_groupbyattrs_spans_total")).toEqual({ "": 3 });
    const again = batch.body.slice();
    expect(normalizer.normalize("otlp_protobuf", again).body).toBe(again);
  });

  it("does not make a resource for every span", () => {
    const { normalizer, count } = setUp({ groupbyattrs: { keys: ["pod"] } });
    const spans = Array.from({ length: 5_000 }, (_, i) => of(String(i), String(i)));
    const { scan } = normalizer.normalize("otlp_protobuf", encodeTraces([serviceWith("shop", spans)]));
    expect(scan.columns.count).toBe(5_000);
    expect(scan.columns.groups.length).toBeLessThanOrEqual(4_097);
    expect(count("spanloom_groupbyattrs_left_spans_total")).toEqual({ "": 904 });
  });
});
