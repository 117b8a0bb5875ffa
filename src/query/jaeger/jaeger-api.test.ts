import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  batchOf,
  FIXTURES,
  type OtlpAttribute,
  type OtlpSpan,
  type OtlpValue,
  readFacts,
  readFixture,
  toModel,
} from "../../../test/support/query/fixture-traces.ts";
import { hostOf, MemoryReader } from "../../../test/support/query/memory-reader.ts";
import { type Served, serve } from "../../../test/support/query/serve.ts";
import { wholeAnswer } from "../../component/read.ts";
import { createJaegerRoutes } from "./routes.ts";
import { jaegerViews } from "./views.ts";

interface Tag {
  key: string;
  type: string;
  value: unknown;
}
interface JaegerSpan {
  traceID: string;
  spanID: string;
  flags: number;
  operationName: string;
  references: { refType: string; traceID: string; spanID: string }[];
  startTime: number;
  duration: number;
  tags: Tag[];
  logs: { timestamp: number; fields: Tag[] }[];
  processID: string;
  warnings: string[] | null;
}
interface JaegerTrace {
  traceID: string;
  spans: JaegerSpan[];
  processes: Record<string, { serviceName: string; tags: Tag[] }>;
  warnings: null;
}
interface Envelope<T> {
  data: T;
  total: number;
  limit: number;
  offset: number;
  errors: { code?: number; msg: string; traceID?: string }[] | null;
}

const requests = FIXTURES.flatMap(readFixture);
const facts = readFacts();
const allFacts = FIXTURES.flatMap((name) => facts[name].allTraces);
const reader = new MemoryReader(requests.map((request) => batchOf(toModel(request))));
const NOW = 1_795_400_000_000;
let served: Served;

beforeAll(async () => {
  served = await serve(createJaegerRoutes(hostOf(reader, jaegerViews), () => NOW));
});
afterAll(() => served.close());

async function get<T>(path: string): Promise<{ status: number; body: Envelope<T> }> {
  const response = await fetch(served.url + path);
  expect(response.headers.get("content-type")).toBe("application/json");
  expect(response.headers.get("etag")).toBeNull();
  return { status: response.status, body: (await response.json()) as Envelope<T> };
}

const { nPlusOne, error500, notFound } = facts["node-shop"].notable as Record<string, (typeof allFacts)[number]>;

describe("services and operations", () => {
  it("lists every service once, sorted, in the envelope", async () => {
    const { status, body } = await get<string[]>("/api/services");
    const names = [...new Set(allFacts.flatMap(({ services }) => Object.keys(services)))].sort();
    expect(status).toBe(200);
    expect(body).toEqual({ data: names, total: names.length, limit: 0, offset: 0, errors: null });
  });

  it("lists the operations of a service, by names alone and with kinds", async () => {
    const old = await get<string[]>("/api/services/orders/operations");
    expect(old.body.data).toContain("select :memory:.items");
    expect(new Set(old.body.data).size).toBe(old.body.data.length);
    expect(old.body.total).toBe(old.body.data.length);
    const all = await get<{ name: string; spanKind: string }[]>("/api/operations?service=orders");
    expect(all.body.data).toContainEqual({ name: "select :memory:.items", spanKind: "client" });
    const client = await get<{ name: string; spanKind: string }[]>("/api/operations?service=orders&spanKind=client");
    expect(client.body.data).toEqual(all.body.data.filter(({ spanKind }) => spanKind === "client"));
    expect(client.body.data.length).toBeGreaterThan(0);
  });

  it("takes service names that hold slashes, escaped or not, and percent signs", async () => {
    const asked: unknown[] = [];
    const host = {
      view: async (_name: string, params: unknown) => {
        asked.push(params);
        return { status: 200, contentType: "application/json", body: new TextEncoder().encode("{}") };
      },
    };
    const other = await serve(createJaegerRoutes(host));
    try {
      for (const path of ["a%2Fb%20c", "a/b%20c", "100%25"])
        await fetch(`${other.url}/api/services/${path}/operations`);
      const broken = await fetch(`${other.url}/api/services/%zz/operations`);
      expect(broken.status).toBe(400);
      expect(((await broken.json()) as Envelope<null>).errors?.[0]?.code).toBe(400);
    } finally {
      await other.close();
    }
    expect(asked.map((params) => (params as { service: string }).service)).toEqual(["a/b c", "a/b c", "100%"]);
  });

  it.each([
    ["/api/operations", "service"],
    ["/api/operations?service=orders&spanKind=sideways", "spanKind"],
  ])("refuses %s, naming the parameter", async (path, name) => {
    const { status, body } = await get<null>(path);
    expect(status).toBe(400);
    expect(body.data).toBeNull();
    expect(body.errors?.[0]).toMatchObject({ code: 400, msg: expect.stringContaining(`'${name}'`) });
  });
});

