import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  batchOf,
  FIXTURES,
  type OtlpRequest,
  type OtlpSpan,
  readFacts,
  readFixture,
  toModel,
} from "../../../test/support/query/fixture-traces.ts";
import { hostOf, MemoryReader } from "../../../test/support/query/memory-reader.ts";
import { type Served, serve } from "../../../test/support/query/serve.ts";
import { hexToBytes } from "../../model/ids.ts";
import type { TraceQuery } from "../../model/trace-query.ts";
import { firstErrorRow } from "../analysis/first-error-row.ts";
import { createJaegerRoutes } from "../jaeger/routes.ts";
import type {
  UiDependenciesResponse,
  UiErrorResponse,
  UiHeatMap,
  UiLinkedFromResponse,
  UiRedResponse,
  UiSearchResponse,
  UiServicesResponse,
  UiSpanPlace,
  UiSpanResponse,
  UiTraceSearchResponse,
  UiTraceSummary,
} from "./api-types.ts";
import { COLUMNS_CONTENT_TYPE, columnIdHex, decodeTraceColumns } from "./columns-format.ts";
import { firstError } from "./first-error.ts";
import { createUiRoutes } from "./routes.ts";
import { uiViews } from "./views.ts";

const requests = FIXTURES.flatMap(readFixture);
const facts = readFacts();
const node = facts["node-shop"].notable;
const python = facts["python-shop"].notable;
const SHARED = "5".repeat(32);
const shared: OtlpRequest = {
  resourceSpans: [3, 2].map((kind) => ({
    resource: { attributes: [{ key: "service.name", value: { stringValue: kind === 3 ? "front" : "back" } }] },
    schemaUrl: "https://example.org/resource",
    scopeSpans: [
      {
        scope: { name: "lib", version: "1", attributes: [{ key: "a", value: {} }] },
        schemaUrl: "https://example.org/scope",
        spans: [
          {
            traceId: SHARED,
            spanId: "00000000000000ab",
            name: "call",
            kind,
            startTimeUnixNano: "9007199254740993",
            endTimeUnixNano: "9007199254740992",
            traceState: "k=v",
            flags: 257,
            attributes: [
              { key: "int", value: { intValue: "9223372036854775807" } },
              { key: "nan", value: { doubleValue: "NaN" } },
              { key: "half", value: { doubleValue: 0.5 } },
              { key: "bytes", value: { bytesValue: "AQID" } },
              { key: "list", value: { arrayValue: { values: [{ boolValue: true }, {}] } } },
              { key: "map", value: { kvlistValue: { values: [{ key: "x", value: { stringValue: "Deep" } }] } } },
            ],
            droppedAttributesCount: 2,
            events: [
              { timeUnixNano: "7", name: "Boom", attributes: [{ key: "why", value: { stringValue: "Ünlucky" } }] },
            ],
            links: [{ traceId: "6".repeat(32), spanId: "7".repeat(16), traceState: "l=m", flags: 1 }],
            status: { code: 2, message: "it broke" },
          },
        ],
      },
    ],
  })),
};
const reader = new MemoryReader([...requests, shared].map((request) => batchOf(toModel(request))));
const NOW = 1_795_400_000_000;
let served: Served;

beforeAll(async () => {
  const jaeger = createJaegerRoutes(hostOf(reader, {}));
  served = await serve(
    jaeger,
    createUiRoutes(hostOf(reader, uiViews), () => NOW),
  );
});
afterAll(() => served.close());

async function get<T>(path: string): Promise<{ status: number; body: T }> {
  const response = await fetch(`${served.url}/api/ui${path}`);
  expect(response.headers.get("content-type")).toBe("application/json");
  return { status: response.status, body: (await response.json()) as T };
}

async function columnsOf(traceId: string) {
  const response = await fetch(`${served.url}/api/ui/traces/${traceId}/columns`);
  expect(response.headers.get("content-type")).toBe(COLUMNS_CONTENT_TYPE);
  return decodeTraceColumns(await response.arrayBuffer());
}

it("sends the columns of a trace, compressed for clients that take it", async () => {
  const columns = await columnsOf(node.fanOut?.traceId as string);
  expect(columns.count).toBe(170);
  expect(columns.services).toEqual(["frontend", "inventory"]);
});

