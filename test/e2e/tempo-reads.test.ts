import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Collector, createCollector } from "../../src/app/collector.ts";
import { decodeTraces } from "../../src/codec/otlp/message/decode.ts";
import { encodeTraces } from "../../src/codec/otlp/message/encode.ts";
import facts from "../fixtures/facts.json" with { type: "json" };
import { replayAll } from "../support/recordings.ts";
import { faultsOf, type TempoMessage } from "../support/tempo-messages.ts";
import { MEANING_TRACE, MEANINGS } from "../support/traceql/meanings.ts";

/** Seconds since the epoch around all that is recorded. */
const RANGE = "start=1795388000&end=1795396000";
const SHOP = facts["node-shop"];

let collector: Collector;
beforeAll(async () => {
  collector = await createCollector();
  await replayAll(collector.endpoints.otlpHttp as string);
});
afterAll(() => collector?.shutdown());

async function ask(path: string, accept = "application/json", of = collector) {
  const response = await fetch(`${of.endpoints.tempo}${path}`, { headers: { accept } });
  const bytes = Buffer.from(await response.arrayBuffer());
  return { status: response.status, type: response.headers.get("content-type"), bytes, text: bytes.toString() };
}

/** An answer of that message, which a strict client takes. */
async function message<T>(name: TempoMessage, path: string, of = collector): Promise<T> {
  const { status, type, text } = await ask(path, undefined, of);
  expect(status, text).toBe(200);
  expect(type).toBe("application/json");
  const value = JSON.parse(text) as T;
  expect(faultsOf(name, value)).toEqual([]);
  return value;
}

interface FoundTrace {
  readonly traceID: string;
  readonly rootServiceName: string;
  readonly rootTraceName?: string;
  readonly startTimeUnixNano: string;
  readonly durationMs?: number;
  readonly spanSet: SpanSet;
  readonly spanSets: readonly SpanSet[];
  readonly serviceStats: Readonly<Record<string, { readonly spanCount: number; readonly errorCount?: number }>>;
}
interface SpanSet {
  readonly matched: number;
  readonly spans: readonly { readonly spanID: string; readonly name: string; readonly attributes?: Attributes }[];
  readonly attributes?: Attributes;
}
type Attributes = readonly { readonly key: string; readonly value: unknown }[];

async function search(params: Readonly<Record<string, string>>, of = collector): Promise<readonly FoundTrace[]> {
  const path = `/api/search?${new URLSearchParams(params)}`;
  return (await message<{ traces?: FoundTrace[] }>("SearchResponse", path, of)).traces ?? [];
}