describe("one trace", () => {
  it("has every span, process, tag, log and reference of every recorded trace", async () => {
    for (const { traceId, spans: count } of allFacts) {
      const { status, body } = await get<JaegerTrace[]>(`/api/traces/${traceId}?raw=true`);
      expect(status).toBe(200);
      const trace = body.data[0] as JaegerTrace;
      expect(trace.traceID).toBe(traceId);
      const expected = expectedSpans(traceId);
      expect(trace.spans.length).toBe(count);
      expect(expected.length).toBe(count);
      const got = trace.spans.map(({ processID, ...span }) => ({ ...span, process: trace.processes[processID] }));
      expect(got).toEqual(expected);
    }
  });

  it("agrees with the facts about errors and services of the notable traces", async () => {
    for (const name of FIXTURES) {
      for (const { traceId, errors, services, events, links } of Object.values(facts[name].notable)) {
        const { body } = await get<JaegerTrace[]>(`/api/traces/${traceId}`);
        const { spans, processes } = body.data[0] as JaegerTrace;
        const failed = spans.filter(({ tags }) => tags.some(({ key, value }) => key === "error" && value === true));
        expect(failed.length).toBe(errors);
        expect(spans.reduce((sum, { logs }) => sum + logs.length, 0)).toBe(events);
        const followed = spans.flatMap(({ references }) => references.filter((it) => it.refType === "FOLLOWS_FROM"));
        expect(followed.length).toBe(links);
        for (const [service, counts] of Object.entries(services)) {
          const own = spans.filter(({ processID }) => processes[processID]?.serviceName === service);
          expect(own.length).toBe(counts.spans);
        }
      }
    }
  });

  it("keeps 64-bit integers exact, and says what JSON cannot", async () => {
    const id = facts["python-shop"].notable.attributeKinds?.traceId;
    const { body } = await get<JaegerTrace[]>(`/api/traces/${id}`);
    const tags = (body.data[0] as JaegerTrace).spans.flatMap((span) => span.tags);
    expect(tags).toContainEqual(expect.objectContaining({ type: "int64", value: "9223372036854775807" }));
    expect(tags).toContainEqual(expect.objectContaining({ type: "float64", value: "NaN" }));
    expect(tags.some(({ type }) => type === "binary")).toBe(true);
  });

  it("shows a negative duration as 0 with a warning", async () => {
    const id = facts["python-shop"].notable.skewedTimes?.traceId;
    const { body } = await get<JaegerTrace[]>(`/api/traces/${id}`);
    const warned = (body.data[0] as JaegerTrace).spans.filter(({ warnings }) => warnings !== null);
    expect(warned.map(({ duration, warnings }) => ({ duration, warnings }))).toEqual([
      { duration: 0, warnings: ["the span ends before it starts"] },
    ]);
  });

  it("is found by a short id in upper case, with start and end as hints", async () => {
    const short = allFacts.find(({ traceId }) => traceId.startsWith("00"))?.traceId ?? (nPlusOne?.traceId as string);
    const text = short.replace(/^0+/, "").toUpperCase();
    const { status, body } = await get<JaegerTrace[]>(`/api/traces/${text}?start=1&end=2`);
    expect(status).toBe(200);
    expect(body.data[0]?.traceID).toBe(short);
  });

  it("is a 404 in the envelope when unknown", async () => {
    const { status, body } = await get<null>("/api/traces/0123456789abcdef0123456789abcdef");
    expect(status).toBe(404);
    const errors = [{ code: 404, msg: "trace not found" }];
    expect(body).toEqual({ data: null, total: 0, limit: 0, offset: 0, errors });
  });

  it.each([
    ["/api/traces/xyz", "traceID"],
    ["/api/traces/0", "traceID"],
    [`/api/traces/${"1".repeat(33)}`, "traceID"],
    ["/api/traces/1?raw=perhaps", "raw"],
    ["/api/traces/1?start=yesterday", "start"],
  ])("refuses %s, naming the parameter", async (path, name) => {
    const { status, body } = await get<null>(path);
    expect(status).toBe(400);
    expect(body.errors?.[0]?.msg).toContain(`'${name}'`);
  });
});

