import { Reader } from "protobufjs/minimal.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { serviceWith, spanWith, textAttribute } from "../../../test/support/otlp-spans.ts";
import { batchOf } from "../../../test/support/query/fixture-traces.ts";
import { hostOf, MemoryReader } from "../../../test/support/query/memory-reader.ts";
import { type Served, serve } from "../../../test/support/query/serve.ts";
import { faultsOf } from "../../../test/support/tempo-messages.ts";
import { decodeTraces } from "../../codec/otlp/message/decode.ts";
import { type TraceReader, wholeAnswer } from "../../component/read.ts";
import { AnswerBounds } from "../answer-bounds.ts";
import { PIECE_BYTES } from "../pieced-answer.ts";
import { goDuration } from "./field-values.ts";
import { filterOfQuery } from "./filter-query.ts";
import { parseLogfmt } from "./logfmt.ts";
import { metricsPieces } from "./metrics-json.ts";
import { createTempoRoutes } from "./routes.ts";
import { tempoViews } from "./views.ts";

describe("logfmt", () => {
  it.each([
    ["", []],
    ["  a=b  c = ", undefined],
    [
      "a=b c.d/e=f-g",
      [
        ["a", "b"],
        ["c.d/e", "f-g"],
      ],
    ],
    [
      'a="b c" d="\\"\\\\\\n\\u00fc"',
      [
        ["a", "b c"],
        ["d", '"\\\nü'],
      ],
    ],
    [
      "alone other=",
      [
        ["alone", ""],
        ["other", ""],
      ],
    ],
    ["a=b=c", undefined],
    ['"a"=b', undefined],
  ])("%j", (text, tags) => {
    if (tags === undefined) expect(() => parseLogfmt(text)).toThrow(/^invalid tags: /);
    else expect(parseLogfmt(text)).toEqual(tags);
  });
});

it.each([
  [0n, "0s"],
  [1n, "1ns"],
  [1_500n, "1.5µs"],
  [120_000_000n, "120ms"],
  [1_000_000_001n, "1.000000001s"],
  [120_000_000_000n, "2m0s"],
  [3_661_500_000_000n, "1h1m1.5s"],
  [-10_000_000n, "-10ms"],
])("%d ns are %s to Go", (nanos, text) => {
  expect(goDuration(nanos)).toBe(text);
});

it("of a query that somebody still types, what is whole counts", () => {
  const error = filterOfQuery("{ status = error }");
  expect(error).toMatchObject({ op: "compare" });
  for (const text of ["{ status = error && }", "{ status = error && span.a", "{ .b = && status = error && .c =~ "]) {
    expect(filterOfQuery(text)).toEqual(error);
  }
  for (const text of [undefined, "", "{", "{ status = error || span.a = }", "nonsense", "x".repeat(20_000)]) {
    expect(filterOfQuery(text)).toEqual({ op: "all" });
  }
});

describe("a reader that misses a part", () => {
  const traceId = `${"0".repeat(24)}deadbeef`;
  const REASON = "segment 2: disk I/O error";
  const PARTIAL = `a part of what is stored cannot be read now (${REASON})`;
  const inner = new MemoryReader([batchOf([serviceWith("shop", [spanWith({ traceId })])])]);
  const ended = { complete: false, reason: PARTIAL } as const;
  const reader: TraceReader = {
    trace: (id, _signal, onGap) => {
      onGap?.(REASON);
      return inner.trace(id);
    },
    traces: (ids) => inner.traces(ids),
    find: async (query) => ({ ...(await inner.find(query)), ...ended }),
    services: () => inner.services(),
    live: () => inner.live(),
    operations: (service) => inner.operations(service),
    dependencies: (query) => inner.dependencies(query),
    red: (query) => inner.red(query),
    stats: () => inner.stats(),
    metrics: async ({ start, step }) => ({ start, step, points: 1, series: [], ...ended }),
    attributeNames: async () => ({ names: [], spans: 0, ...ended }),
    attributeValues: async () => ({ values: [], spans: 0, ...ended }),
  };
  let served: Served;
  beforeAll(async () => {
    served = await serve(createTempoRoutes(hostOf(reader, tempoViews), new AnswerBounds(), "spanloom/0"));
  });
  afterAll(() => served.close());

  it.each([
    ["SearchResponse", "/api/search?q={}", '"metrics":{"totalJobs":1}'],
    ["TagNamesV2", "/api/v2/search/tags", '"metrics":{"totalJobs":1}'],
    ["TagValuesV2", "/api/v2/search/tag/.a/values", '"metrics":{"totalJobs":1}'],
    ["QueryRange", "/api/metrics/query_range?q={}|rate()", '"status":"PARTIAL"'],
    ["TraceV2", "/api/v2/traces/deadbeef", '"status":"PARTIAL"'],
    ["TraceV1", "/api/traces/deadbeef", '"batches":'],
  ] as const)("says so: %s", async (message, path, said) => {
    const response = await fetch(served.url + encodeURI(path));
    const text = await response.text();
    expect(response.status, text).toBe(200);
    expect(response.headers.get("x-spanloom-incomplete")).toContain(REASON);
    expect(text).toContain(said);
    expect(faultsOf(message, JSON.parse(text))).toEqual([]);
  });

  it("has not said that a trace is not there", async () => {
    const response = await fetch(`${served.url}/api/v2/traces/abc`);
    expect(response.status).toBe(503);
    expect(await response.text()).toContain(REASON);
  });

  it("is no store that a search by whole traces can be asked of", async () => {
    const response = await fetch(`${served.url}/api/search?q=${encodeURIComponent("{ } >> { }")}`);
    expect([response.status, await response.text()]).toEqual([400, "this reader knows no spansets"]);
  });
});