describe("linked from", () => {
  it("lists the spans that link to the trace, each once for each span it links to", async () => {
    const { body } = await get<UiLinkedFromResponse>(`/traces/${"6".repeat(32)}/linked-from`);
    expect(body.complete).toBe(true);
    expect(body.spans.map(({ service }) => service)).toEqual(["front", "back"]);
    expect(body.spans[0]).toEqual({
      traceId: SHARED,
      spanId: "00000000000000ab",
      service: "front",
      name: "call",
      startTimeUnixNano: "9007199254740993",
      toSpanId: "7".repeat(16),
    });
  });

  it("is empty where nothing links to the trace", async () => {
    const { body } = await get<UiLinkedFromResponse>(`/traces/${SHARED}/linked-from`);
    expect(body).toEqual({ spans: [], complete: true });
  });
});

describe("span detail", () => {
  it("has everything of both spans that share an id, with types", async () => {
    const { body } = await get<UiSpanResponse>(`/traces/${SHARED}/spans/AB`);
    expect(body.spans.map(({ kind, service }) => [kind, service])).toEqual([
      ["client", "front"],
      ["server", "back"],
    ]);
    expect(body.spans[0]).toEqual({
      traceId: SHARED,
      spanId: "00000000000000ab",
      parentSpanId: "",
      traceState: "k=v",
      flags: 257,
      service: "front",
      name: "call",
      kind: "client",
      startTimeUnixNano: "9007199254740993",
      endTimeUnixNano: "9007199254740992",
      durationNano: "-1",
      status: { code: "error", message: "it broke" },
      errorText: "it broke",
      attributes: [
        { key: "int", type: "int", value: "9223372036854775807" },
        { key: "nan", type: "double", value: "NaN" },
        { key: "half", type: "double", value: 0.5 },
        { key: "bytes", type: "bytes", value: "AQID" },
        {
          key: "list",
          type: "array",
          value: [
            { type: "bool", value: true },
            { type: "empty", value: null },
          ],
        },
        { key: "map", type: "kvlist", value: [{ key: "x", type: "string", value: "Deep" }] },
      ],
      droppedAttributesCount: 2,
      events: [
        {
          timeUnixNano: "7",
          name: "Boom",
          attributes: [{ key: "why", type: "string", value: "Ünlucky" }],
          droppedAttributesCount: 0,
        },
      ],
      droppedEventsCount: 0,
      links: [
        {
          traceId: "6".repeat(32),
          spanId: "7".repeat(16),
          traceState: "l=m",
          flags: 1,
          attributes: [],
          droppedAttributesCount: 0,
        },
      ],
      droppedLinksCount: 0,
      resource: {
        attributes: [{ key: "service.name", type: "string", value: "front" }],
        droppedAttributesCount: 0,
        schemaUrl: "https://example.org/resource",
      },
      scope: {
        name: "lib",
        version: "1",
        attributes: [{ key: "a", type: "empty", value: null }],
        droppedAttributesCount: 0,
        schemaUrl: "https://example.org/scope",
      },
      marks: ["the span ends before it starts"],
      otlp: { resourceSpans: [shared.resourceSpans[0]] },
    });
  });

  it("takes a kind by name or number", async () => {
    for (const kind of ["server", "2"]) {
      const { body } = await get<UiSpanResponse>(`/traces/${SHARED}/spans/ab?kind=${kind}`);
      expect(body.spans.map(({ service }) => service)).toEqual(["back"]);
    }
  });

  it("says what the span of a link is called, and of one that is not stored that it is not", async () => {
    const place = async (path: string) => (await get<UiSpanPlace>(`/traces/${path}/place`)).body;
    expect(await place(`${SHARED}/spans/AB`)).toEqual({ traceStored: true, span: { service: "front", name: "call" } });
    expect(await place(`${SHARED}/spans/ac`)).toEqual({ traceStored: true });
    expect(await place(`${"4".repeat(32)}/spans/ab`)).toEqual({ traceStored: false });
  });

  it("gives every recorded span back as it was recorded", async () => {
    const { traceId } = python.attributeKinds as { traceId: string };
    const recorded = spansOf(traceId);
    for (const span of recorded) {
      const { body } = await get<UiSpanResponse>(`/traces/${traceId}/spans/${span.spanId}`);
      const otlp = body.spans[0]?.otlp as OtlpRequest;
      expect(otlp.resourceSpans[0]?.scopeSpans[0]?.spans).toEqual([span]);
    }
    expect(recorded.length).toBe(2);
  });

  it.each([
    [`/traces/${SHARED}/spans/ac`, 404, "not_found"],
    [`/traces/${SHARED}/spans/ab?kind=5`, 404, "not_found"],
    [`/traces/${"4".repeat(32)}/spans/ab`, 404, "not_found"],
    [`/traces/${SHARED}/spans/nope`, 400, "bad_request"],
    [`/traces/${SHARED}/spans/nope/place`, 400, "bad_request"],
    [`/traces/${SHARED}/spans/ab?kind=best`, 400, "bad_request"],
  ])("%s is a %d", async (path, status, code) => {
    const got = await get<UiErrorResponse>(path);
    expect(got.status).toBe(status);
    expect(got.body.error.code).toBe(code);
  });
});