describe("search", () => {
  it("answers Grafana's requests", async () => {
    const tags = encodeURIComponent(JSON.stringify({ "http.response.status_code": "500" }));
    const range = "start=1795392000000000&end=1795395600000000&lookback=custom";
    const path = `/api/traces?service=frontend&operation=GET%20%2Fapi%2Fboom&tags=${tags}&limit=20&${range}`;
    const { status, body } = await get<JaegerTrace[]>(path);
    expect(status).toBe(200);
    expect(body.data.map(({ traceID }) => traceID)).toEqual([error500?.traceId]);
    expect(body.data[0]?.spans.length).toBe(error500?.spans);
    const hinted = await get<JaegerTrace[]>(`/api/traces/${error500?.traceId}?start=1795392000000&end=1795395600000`);
    expect(hinted.body.data[0]?.spans.length).toBe(error500?.spans);
    const services = await get<string[]>("/api/services/frontend/operations");
    expect(services.body.data).toContain("GET /api/boom");
  });

  it("needs no service, limits to 20 newest traces by default", async () => {
    const { body } = await get<JaegerTrace[]>("/api/traces");
    expect(body.data.length).toBe(20);
    const newest = [...allFacts].sort((a, b) => (BigInt(a.startTimeUnixNano) > BigInt(b.startTimeUnixNano) ? -1 : 1));
    expect(new Set(body.data.map(({ traceID }) => traceID))).toEqual(
      new Set(newest.slice(0, 20).map(({ traceId }) => traceId)),
    );
  });

  it("finds by error tag, kind, duration and repeated tag=k:v", async () => {
    const failed = await get<JaegerTrace[]>("/api/traces?tag=error:true&limit=1000&service=frontend");
    const expected = allFacts.filter(({ services }) => (services.frontend?.errors ?? 0) > 0);
    expect(failed.body.data.length).toBe(expected.length);
    const slow = await get<JaegerTrace[]>("/api/traces?service=frontend&minDuration=1.5s&maxDuration=1m&limit=1000");
    expect(slow.body.data.length).toBeGreaterThan(0);
    for (const { spans } of slow.body.data) expect(spans.some(({ duration }) => duration >= 1_500_000)).toBe(true);
    const both = await get<JaegerTrace[]>(
      "/api/traces?tag=span.kind:server&tag=http.response.status_code:404&limit=1000&service=frontend",
    );
    expect(both.body.data.map(({ traceID }) => traceID)).toContain(notFound?.traceId);
  });

  it("returns the traces of repeated traceIDs, and names those that are missing", async () => {
    const missing = "0123456789abcdef0123456789abcdef";
    const path = `/api/traces?traceID=${nPlusOne?.traceId}&traceID=${missing}&traceID=${error500?.traceId}`;
    const { status, body } = await get<JaegerTrace[]>(path);
    expect(status).toBe(200);
    expect(body.data.map(({ traceID, spans }) => [traceID, spans.length])).toEqual([
      [nPlusOne?.traceId, nPlusOne?.spans],
      [error500?.traceId, error500?.spans],
    ]);
    expect(body.errors).toEqual([{ msg: "trace not found", traceID: missing }]);
  });

  it("says when the search was ended early", async () => {
    reader.complete = false;
    const { body } = await get<JaegerTrace[]>("/api/traces?limit=1");
    reader.complete = true;
    expect(body.data.length).toBe(1);
    expect(body.errors?.[0]?.msg).toContain("partial: the search ran out of time, searched back to");
  });

  it.each([
    ["limit=0", "limit"],
    ["limit=-5", "limit"],
    ["limit=many", "limit"],
    ["minDuration=5", "minDuration"],
    ["maxDuration=1day", "maxDuration"],
    ["minDuration=2s&maxDuration=1s", "maxDuration"],
    ["start=now", "start"],
    ["end=-1", "end"],
    ["start=1795395600000000&end=1795392000000000", "start"],
    ["tags=[1]", "tags"],
    ["tags=%7B%22a%22:%7B%7D%7D", "tags"],
    ["tag=novalue", "tag"],
    ["traceID=zz", "traceID"],
  ])("refuses %s, naming the parameter", async (query, name) => {
    const { status, body } = await get<null>(`/api/traces?${query}`);
    expect(status).toBe(400);
    expect(body.errors?.[0]?.code).toBe(400);
    expect(body.errors?.[0]?.msg).toContain(name);
  });
});

