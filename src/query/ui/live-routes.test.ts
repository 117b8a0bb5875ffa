import { once } from "node:events";
import { createConnection } from "node:net";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eventually } from "../../../test/support/eventually.ts";
import { serviceWith, spanWith } from "../../../test/support/otlp-spans.ts";
import { hostOf } from "../../../test/support/query/memory-reader.ts";
import { type Served, serve } from "../../../test/support/query/serve.ts";
import { MemorySource } from "../../../test/support/search/memory-source.ts";
import type { ViewHost } from "../../component/read.ts";
import type { Span } from "../../model/span.ts";
import { createTraceReader } from "../../storage/read/trace-reader.ts";
import type { UiLiveLine } from "./api-types.ts";
import { createLiveRoutes } from "./live-routes.ts";
import { createUiRoutes } from "./routes.ts";
import { uiViews } from "./views.ts";

const NOW = 1_795_392_039_440_000_000n;

let source: MemorySource;
let served: Served;
let closing: AbortController;
let asked: number;
const clients: AbortController[] = [];
beforeEach(async () => {
  source = new MemorySource();
  closing = new AbortController();
  asked = 0;
  const inner = hostOf(createTraceReader(source), uiViews);
  const host: ViewHost = {
    view(name, params, signal) {
      if (name === "ui.live") asked++;
      return inner.view(name, params, signal);
    },
  };
  served = await serve(createLiveRoutes(host, closing.signal), createUiRoutes(host));
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.abort();
  await served.close();
});

function store(trace: number, spanId: number, changes: Partial<Span> = {}, service = "shop"): void {
  const id = (value: number, digits: number) => value.toString(16).padStart(digits, "0");
  const span = spanWith({
    traceId: id(trace, 32),
    spanId: id(spanId, 16),
    parentSpanId: spanId === 1 ? "" : id(1, 16),
    startTimeUnixNano: NOW,
    endTimeUnixNano: NOW + 5n,
    ...changes,
  });
  source.append([serviceWith(service, [span])]);
}

/** A client, and its lines one after the other. */
async function follow(query = "", headers: Record<string, string> = {}) {
  const client = new AbortController();
  clients.push(client);
  const response = await fetch(`${served.url}/api/live${query}`, { headers, signal: client.signal });
  const lines = createInterface({ input: Readable.fromWeb(response.body as never) })[Symbol.asyncIterator]();
  const next = async () => (await lines.next()).value as string;
  const line = async () => JSON.parse(await next()) as UiLiveLine;
  return {
    response,
    next,
    line,
    client,
    /** The next line of that kind. */
    async of<Type extends UiLiveLine["type"]>(type: Type): Promise<UiLiveLine & { type: Type }> {
      for (;;) {
        const one = await line();
        if (one.type === type) return one as UiLiveLine & { type: Type };
      }
    },
  };
}

describe("GET /api/live", () => {
  it("tells of traces as they grow: new ones, ones that began before, late errors, and wrong clocks", async () => {
    store(7, 1);
    const live = await follow();
    expect(live.response.headers.get("content-type")).toBe("application/x-ndjson");
    expect(await live.line()).toMatchObject({ type: "start" });
    store(8, 1);
    expect(await live.of("trace")).toMatchObject({
      newSpans: 1,
      trace: { traceId: expect.stringMatching(/8$/), spanCount: 1 },
    });
    store(7, 2, { status: { code: 2, message: "late" } });
    expect(await live.of("trace")).toMatchObject({
      newSpans: 1,
      trace: { traceId: expect.stringMatching(/7$/), spanCount: 2, errorCount: 1, firstError: { text: "late" } },
    });
    store(9, 1, { startTimeUnixNano: 5n, endTimeUnixNano: 6n });
    expect(await live.of("trace")).toMatchObject({ trace: { traceId: expect.stringMatching(/9$/) } });
    expect(await live.of("state")).toMatchObject({ skippedSpans: 0 });
  });

  it("tells of a trace where any of its spans satisfies the filter, whichever came", async () => {
    const live = await follow(`?service=pay&tags=${encodeURIComponent('{"error":"true"}')}`);
    await live.line();
    store(1, 1);
    store(2, 1);
    store(2, 2, { status: { code: 2, message: "" } }, "pay");
    expect(await live.of("trace")).toMatchObject({ trace: { spanCount: 2, matchedCount: 1 } });
    store(2, 3);
    expect(await live.of("trace")).toMatchObject({ newSpans: 1, trace: { spanCount: 3 } });
  });

  it("goes on at a cursor after the connection broke", async () => {
    const first = await follow();
    await first.line();
    store(1, 1);
    const { cursor } = await first.of("state");
    first.client.abort();
    store(2, 1);
    source.roll();
    store(3, 1);
    const again = await follow(`?after=${cursor}`);
    const told = new Set<string>();
    while (!(told.has("2") && told.has("3"))) told.add((await again.of("trace")).trace.traceId.slice(-1));
  });

  it("skips the oldest where a client is far behind, and says how many", async () => {
    const first = await follow();
    const start = await first.of("start");
    first.client.abort();
    for (let i = 1; i <= 300; i++) store(i, 1);
    const late = await follow(`?after=${start.cursor}`);
    let skipped = 0;
    let told = 0;
    while (skipped + told < 300) {
      const line = await late.line();
      if (line.type === "trace") told++;
      if (line.type === "state") skipped += line.skippedSpans;
    }
    expect([skipped, told]).toEqual([300 - 256, 256]);
  });

  it("asks for nothing more while a client does not read, and for nothing once it is gone", async () => {
    const { hostname, port } = new URL(served.url);
    const socket = createConnection(Number(port), hostname);
    socket.write("GET /api/live HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await once(socket, "readable");
    socket.pause();
    const long = "n".repeat(20_000);
    let before = -1;
    // It is asked for until the buffers of both ends are full.
    await eventually("nothing is asked for", async () => {
      for (let i = 1; i <= 40; i++) store(i, 100 + asked, { name: long, parentSpanId: "" });
      await new Promise((done) => setTimeout(done, 500));
      const same = asked === before;
      before = asked;
      return !!same;
    });
    socket.destroy();
    await eventually("the stream is given back", async () => {
      const streams = await Promise.all(Array.from({ length: 32 }, () => follow()));
      return !!streams.every(({ response }) => response.status === 200);
    });
    const refused = await follow();
    expect(refused.response.status).toBe(429);
  });

  it("is a stream of events for a browser, which goes on by the id of the last", async () => {
    const live = await follow("", { accept: "text/event-stream" });
    expect(live.response.headers.get("content-type")).toBe("text/event-stream");
    expect(await live.next()).toBe("event: start");
    const id = (await live.next()).replace("id: ", "");
    live.client.abort();
    store(5, 1);
    const again = await follow("", { accept: "text/event-stream", "last-event-id": id });
    const lines: string[] = [];
    while (!lines.some((line) => line.startsWith("data: ") && line.includes('"trace"'))) lines.push(await again.next());
    expect(lines).toContain("event: trace");
  });

  it("refuses what is no cursor and no condition, and ends when the server does", async () => {
    expect((await follow("?after=tomorrow")).response.status).toBe(400);
    expect((await follow("?minDuration=long")).response.status).toBe(400);
    const live = await follow();
    await live.line();
    closing.abort();
    await eventually("it has ended", async () => (await live.next()) === undefined);
  });
});