describe("Tempo's search", () => {
  it("finds what is recorded, with what a strict client takes", async () => {
    const all = SHOP.allTraces.filter(({ errors }) => errors > 0).map(({ traceId }) => traceId);
    const q = '{ resource.service.name =~ "frontend|orders|inventory" && status = error }';
    const found = await search({ q, limit: "1000", spss: "2" });
    expect(found.map(({ traceID }) => traceID.padStart(32, "0")).sort()).toEqual(all.sort());
    for (const trace of found) {
      const facts = SHOP.allTraces.find(({ traceId }) => traceId.replace(/^0+/, "") === trace.traceID);
      expect(trace.startTimeUnixNano).toBe(facts?.startTimeUnixNano);
      expect(trace.durationMs ?? 0).toBe(Math.floor(Number(facts?.durationNano) / 1e6));
      expect(trace.spanSet).toEqual(trace.spanSets[0]);
      expect(trace.spanSet.matched).toBe(facts?.errors);
      expect(trace.spanSet.spans).toHaveLength(Math.min(2, trace.spanSet.matched));
      const errors = Object.values(trace.serviceStats).reduce((sum, { errorCount = 0 }) => sum + errorCount, 0);
      expect(errors).toBe(facts?.errors);
      expect(trace.spanSet.spans[0]?.attributes).toContainEqual({ key: "status", value: { stringValue: "error" } });
    }
    expect(await search({ q, limit: "2" })).toEqual(
      found.slice(0, 2).map((trace) => ({ ...trace, spanSet: expect.anything(), spanSets: expect.anything() })),
    );
  });

  it("takes tags in logfmt: parts of texts in any case, numbers as they are, each of some span", async () => {
    const tags = (text: string) => search({ tags: text, limit: "1000", start: "1795392000", end: "1795393000" });
    const ids = async (text: string) => new Set((await tags(text)).map(({ traceID }) => traceID));
    const orders = await ids("service.name=ORDER");
    expect(orders.size).toBe(SHOP.services.orders.traces);
    const failed = await ids('service.name="orders" error=true');
    expect(failed.size).toBeGreaterThan(0);
    for (const id of failed) expect(orders.has(id)).toBe(true);
    expect(failed.size).toBeLessThan(orders.size);
    expect((await ids("http.status_code=500")).size).toBeGreaterThan(0);
    expect((await ids("service.name=nobody")).size).toBe(0);
    expect((await ids("status.code=error")).size).toBe(
      (await search({ q: "{ status = error }", limit: "1000" })).length,
    );
    // Without anything else every parameter is a tag.
    const named = await message<{ traces: FoundTrace[] }>(
      "SearchResponse",
      "/api/search?service.name=orders&limit=1000",
    );
    expect(named.traces).toHaveLength(orders.size);
  });

  it("keeps to times and durations", async () => {
    const [newest, next] = await search({ limit: "2" });
    const second = Math.floor(Number(newest?.startTimeUnixNano) / 1e9);
    const later = await search({ q: "{ }", start: String(second), end: String(second + 1_000), limit: "1000" });
    expect(later[0]?.traceID).toBe(newest?.traceID);
    expect(next).toBeDefined();
    expect(await search({ q: "{ }", start: String(second + 1_000), end: String(second + 2_000) })).toEqual([]);
    const long = await search({ minDuration: "200ms", maxDuration: "1s", limit: "1000" });
    const facts = SHOP.allTraces.filter(({ durationNano: ns }) => Number(ns) >= 2e8 && Number(ns) <= 1e9);
    const ids = long.map(({ traceID }) => traceID.padStart(32, "0"));
    expect(ids).toEqual(expect.arrayContaining(facts.map(({ traceId }) => traceId)));
    for (const { durationMs } of long) expect(durationMs).toBeGreaterThanOrEqual(200);
    for (const { durationMs } of long) expect(durationMs).toBeLessThanOrEqual(1_000);
  });

  it("groups, counts, selects, and says so", async () => {
    const q = "{ } | by(resource.service.name) | count() > 2 | select(span.http.route, kind)";
    const [trace] = await search({ q, limit: "1", start: "1795392000", end: "1795392100" });
    for (const { attributes, matched } of trace?.spanSets ?? []) {
      expect(attributes).toEqual([
        { key: "by(resource.service.name)", value: { stringValue: expect.any(String) } },
        { key: "count()", value: { intValue: String(matched) } },
      ]);
    }
  });
});