describe("the rest", () => {
  it("gives dependencies of the asked range, ms, optionally of one service", async () => {
    reader.links = [
      { parent: "a", child: "b", callCount: 3, errorCount: 1 },
      { parent: "c", child: "d", callCount: 1, errorCount: 0 },
    ];
    const { body } = await get<unknown[]>("/api/dependencies?endTs=1000000&lookback=400000");
    expect(body.data).toEqual([
      { parent: "a", child: "b", callCount: 3 },
      { parent: "c", child: "d", callCount: 1 },
    ]);
    expect(reader.askedRange).toEqual([600_000, 1_000_000]);
    const one = await get<unknown[]>("/api/dependencies?service=d");
    expect(one.body.data).toEqual([{ parent: "c", child: "d", callCount: 1 }]);
    expect(reader.askedRange).toEqual([NOW - 86_400_000, NOW]);
    expect((await get<null>("/api/dependencies?endTs=soon")).status).toBe(400);
  });

  it("transforms OTLP JSON to what it would show of it, once stored", async () => {
    const request = readFixture("python-shop")[2];
    const response = await fetch(`${served.url}/api/transform`, { method: "POST", body: JSON.stringify(request) });
    expect(response.status).toBe(200);
    const { data } = (await response.json()) as Envelope<JaegerTrace[]>;
    const spans = request?.resourceSpans.flatMap((it) => it.scopeSpans.flatMap((scope) => scope.spans)) ?? [];
    expect(
      data
        .flatMap((trace) => trace.spans)
        .map(({ spanID }) => spanID)
        .sort(),
    ).toEqual(spans.map(({ spanId }) => spanId).sort());
    expect(new Set(data.map(({ traceID }) => traceID)).size).toBe(data.length);
  });

  it("refuses to transform what is no OTLP JSON", async () => {
    for (const body of ["{", "", JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [{ name: "x" }] }] }] })]) {
      const response = await fetch(`${served.url}/api/transform`, { method: "POST", body });
      expect(response.status).toBe(400);
      expect(((await response.json()) as Envelope<null>).errors?.[0]?.msg).toMatch(/OTLP|usable id/);
    }
  });

  it("says clearly what it has no storage for", async () => {
    const archive = await fetch(`${served.url}/api/archive/1`, { method: "POST" });
    expect(archive.status).toBe(501);
  });
});

