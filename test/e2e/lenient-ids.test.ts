import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Collector, createCollector } from "../../src/app/collector.ts";
import { encodeTraces } from "../../src/codec/otlp/message/encode.ts";
import { decodeTraceColumns } from "../../src/query/ui/columns-format.ts";
import { createTestCollector } from "../../src/testing/testing.ts";
import { eventually } from "../support/eventually.ts";
import { serviceWith, spanWith } from "../support/otlp-spans.ts";
import { tempFolder } from "../support/storage/rig.ts";

const NOW = Date.now();
const START = BigInt(NOW - 60_000) * 1_000_000n;
const WHOLE = "463ac35c9f6413ad48485a3953bb6124";
const HALF = "48485a3953bb6124";
const PADDED = HALF.padStart(32, "0");
const CALLER = "00000000000000a1";
const CALLED = "00000000000000a2";

/** The first hop sends OTLP with 128 bits; the one after it knows 64, and sends Zipkin's JSON. */
async function send(collector: Collector): Promise<void> {
  const times = { startTimeUnixNano: START, endTimeUnixNano: START + 30_000_000n };
  const otlp = await fetch(`${collector.endpoints.otlpHttp}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/x-protobuf" },
    body: encodeTraces([
      serviceWith("front", [spanWith({ ...times, traceId: WHOLE, spanId: CALLER, name: "GET /", kind: 3 })]),
    ]),
  });
  expect(otlp.status).toBe(200);
  const zipkin = await fetch(`${zipkinUrl(collector)}api/v2/spans`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify([
      {
        traceId: HALF,
        id: CALLED,
        parentId: CALLER,
        name: "list",
        kind: "SERVER",
        timestamp: (NOW - 60_000) * 1000 + 1_000,
        duration: 10_000,
        localEndpoint: { serviceName: "back" },
      },
    ]),
  });
  expect(zipkin.status).toBe(202);
}

function zipkinUrl(collector: Collector): string {
  return `http://${collector.endpoints.receivers.find(({ receiver }) => receiver === "zipkin")?.listensOn}/`;
}

async function json<T>(url: string): Promise<T> {
  const response = await fetch(url);
  expect(response.status, url).toBe(200);
  return (await response.json()) as T;
}

interface JaegerTraces {
  readonly data: { traceID: string; spans: { traceID: string; spanID: string; references: { traceID: string }[] }[] }[];
}
interface ZipkinSpan {
  readonly traceId: string;
  readonly id: string;
}
interface Summaries {
  readonly traces: { traceId: string; spanCount: number; orphanCount: number; storedIds?: unknown }[];
  readonly total?: { traces: number };
}

const zipkin = { endpoint: "127.0.0.1:0" };
const folder = tempFolder();
afterAll(() => folder.remove());

describe.each(["memory", "sqlite"] as const)("ids of 64 and of 128 bits of one trace, kept in %s", (kind) => {
  let collector: Collector;
  let ui: string;
  beforeAll(async () => {
    collector = await createCollector({
      storage: { kind, path: folder.path, strict_trace_id: false },
      receivers: { zipkin },
    });
    ui = collector.endpoints.ui;
    await send(collector);
  });
  afterAll(() => collector?.shutdown());

  it.each([WHOLE, HALF, PADDED])(
    "are one trace under the longer one to Jaeger's clients that ask for %s",
    async (id) => {
      const { data } = await json<JaegerTraces>(`${ui}api/traces/${id}`);
      expect(data.map(({ traceID }) => traceID)).toEqual([WHOLE]);
      const spans = data[0]?.spans ?? [];
      expect(spans.map(({ spanID }) => spanID).sort()).toEqual([CALLER, CALLED]);
      expect(new Set(spans.map(({ traceID }) => traceID))).toEqual(new Set([WHOLE]));
      expect(spans.flatMap(({ references }) => references)).toMatchObject([{ traceID: WHOLE, spanID: CALLER }]);
      const v3 = JSON.stringify(await json(`${ui}api/v3/traces/${id}`));
      expect([v3.split(WHOLE).length, v3.includes(PADDED)]).toEqual([3, false]);
    },
  );

  it("are found once by searches, and counted once", async () => {
    const range = `start=${(NOW - 3_600_000) * 1000}&end=${NOW * 1000}`;
    for (const service of ["front", "back"]) {
      const { data } = await json<JaegerTraces>(`${ui}api/traces?service=${service}&${range}`);
      expect(data.map(({ traceID, spans }) => [traceID, spans.length])).toEqual([[WHOLE, 2]]);
    }
    const both = await json<JaegerTraces>(`${ui}api/traces?traceID=${HALF}&traceID=${WHOLE}`);
    expect(both.data.map(({ traceID }) => traceID)).toEqual([WHOLE]);
    const structural = encodeURIComponent('{ resource.service.name = "front" } > { resource.service.name = "back" }');
    for (const query of ["count=true", `q=${structural}`]) {
      const { traces, total } = await json<Summaries>(`${ui}api/ui/search?${query}`);
      expect(traces).toMatchObject([{ traceId: WHOLE, spanCount: 2, orphanCount: 0 }]);
      expect(traces[0]).not.toHaveProperty("storedIds");
      if (query === "count=true") expect(total?.traces).toBe(1);
    }
  });

  it("are one trace to Zipkin's clients and to the UI", async () => {
    const url = `${zipkinUrl(collector)}api/v2/`;
    for (const id of [WHOLE, HALF]) {
      const spans = await json<ZipkinSpan[]>(`${url}trace/${id}`);
      expect(spans.map((span) => [span.traceId, span.id]).sort()).toEqual([
        [WHOLE, CALLER],
        [WHOLE, CALLED],
      ]);
    }
    expect((await json<ZipkinSpan[][]>(`${url}traceMany?traceIds=${HALF},${WHOLE}`)).map((one) => one.length)).toEqual([
      2,
    ]);
    expect((await json<ZipkinSpan[][]>(`${url}traces?serviceName=back`)).map((one) => one.length)).toEqual([2]);
    const response = await fetch(`${ui}api/ui/traces/${PADDED}/columns`);
    const columns = decodeTraceColumns(await response.arrayBuffer());
    expect([columns.traceId, columns.count]).toEqual([WHOLE, 2]);
  });

  it.each([WHOLE, HALF])("are one trace to Tempo's clients that ask for %s", async (id) => {
    const text = JSON.stringify(await json(`${collector.endpoints.tempo}/api/traces/${id}`));
    const ids = Array.from(text.matchAll(/"traceId":"([^"]+)"/g), ([, found = ""]) => found);
    expect(ids.map((found) => Buffer.from(found, "base64").toString("hex"))).toEqual([WHOLE, WHOLE]);
  });

  it("count the call from one hop to the next", async () => {
    const links = () =>
      json<{ data: unknown[] }>(`${ui}api/dependencies?endTs=${NOW}&lookback=7200000`).then(({ data }) => data);
    const [link] = await eventually("the call is counted", async () => {
      const found = await links();
      return found.length > 0 && found;
    });
    expect(link).toEqual({ parent: "front", child: "back", callCount: 1 });
  });

  it("are deleted together", async () => {
    const response = await fetch(`${ui}api/ui/admin/delete`, {
      method: "POST",
      headers: { "x-spanloom": "1", "content-type": "application/json" },
      body: JSON.stringify(kind === "memory" ? { traceIds: [HALF] } : { query: { service: "back" } }),
    });
    const answer = await response.json();
    expect([response.status, answer]).toMatchObject([200, kind === "memory" ? { traces: 1, unknown: [] } : {}]);
    for (const id of [WHOLE, HALF]) expect((await fetch(`${ui}api/traces/${id}`)).status).toBe(404);
    expect((await json<Summaries>(`${ui}api/ui/search`)).traces).toEqual([]);
  });
});

it("sends ids on as they came, and a strict collector shows two traces", async () => {
  await using strict = await createTestCollector();
  const exporters = { otlphttp: { endpoint: strict.url } };
  const lenient = await createCollector({ storage: { strict_trace_id: false }, receivers: { zipkin }, exporters });
  try {
    await send(lenient);
    for (const id of [PADDED, WHOLE]) {
      const { spans } = await strict.waitForTrace(id, { whole: false, timeoutMs: 20_000 });
      expect(spans).toHaveLength(1);
    }
    expect(await strict.traces()).toHaveLength(2);
  } finally {
    await lenient.shutdown();
  }
});