describe("find in trace", () => {
  const find = async (traceId: string, text: string) =>
    (await get<UiTraceSearchResponse>(`/traces/${traceId}/search?q=${encodeURIComponent(text)}`)).body;

  it.each([
    ["call"],
    ["CALL"],
    ["front"],
    ["map"],
    ["deep"],
    ["9223372036854775807"],
    ["3372036"],
    ["nan"],
    ["0.5"],
    ["AQID"],
    ["true"],
    ["boom"],
    ["ünlucky"],
    ["nlucky"],
    ["it broke"],
    ["00000000000000ab"],
    ["6".repeat(32)],
  ])("finds %s", async (text) => {
    const { rows, spanIds } = await find(SHARED, text);
    expect(rows).toEqual(text === "front" ? [0] : [0, 1]);
    expect(spanIds.every((id) => id === "00000000000000ab")).toBe(true);
  });

  it.each(["absent", "false", "0.25", "12345", "é"])("does not find %s", async (text) => {
    expect((await find(SHARED, text)).rows).toEqual([]);
  });

  it("finds in recorded traces what a full scan of the recorded JSON finds, as rows of the columns", async () => {
    const { traceId } = node.fanOut as { traceId: string };
    const columns = await columnsOf(traceId);
    for (const text of [
      "inventory",
      "dashboard",
      "GET",
      "200",
      "500",
      "server.address",
      "EXPRESS",
      "127.0.0.1",
      "exception",
    ]) {
      const expected = spansOf(traceId)
        .filter((span) => holdsText(span, serviceOfSpan(span), text))
        .map(({ spanId }) => spanId);
      const { rows, spanIds } = await find(traceId, text);
      expect([...spanIds].sort(), text).toEqual(expected.sort());
      expect(spanIds).toEqual(rows.map((row) => columnIdHex(columns.spanIds, row * 8, 8)));
      expect(rows).toEqual([...rows].sort((a, b) => a - b));
    }
  });

  it("wants a text", async () => {
    for (const path of ["search", "search?q=", `search?q=${"x".repeat(1001)}`]) {
      const { status, body } = await get<UiErrorResponse>(`/traces/${SHARED}/${path}`);
      expect(status).toBe(400);
      expect(body.error.message).toContain("'q'");
    }
  });
});