describe("metrics", () => {
  const starts = requests
    .flatMap(({ resourceSpans }) => resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)))
    .map(({ startTimeUnixNano }) => Number(BigInt(startTimeUnixNano) / 1_000_000n));
  const endTs = Math.max(...starts) + 60_000;
  const lookback = endTs - Math.min(...starts) + 120_000;

  interface Family {
    name: string;
    type: string;
    metrics: {
      labels: { name: string; value: string }[];
      metricPoints: { timestamp: string; gaugeValue: { doubleValue: number | string } }[];
    }[];
  }
  async function family(query: string): Promise<Family> {
    const range = `endTs=${endTs}&lookback=${lookback}&step=60000&ratePer=60000`;
    const response = await fetch(`${served.url}/api/metrics/${query}&${range}`);
    expect(response.status).toBe(200);
    return (await response.json()) as Family;
  }
  const numbers = ({ metricPoints }: Family["metrics"][number]) =>
    metricPoints.map(({ gaugeValue }) => gaugeValue.doubleValue).filter((value) => typeof value === "number");

  it("gives calls a second whose sum is the recorded spans, by kind, service and operation", async () => {
    const recorded = requests.flatMap(({ resourceSpans }) =>
      resourceSpans
        .filter(({ resource }) => resource?.attributes?.some(({ value }) => value?.stringValue === "orders"))
        .flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
    );
    for (const [spanKind, kind] of [
      ["server", 2],
      ["SPAN_KIND_CLIENT", 3],
    ] as const) {
      const wanted = recorded.filter((span) => span.kind === kind);
      expect(wanted.length).toBeGreaterThan(0);
      const { name, type, metrics } = await family(`calls?service=orders&spanKind=${spanKind}`);
      expect([name, type]).toEqual(["service_call_rate", "GAUGE"]);
      expect(metrics.map(({ labels }) => labels)).toEqual([[{ name: "service_name", value: "orders" }]]);
      const sum = metrics.flatMap(numbers).reduce((total, value) => total + value * 60, 0);
      expect(sum).toBeCloseTo(wanted.length, 6);
      const byOperation = await family(`calls?service=orders&spanKind=${spanKind}&groupByOperation=true`);
      expect(byOperation.name).toBe("service_operation_call_rate");
      expect(new Set(byOperation.metrics.map(({ labels }) => labels[0]?.value))).toEqual(
        new Set(wanted.map((span) => span.name)),
      );
    }
  });

  it("gives error shares, latencies in ms, and NaN where nothing was called", async () => {
    const errors = await family("errors?service=frontend&service=nobody");
    expect(errors.name).toBe("service_error_rate");
    expect(errors.metrics).toHaveLength(1);
    for (const value of errors.metrics.flatMap(numbers)) {
      expect(value).toBeGreaterThanOrEqual(0);
      expect(value).toBeLessThanOrEqual(1);
    }
    const latencies = await family("latencies?service=frontend&quantile=0.95");
    const [series] = latencies.metrics as [Family["metrics"][number]];
    expect(series.metricPoints.some(({ gaugeValue }) => gaugeValue.doubleValue === "NaN")).toBe(true);
    const longest = Math.max(...numbers(series));
    expect(longest).toBeGreaterThan(1);
    expect(longest).toBeLessThan(60_000);
    const times = series.metricPoints.map(({ timestamp }) => Date.parse(timestamp));
    expect(times.every((time, i) => i === 0 || time - (times[i - 1] as number) === 60_000)).toBe(true);
    expect(times.at(-1)).toBeGreaterThanOrEqual(endTs);
  });

  it("gives the smallest step in the envelope, and refuses what it cannot read, naming the parameter", async () => {
    expect((await get<number>("/api/metrics/minstep")).body).toMatchObject({ data: 60_000, errors: null });
    for (const [path, name] of [
      ["calls", "service"],
      ["latencies?service=a", "quantile"],
      ["latencies?service=a&quantile=1.5", "quantile"],
      ["calls?service=a&spanKind=sideways", "spanKind"],
      ["calls?service=a&step=0", "step"],
      ["calls?service=a&lookback=-5", "lookback"],
      ["calls?service=a&lookback=31536000000&step=60000", "step"],
    ] as const) {
      const { status, body } = await get<null>(`/api/metrics/${path}`);
      expect(status).toBe(400);
      expect(body.errors?.[0]?.msg).toContain(name);
    }
  });
});

/** What Jaeger's form of the recorded spans has to be, from the recorded JSON alone. */
function expectedSpans(traceId: string) {
  return requests.flatMap((request) =>
    request.resourceSpans.flatMap(({ resource, scopeSpans }) =>
      scopeSpans.flatMap(({ scope, spans }) =>
        spans
          .filter((span) => span.traceId === traceId)
          .map((span) => expectedSpan(span, resource?.attributes ?? [], scope?.name, scope?.version)),
      ),
    ),
  );
}