describe("TraceQL through Tempo's API", () => {
  let other: Collector;
  beforeAll(async () => {
    other = await createCollector();
    const sent = await fetch(`${other.endpoints.otlpHttp}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/x-protobuf" },
      body: encodeTraces(MEANING_TRACE),
    });
    expect(sent.status).toBe(200);
  });
  afterAll(() => other?.shutdown());

  it.each(MEANINGS)("%s finds %s", async (q, names) => {
    const [trace, ...more] = await search({ q, spss: "10" }, other);
    expect(more).toEqual([]);
    const spans = (trace?.spanSets ?? []).flatMap((set) => set.spans.map(({ name }) => name));
    expect([...new Set(spans)].sort()).toEqual(names === "" ? [] : names.split(" ").sort());
  });

  it("tells status, kind and durations as Tempo does", async () => {
    const q = "{ event:timeSinceStart >= 10ms && kind = server } | select(status, event.message, span.code)";
    const [trace] = await search({ q }, other);
    expect(trace?.spanSet.spans[0]?.attributes).toEqual([
      { key: "event:timeSinceStart", value: { stringValue: expect.stringMatching(/^\d+ms$/) } },
      { key: "kind", value: { stringValue: "server" } },
      { key: "status", value: { stringValue: "error" } },
      { key: "message", value: { stringValue: "refused" } },
      { key: "code", value: { intValue: "500" } },
    ]);
  });
});

describe("one trace of Tempo's", () => {
  const { traceId, spans } = SHOP.allTraces.find((trace) => trace.links > 0) as (typeof SHOP.allTraces)[number];

  it("comes as JSON in both versions, with ids as bytes and names of enums", async () => {
    interface Otlp {
      scopeSpans: { spans: { traceId: string; kind: string; links?: { traceId: string }[] }[] }[];
    }
    const { batches } = await message<{ batches: Otlp[] }>("TraceV1", `/api/traces/${traceId}`);
    const all = batches.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
    expect(all).toHaveLength(spans);
    for (const one of all) expect(Buffer.from(one.traceId, "base64").toString("hex")).toBe(traceId);
    for (const one of all) expect(one.kind).toMatch(/^SPAN_KIND_[A-Z]+$/);
    expect(all.flatMap(({ links = [] }) => links).length).toBeGreaterThan(0);
    const v2 = await message<{ trace: { resourceSpans: Otlp[] } }>("TraceV2", `/api/v2/traces/${traceId}?${RANGE}`);
    expect(v2.trace.resourceSpans).toEqual(batches);
  });

  it("comes as protobuf, which the second version has within its response", async () => {
    const { type, bytes } = await ask(`/api/traces/${traceId.toUpperCase()}`, "application/protobuf");
    expect(type).toBe("application/protobuf");
    const v1 = decodeTraces(bytes).flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
    expect(v1).toHaveLength(spans);
    const v2 = await ask(`/api/v2/traces/${traceId}`, "application/protobuf");
    const parts = fieldsOf(v2.bytes);
    expect(parts.map(([field, value]) => [field, value.length])).toEqual([
      [1, bytes.length],
      [2, 0],
    ]);
    expect(parts[0]?.[1].equals(bytes)).toBe(true);
  });

  it("is 404 where it is not stored, and all zeros is no trace", async () => {
    for (const id of [SHOP.absent.traceId, "0", "1", "0".repeat(32)]) {
      for (const version of ["traces", "v2/traces"]) {
        expect(await ask(`/api/${version}/${id}`)).toMatchObject({ status: 404, text: "trace not found" });
      }
    }
  });
});

/** Length-delimited fields, as a reader of protobuf takes them apart. */
function fieldsOf(bytes: Buffer): [field: number, value: Buffer][] {
  const fields: [number, Buffer][] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes[at++] as number;
    expect(tag & 7).toBe(2);
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] as number;
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    fields.push([tag >> 3, bytes.subarray(at, at + length)]);
    at += length;
  }
  return fields;
}

describe("Tempo's tags", () => {
  interface Scopes {
    readonly scopes: readonly { readonly name: string; readonly tags: readonly string[] }[];
  }
  const scopesOf = async (query: string) =>
    (await message<Scopes>("TagNamesV2", `/api/v2/search/tags?${query}`)).scopes;

  it("are listed by scope", async () => {
    const all = await scopesOf(`limit=5000&${RANGE}`);
    expect(all.map(({ name }) => name)).toEqual(["event", "link", "resource", "span", "intrinsic"]);
    const [resource] = await scopesOf("scope=resource");
    expect(resource?.tags).toContain("service.name");
    expect(all.find(({ name }) => name === "resource")).toEqual(resource);
    expect((await scopesOf("scope=intrinsic"))[0]?.tags).toContain("rootServiceName");
    expect((await scopesOf("scope=span&limit=3"))[0]?.tags).toHaveLength(3);
    expect((await scopesOf("start=1&end=2&scope=none")).map(({ name }) => name)).toEqual(["intrinsic"]);
    const ofOne = await scopesOf(`scope=span&q=${encodeURIComponent('{ resource.service.name = "tg-http" }')}`);
    expect(ofOne[0]?.tags).toContain("error.type");
    expect(ofOne[0]?.tags).not.toContain("http.route");
    const { tagNames } = await message<{ tagNames: string[] }>("TagNames", "/api/search/tags?scope=resource");
    expect(tagNames).toEqual(resource?.tags);
    expect((await message<{ tagNames: string[] }>("TagNames", "/api/search/tags")).tagNames).not.toContain("rootName");
  });

  const valuesOf = async (tag: string, query = "") => {
    const path = `/api/v2/search/tag/${encodeURIComponent(tag)}/values?${query}`;
    const { tagValues = [] } = await message<{ tagValues?: { type: string; value: string }[] }>("TagValuesV2", path);
    return tagValues.map(({ type, value }) => `${type} ${value}`);
  };

  it("have values with their types, of the spans of a query", async () => {
    const services = await valuesOf("resource.service.name");
    expect(services).toEqual(expect.arrayContaining(["string frontend", "string orders", "string tg-wide"]));
    expect(await valuesOf(".service.name")).toEqual(services);
    // Encoded a second time, as Grafana's own server passes it on.
    expect(await valuesOf(encodeURIComponent("resource.service.name"))).toEqual(services);
    expect(await valuesOf("span.http.status_code")).toContain("int 500");
    const q = (text: string) => `q=${encodeURIComponent(text)}`;
    const failed = await valuesOf("resource.service.name", q("{ status = error }"));
    expect(failed).toEqual(expect.arrayContaining(["string orders"]));
    expect(failed).not.toContain("string tg-wide");
    // While somebody types only what is whole counts.
    expect(await valuesOf("resource.service.name", q("{ status = error && span.a = }"))).toEqual(failed);
    expect(await valuesOf("resource.service.name", q("{ span.a = "))).toEqual(services);
    expect(await valuesOf("status", q('{ resource.service.name = "tg-wide" }'))).toEqual(["keyword unset"]);
  });

  it("have the values of intrinsics", async () => {
    expect(await valuesOf("status")).toEqual(["keyword error", "keyword ok", "keyword unset"]);
    expect(await valuesOf("span:kind")).toHaveLength(6);
    expect(await valuesOf("duration")).toEqual([]);
    expect(await valuesOf("trace:id")).toEqual([]);
    const names = await valuesOf("name");
    const roots = await valuesOf("rootName");
    expect(roots.length).toBeGreaterThan(0);
    expect(roots.length).toBeLessThan(names.length);
    expect(names).toEqual(expect.arrayContaining(roots));
    expect(await valuesOf("rootServiceName")).toContain("string frontend");
    expect(await valuesOf("parent.name")).toEqual([]);
    const path = (tag: string) => `/api/search/tag/${tag}/values`;
    const legacy = await message<{ tagValues: string[] }>("TagValues", path("service.name"));
    expect(legacy.tagValues).toContain("orders");
    expect((await message<{ tagValues: string[] }>("TagValues", path("status.code"))).tagValues).toContain("error");
    expect(await message("TagValues", path("nobody.has.it"))).toEqual({ metrics: expect.anything() });
  });
});

describe("Tempo's metrics", () => {
  interface Range {
    readonly series: readonly {
      readonly labels: Attributes;
      readonly samples: readonly { readonly timestampMs: string; readonly value: number }[];
    }[];
  }
  interface Instant {
    readonly series?: readonly { readonly labels: Attributes; readonly value: number }[];
  }
  const at = (path: string, q: string, more = RANGE) => `/api/metrics/${path}?q=${encodeURIComponent(q)}&${more}`;
  const instant = async (q: string) => (await message<Instant>("QueryInstant", at("query", q))).series ?? [];

  it("count what is recorded", async () => {
    expect(await instant('{ resource.service.name = "orders" } | count_over_time()')).toEqual([
      { labels: [{ key: "__name__", value: { stringValue: "count_over_time" } }], value: SHOP.services.orders.spans },
    ]);
    const q = "{ } | count_over_time() by (resource.service.name, status)";
    const { series } = await message<Range>("QueryRange", at("query_range", q, `${RANGE}&step=60s`));
    const total = series.flatMap(({ samples }) => samples).reduce((sum, { value }) => sum + value, 0);
    expect(total).toBe(SHOP.spans + facts["python-shop"].spans + facts.telemetrygen.spans);
    for (const { labels, samples } of series) {
      expect(labels.map(({ key }) => key)).toEqual(["resource.service.name", "status"]);
      for (const { timestampMs } of samples) expect(Number(timestampMs) % 60_000).toBe(0);
    }
    const rates = await message<Range>("QueryRange", at("query_range", "{ } | rate()", `${RANGE}&step=100`));
    const [rate] = rates.series;
    expect(rate?.labels).toEqual([{ key: "__name__", value: { stringValue: "rate" } }]);
    expect((rate?.samples ?? []).reduce((sum, { value }) => sum + value * 100, 0)).toBeCloseTo(total);
  });

  it("have a series for each quantile and bucket, and a label for spans without a value", async () => {
    const quantiles = await instant("{ } | quantile_over_time(duration, 0.5, 0.99)");
    expect(quantiles.map(({ labels }) => labels)).toEqual([
      [{ key: "p", value: { doubleValue: 0.5 } }],
      [{ key: "p", value: { doubleValue: 0.99 } }],
    ]);
    expect(quantiles[0]?.value).toBeLessThan(quantiles[1]?.value as number);
    const buckets = await instant("{ } | histogram_over_time(duration)");
    for (const { labels } of buckets) {
      expect(labels).toEqual([{ key: "__bucket", value: { doubleValue: expect.any(Number) } }]);
    }
    const [nothing] = await instant("{ } | rate() by (span.nobody.has.it)");
    expect(nothing?.labels).toEqual([{ key: "span.nobody.has.it", value: { stringValue: "nil" } }]);
    expect(await instant("{ false } | rate() by (name)")).toEqual([]);
  });

  it("take times in all of Tempo's forms, and choose a step", async () => {
    const q = "{ } | count_over_time()";
    const count = async (more: string) =>
      (await message<Instant>("QueryInstant", at("query", q, more))).series?.[0]?.value;
    const all = await count(RANGE);
    expect(await count("start=1795388000000000000&end=1795396000000000000")).toBe(all);
    expect(await count("start=1795392000.5&end=2026-11-23T00:16:40Z")).toBeGreaterThan(0);
    const { series } = await message<Range>("QueryRange", at("query_range", q, "start=1795392000&end=1795395600"));
    const times = series.flatMap(({ samples }) => samples.map(({ timestampMs }) => Number(timestampMs)));
    expect((times[1] as number) - (times[0] as number)).toBe(15_000);
    const byOldName = `/api/metrics/query?query=${encodeURIComponent(q)}&${RANGE}`;
    expect((await message<Instant>("QueryInstant", byOldName)).series?.[0]?.value).toBe(all);
  });
});