describe("search", () => {
  it("agrees with the page of every recorded trace on where it went wrong first, and says something", async () => {
    const failed = FIXTURES.flatMap((name) => facts[name].allTraces).filter(({ errors }) => errors > 0);
    expect(failed.length).toBeGreaterThan(30);
    for (const { traceId } of failed) {
      const fragments = await reader.trace(hexToBytes(traceId) as Uint8Array);
      const listed = firstError(fragments);
      const response = await fetch(`${served.url}/api/ui/traces/${traceId}/columns`);
      const page = decodeTraceColumns(await response.arrayBuffer());
      const row = firstErrorRow(page) as number;
      const spanId = columnIdHex(page.spanIds, row * 8, 8);
      const { body } = await get<UiSpanResponse>(`/traces/${traceId}/spans/${spanId}`);
      expect(listed).toMatchObject({ spanId, name: page.names[page.name[row] as number] });
      expect(body.spans[0]?.errorText.replace(/\s+/g, " ")).toContain(listed?.text.replace(/…$/, ""));
      expect(listed?.text).not.toBe("");
    }
  });

  it("gives summaries with exact times, and pages through all of them", async () => {
    const seen: string[] = [];
    let next: string | undefined = "";
    while (next !== undefined) {
      const { body }: { body: UiSearchResponse } = await get(`/search?service=catalog&limit=30&after=${next}`);
      for (const trace of body.traces) {
        const fact = facts["python-shop"].allTraces.find(({ traceId }) => traceId === trace.traceId);
        expect(trace).toMatchObject({
          startTimeUnixNano: fact?.startTimeUnixNano,
          durationNano: fact?.durationNano,
          spanCount: fact?.spans,
          errorCount: fact?.errors,
        });
        seen.push(trace.traceId);
      }
      expect(body.complete).toBe(true);
      next = body.next;
    }
    const expected = facts["python-shop"].allTraces.filter(({ services }) => "catalog" in services);
    expect(seen.sort()).toEqual(expected.map(({ traceId }) => traceId).sort());
  });

  it.each([
    ["longest", (a, b) => Number(BigInt(b.durationNano) - BigInt(a.durationNano))],
    ["shortest", (a, b) => Number(BigInt(a.durationNano) - BigInt(b.durationNano))],
    ["errors", (a, b) => b.errorCount - a.errorCount],
    ["spans", (a, b) => b.spanCount - a.spanCount],
  ] satisfies [string, (a: UiTraceSummary, b: UiTraceSummary) => number][])(
    "puts all traces in order, %s first, page by page",
    async (order, compare) => {
      const traces: UiTraceSummary[] = [];
      let next: string | undefined = "";
      while (next !== undefined) {
        const { body }: { body: UiSearchResponse } = await get(`/search?order=${order}&limit=40&after=${next}`);
        traces.push(...body.traces);
        next = body.next;
      }
      const { body } = await get<UiSearchResponse>("/search?count=true");
      expect(new Set(traces.map(({ traceId }) => traceId)).size).toBe(body.total?.traces);
      expect(traces).toEqual(traces.toSorted(compare));
    },
  );

  it("refuses an order that it does not know, and a page of another order", async () => {
    const unknown = await get<UiErrorResponse>("/search?order=slowest");
    expect(unknown.status).toBe(400);
    expect(unknown.body.error.message).toContain("'order'");
    expect(unknown.body.error.message).toContain("longest");
    const { body } = await get<UiSearchResponse>("/search?limit=1");
    const other = await get<UiErrorResponse>(`/search?limit=1&order=longest&after=${body.next}`);
    expect(other.status).toBe(400);
    expect(other.body.error.message).toContain("'after'");
  });

  it("passes the wish for a total on, and the total back", async () => {
    const total = { traces: 123, exact: false };
    const host = hostOf(
      Object.assign(Object.create(reader) as MemoryReader, {
        find: async ({ count }: TraceQuery) => ({ traces: [], complete: true, ...(count ? { total } : {}) }),
      }),
      uiViews,
    );
    const counting = await serve(createUiRoutes(host));
    try {
      for (const [query, expected] of [
        ["count=true", total],
        ["count=false", undefined],
        ["", undefined],
      ] as const) {
        const response = await fetch(`${counting.url}/api/ui/search?${query}`);
        expect(((await response.json()) as UiSearchResponse).total).toEqual(expected);
      }
    } finally {
      await counting.close();
    }
  });

  it("says when it is not complete", async () => {
    reader.complete = false;
    const { body } = await get<UiSearchResponse>("/search?limit=1");
    reader.complete = true;
    expect(body).toMatchObject({ complete: false, searchedBackToUnixNano: "5" });
  });

  it("draws a heat map of the traces that match", async () => {
    const { body: search } = await get<UiSearchResponse>("/search?service=frontend&limit=1000&minTraceDuration=50ms");
    const asked = "service=frontend&minTraceDuration=50ms&columns=9&rows=3";
    const { body } = await get<UiHeatMap>(`/heatmap?${asked}`);
    const failed = search.traces.filter(({ errorCount }) => errorCount > 0).length;
    expect(body).toMatchObject({ columns: 9, rows: 3, traces: search.traces.length, failed, complete: true });
    expect(body.cells.reduce((sum, [, , traces]) => sum + traces, 0)).toBe(search.traces.length);
    expect(body.leastNano).toBe(10_000_000);
    expect(search.traces.every(({ durationNano }) => Number(durationNano) >= 50e6)).toBe(true);
    const wrong = await get<UiErrorResponse>("/heatmap?columns=0");
    expect(wrong.status).toBe(400);
    expect(wrong.body.error.message).toContain("'columns'");
  });

  it("says so where the store makes no heat maps", async () => {
    const plain = Object.assign(Object.create(reader) as MemoryReader, { heat: undefined });
    const other = await serve(createUiRoutes(hostOf(plain, uiViews)));
    try {
      const response = await fetch(`${other.url}/api/ui/heatmap`);
      expect(response.status).toBe(400);
      expect(((await response.json()) as UiErrorResponse).error.message).toBe("this store makes no heat maps");
    } finally {
      await other.close();
    }
  });

  it("refuses bad parameters by name", async () => {
    const { status, body } = await get<UiErrorResponse>("/search?minDuration=fast");
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ code: "bad_request", message: expect.stringContaining("'minDuration'") });
  });
});