function expectedSpan(span: OtlpSpan, resource: OtlpAttribute[], scopeName?: string, scopeVersion?: string) {
  const derived: [string, string | boolean | undefined][] = [
    ["span.kind", { 2: "server", 3: "client", 4: "producer", 5: "consumer" }[span.kind ?? 0]],
    ["otel.status_code", [undefined, "OK", "ERROR"][span.status?.code ?? 0]],
    ["error", span.status?.code === 2 ? true : undefined],
    ["otel.status_description", span.status?.message],
    ["otel.scope.name", scopeName],
    ["otel.scope.version", scopeVersion],
    ["w3c.tracestate", span.traceState],
  ];
  const duration = BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano);
  const parent = span.parentSpanId ?? "";
  const service = resource.find(({ key }) => key === "service.name")?.value?.stringValue;
  return {
    traceID: span.traceId,
    spanID: span.spanId,
    flags: (span.flags ?? 0) & 1,
    operationName: span.name,
    references: [
      ...(parent === "" ? [] : [{ refType: "CHILD_OF", traceID: span.traceId, spanID: parent }]),
      ...(span.links ?? []).map((link) => ({ refType: "FOLLOWS_FROM", traceID: link.traceId, spanID: link.spanId })),
    ],
    startTime: Number(BigInt(span.startTimeUnixNano) / 1000n),
    duration: duration < 0n ? 0 : Number(duration / 1000n),
    tags: [
      ...tagsOf(span.attributes),
      ...derived.filter(([, value]) => value !== undefined && value !== "").map(plainTag),
    ],
    logs: (span.events ?? []).map((event) => ({
      timestamp: Number(BigInt(event.timeUnixNano) / 1000n),
      fields: [...tagsOf(event.attributes), plainTag(["event", event.name])],
    })),
    warnings: duration < 0n ? ["the span ends before it starts"] : null,
    process: { serviceName: service, tags: tagsOf(resource.filter(({ key }) => key !== "service.name")) },
  };
}

function plainTag([key, value]: [string, string | boolean | undefined]): Tag {
  return { key, type: typeof value === "boolean" ? "bool" : "string", value };
}

function tagsOf(attributes: OtlpAttribute[] = []): Tag[] {
  return attributes.map(({ key, value = {} }) => {
    if (value.boolValue !== undefined) return { key, type: "bool", value: value.boolValue };
    if (value.intValue !== undefined) {
      const exact = Number.isSafeInteger(Number(value.intValue));
      return { key, type: "int64", value: exact ? Number(value.intValue) : value.intValue };
    }
    if (value.doubleValue !== undefined) return { key, type: "float64", value: value.doubleValue };
    if (value.bytesValue !== undefined) return { key, type: "binary", value: value.bytesValue };
    return { key, type: "string", value: value.stringValue ?? plainText(value) };
  });
}

/** Lists and maps are JSON in a string, with every digit of their integers. */
function plainText(value: OtlpValue): string {
  return value.arrayValue === undefined && value.kvlistValue === undefined ? "" : plainJson(value);
}

function plainJson(value: OtlpValue): string {
  if (value.arrayValue !== undefined) return `[${(value.arrayValue.values ?? []).map(plainJson).join(",")}]`;
  if (value.kvlistValue !== undefined) {
    const pairs = (value.kvlistValue.values ?? []).map(
      (it) => `${JSON.stringify(it.key)}:${plainJson(it.value ?? {})}`,
    );
    return `{${pairs.join(",")}}`;
  }
  return (
    value.intValue ??
    JSON.stringify(value.stringValue ?? value.boolValue ?? value.doubleValue ?? value.bytesValue ?? null)
  );
}

describe("a large answer", () => {
  it("comes in pieces that join to the same JSON", async () => {
    const traceId = "9".repeat(32);
    const spans = Array.from({ length: 3_000 }, (_, i) => ({
      traceId,
      spanId: (i + 1).toString(16).padStart(16, "0"),
      name: `operation ${i}`,
      startTimeUnixNano: `${NOW}000000`,
      endTimeUnixNano: `${NOW}000001`,
      attributes: [{ key: "long", value: { stringValue: "x".repeat(200) } }],
    }));
    const large = new MemoryReader([batchOf(toModel({ resourceSpans: [{ scopeSpans: [{ spans }] }] } as never))]);
    const signal = new AbortController().signal;
    for (const view of ["jaeger.trace", "jaeger.traces"] as const) {
      const params = view === "jaeger.trace" ? { traceId } : { traceIds: [traceId, "8".repeat(32)] };
      const result = await jaegerViews[view](large, { ...params, raw: true } as never, signal);
      expect(result.rest).toBeDefined();
      expect(result.body.length).toBeLessThan(300_000);
      const { body } = await wholeAnswer(result);
      const { data, errors } = JSON.parse(Buffer.from(body).toString()) as Envelope<JaegerTrace[]>;
      expect(data[0]?.spans.map(({ operationName }) => operationName)).toEqual(spans.map(({ name }) => name));
      expect(errors === null).toBe(view === "jaeger.trace");
    }
  });
});