describe("a large trace", () => {
  const traceId = "1".repeat(32);
  const spans = Array.from({ length: 12_000 }, (_, i) =>
    spanWith({
      traceId,
      spanId: (i + 1).toString(16).padStart(16, "0"),
      attributes: [textAttribute("text", "x".repeat(400))],
    }),
  );
  const readerOf = (count: number) => new MemoryReader([batchOf([serviceWith("a", spans.slice(0, count))])]);
  const { signal } = new AbortController();
  const ask = (count: number, api: 1 | 2, encoding: "json" | "protobuf") =>
    tempoViews["tempo.trace"](readerOf(count), { traceId, api, encoding }, signal);
  const idsOf = (body: Uint8Array) =>
    decodeTraces(body).flatMap(({ scopeSpans }) => scopeSpans.flatMap((one) => one.spans.map(({ spanId }) => spanId)));

  it("comes in pieces, and is one", async () => {
    for (const encoding of ["json", "protobuf"] as const) {
      const answer = await ask(3_000, 1, encoding);
      let pieces = 1;
      for (let last = false; !last; pieces++) {
        const piece = await answer.rest?.next();
        expect(piece?.bytes.length).toBeLessThan(PIECE_BYTES * 2);
        last = piece?.last ?? true;
      }
      expect(pieces).toBeGreaterThan(4);
    }
    const text = Buffer.from((await wholeAnswer(await ask(3_000, 1, "json"))).body).toString();
    const { batches } = JSON.parse(text) as { batches: { scopeSpans: { spans: { spanId: string }[] }[] }[] };
    const all = batches.flatMap(({ scopeSpans }) => scopeSpans.flatMap((one) => one.spans));
    const ids = all.map(({ spanId }) => Buffer.from(spanId, "base64").toString("hex"));
    expect(ids).toEqual(spans.slice(0, 3_000).map(({ spanId }) => spanId));
    expect(idsOf((await wholeAnswer(await ask(3_000, 1, "protobuf"))).body)).toEqual(ids);
  });

  it("is one message of the second version's, unless it has more than 4 MiB", async () => {
    const lengths: number[] = [];
    for (const count of [3_000, 12_000]) {
      const { body } = await wholeAnswer(await ask(count, 2, "protobuf"));
      const cursor = new Reader(body);
      const parts: Uint8Array[] = [];
      while (cursor.pos < cursor.len) {
        const tag = cursor.uint32();
        const bytes = cursor.bytes();
        if (tag === 0x0a) parts.push(bytes);
        else expect([tag, bytes.length]).toEqual([0x12, 0]);
      }
      lengths.push(parts.length);
      expect(parts[0]?.length).toBeLessThan(5 * 1024 * 1024);
      expect(idsOf(Buffer.concat(parts))).toEqual(spans.slice(0, count).map(({ spanId }) => spanId));
    }
    expect(lengths[0]).toBe(1);
    expect(lengths[1]).toBeGreaterThan(1);
  });
});

it("metrics of many steps come in pieces", async () => {
  const points = 5_000;
  const series = Array.from({ length: 4 }, (_, i) => ({
    by: [{ type: "int", value: BigInt(i) }] as const,
    values: Float64Array.from({ length: points }, (_step, at) => (at % 2 === 0 ? i : Number.NaN)),
  }));
  const result = { start: 0n, step: 1_000_000_000n, points, series, complete: true };
  const stage = { function: { name: "rate" }, by: [{ scope: "span", key: "n" }] } as const;
  const query = { filter: { op: "all" }, stage, start: 0n, end: 5_000_000_000_000n, step: 1_000_000_000n } as const;
  let pieces = 0;
  let text = "";
  const all = metricsPieces(query, result, false);
  for (let next = await all.next(); ; next = await all.next()) {
    text += Buffer.from(next.value).toString();
    pieces++;
    if (next.done === true) break;
  }
  expect(pieces).toBeGreaterThan(1);
  const answer = JSON.parse(text) as {
    series: { labels: unknown; samples: { timestampMs: string; value: number }[] }[];
  };
  expect(faultsOf("QueryRange", answer)).toEqual([]);
  expect(answer.series.map(({ samples }) => samples.length)).toEqual([2_500, 2_500, 2_500, 2_500]);
  expect(answer.series[3]?.samples[1]).toEqual({ timestampMs: "2000", value: 3 });
});