it("lists services with their operations", async () => {
  const { body } = await get<UiServicesResponse>("/services");
  const names = facts.telemetrygen.allTraces.flatMap(({ services }) => Object.keys(services));
  expect(body.services.map(({ name }) => name)).toEqual(expect.arrayContaining(names));
  // In the order in which they came, each by a place of its own.
  const places = body.services.map(({ place }) => place).sort((a, b) => Number(a) - Number(b));
  expect(places).toEqual(body.services.map((_, i) => i));
  const back = body.services.find(({ name }) => name === "back");
  expect(back?.operations).toEqual([{ name: "call", kind: "server" }]);
});

it("gives dependencies with errors, of the last day unless asked otherwise", async () => {
  reader.links = [{ parent: "a", child: "b", callCount: 3, errorCount: 1 }];
  const { body } = await get<UiDependenciesResponse>("/dependencies");
  expect(body).toEqual({ startMs: NOW - 86_400_000, endMs: NOW, links: reader.links });
  const asked = await get<UiDependenciesResponse>("/dependencies?start=5&end=10");
  expect(asked.body).toMatchObject({ startMs: 5, endMs: 10 });
  expect((await get("/dependencies?start=10&end=5")).status).toBe(400);
});

describe("download", () => {
  it("gives a trace as OTLP JSON, span for span as recorded", async () => {
    const { traceId } = python.limits as { traceId: string };
    const response = await fetch(`${served.url}/api/ui/traces/${traceId}/download`);
    expect(response.headers.get("content-disposition")).toBe(`attachment; filename="trace-${traceId}.otlp.json"`);
    const otlp = (await response.json()) as OtlpRequest;
    const got = otlp.resourceSpans.flatMap((it) => it.scopeSpans.flatMap(({ spans }) => spans));
    const byId = (a: OtlpSpan, b: OtlpSpan) => (a.spanId < b.spanId ? -1 : 1);
    expect(got.sort(byId)).toEqual(spansOf(traceId).sort(byId));
  });

  it("gives a trace in Jaeger's form, ids as they are", async () => {
    const response = await fetch(`${served.url}/api/ui/traces/${SHARED}/download?format=jaeger`);
    const { data } = (await response.json()) as { data: { traceID: string; spans: { spanID: string }[] }[] };
    expect(data[0]?.spans.map(({ spanID }) => spanID)).toEqual(["00000000000000ab", "00000000000000ab"]);
  });

  it("refuses other formats, and answers an error without a file name", async () => {
    const response = await fetch(`${served.url}/api/ui/traces/${SHARED}/download?format=xml`);
    expect(response.status).toBe(400);
    expect(response.headers.get("content-disposition")).toBeNull();
  });
});

it.each([
  ["/search?servce=shop", "unknown parameter 'servce'; did you mean 'service'?"],
  ["/facets?service=shop&limitt=3", "unknown parameter 'limitt'; did you mean 'limit'?"],
  ["/explain-selection?selected.error=true", "unknown parameter 'selected.error'; did you mean 'selected.errors'?"],
  ["/search?service=shop&service=cart", "parameter 'service' comes more than once; expected one value"],
  ["/red?lookback=1h", "unknown parameter 'lookback'; expected start, end, step, service, kind"],
  [`/traces/${SHARED}/columns?raw=true`, "unknown parameter 'raw'; this resource takes none"],
])("refuses what nothing reads: %s", async (path, message) => {
  const { status, body } = await get<UiErrorResponse>(path);
  expect([status, body.error]).toEqual([400, { code: "bad_request", message }]);
});

it("answers unknown paths and unknown traces in JSON", async () => {
  const path = await get<UiErrorResponse>("/nothing");
  expect(path.status).toBe(404);
  expect(path.body.error.message).toContain("/api/ui/nothing");
  const trace = await get<UiErrorResponse>(`/traces/${"4".repeat(32)}/columns`);
  expect(trace.status).toBe(404);
  const broken = await get<UiErrorResponse>("/traces/%zz/columns");
  expect(broken.status).toBe(400);
});

function* recorded(): Generator<{ span: OtlpSpan; service: string }> {
  for (const request of requests) {
    for (const { resource, scopeSpans } of request.resourceSpans) {
      const service = resource?.attributes?.find(({ key }) => key === "service.name")?.value?.stringValue ?? "";
      for (const { spans } of scopeSpans) for (const span of spans) yield { span, service };
    }
  }
}

function spansOf(traceId: string): OtlpSpan[] {
  return [...recorded()].map(({ span }) => span).filter((span) => span.traceId === traceId);
}

function serviceOfSpan(wanted: OtlpSpan): string {
  return [...recorded()].find(({ span }) => span === wanted)?.service ?? "";
}

function holdsText(span: OtlpSpan, service: string, text: string): boolean {
  const { attributes = [], events = [] } = span;
  const all = [...attributes, ...events.flatMap((event) => event.attributes ?? [])];
  const texts = [
    span.name ?? "",
    service,
    span.status?.message ?? "",
    ...events.map(({ name }) => name ?? ""),
    ...all.flatMap(({ key, value }) => [
      key,
      ...Object.values(value ?? {}).map((it) => (typeof it === "object" ? JSON.stringify(it) : String(it))),
    ]),
  ];
  return texts.some((it) => it.toLowerCase().includes(text.toLowerCase()));
}

describe("rate, errors and duration", () => {
  const spans = requests.flatMap(({ resourceSpans }) =>
    resourceSpans.flatMap(({ resource, scopeSpans }) =>
      scopeSpans.flatMap((scope) =>
        scope.spans.map((span) => ({
          span,
          service: resource?.attributes?.find(({ key }) => key === "service.name")?.value?.stringValue,
        })),
      ),
    ),
  );
  const times = spans.map(({ span }) => Number(BigInt(span.startTimeUnixNano) / 1_000_000n));
  const range = `start=${Math.min(...times)}&end=${Math.max(...times) + 1}`;
  const total = (list: readonly number[]) => list.reduce((sum, value) => sum + value, 0);

  it("sums up the calls of every service, and of one by operation", async () => {
    const { body } = await get<UiRedResponse>(`/red?${range}`);
    expect(body.operations).toEqual([]);
    const entry = spans.filter(({ span }) => span.kind === 2 || span.kind === 5);
    for (const row of body.services) {
      const own = entry.filter(({ service }) => service === row.service);
      const counted = own.length > 0 ? own : spans.filter(({ service }) => service === row.service);
      expect(row).toMatchObject({ calls: counted.length, spans: counted.length, unscaledSpans: counted.length });
      expect(row.errors).toBe(counted.filter(({ span }) => span.status?.code === 2).length);
      expect(row.series.calls).toHaveLength(body.points);
      expect(total(row.series.calls)).toBe(row.calls);
      expect(row.p50Nano as number).toBeLessThanOrEqual(row.p99Nano as number);
    }
    expect(body.services.map(({ service }) => service)).toEqual([...new Set(spans.map((it) => it.service))].sort());
    const orders = await get<UiRedResponse>(`/red?${range}&service=orders&kind=client`);
    const client = spans.filter(({ service, span }) => service === "orders" && span.kind === 3);
    expect(total(orders.body.operations.map(({ calls }) => calls))).toBe(client.length);
    expect(orders.body.operations.every(({ kinds }) => kinds.join() === "client")).toBe(true);
    expect(orders.body.services).toHaveLength(1);
  });

  it("divides by the time that was counted: whole points, the last one until now", async () => {
    const past = await get<UiRedResponse>(`/red?start=${NOW - 7_200_000}&end=${NOW - 3_600_000 - 17_000}&step=60000`);
    const { startMs, points, stepMs, coveredEndMs } = past.body;
    expect(coveredEndMs).toBe(startMs + points * stepMs);
    expect(coveredEndMs).toBeGreaterThan(NOW - 3_600_000 - 17_000);
    const { body } = await get<UiRedResponse>(`/red?start=${NOW - 3_600_000}&end=${NOW}&step=600000`);
    expect(body.coveredEndMs).toBe(Math.min(NOW, body.startMs + body.points * body.stepMs));
  });

  it("is of the last hour in points of a minute unless asked otherwise", async () => {
    const { body } = await get<UiRedResponse>("/red");
    expect(body).toMatchObject({ endMs: NOW, stepMs: 60_000, services: [] });
    expect(NOW - body.startMs).toBeGreaterThanOrEqual(3_600_000);
    for (const query of ["start=10&end=10", "kind=odd", "step=0", "start=0&end=999999999999&step=60000"]) {
      expect((await get<UiErrorResponse>(`/red?${query}`)).status).toBe(400);
    }
  });
});
