import { credentials, Metadata, makeClientConstructor } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Collector, createCollector } from "../../src/app/collector.ts";
import { eventually } from "../support/eventually.ts";
import { RECORDINGS, type Recording, rawBodies, readRaw, recordingFacts, replayAll } from "../support/recordings.ts";

interface JaegerTrace {
  readonly traceID: string;
  readonly spans: readonly {
    readonly spanID: string;
    readonly operationName: string;
    readonly processID: string;
    readonly duration: number;
    readonly startTime: number;
    readonly references: readonly { refType: string; spanID: string }[];
    readonly tags: readonly { readonly key: string; readonly value: unknown }[];
    readonly logs: readonly unknown[];
  }[];
  readonly processes: Readonly<Record<string, { readonly serviceName: string }>>;
}

interface Link {
  readonly parent: string;
  readonly child: string;
  readonly callCount: number;
}

/** How the recordings reach a collector; each way must end in the same traces. */
const WAYS: Readonly<Record<string, (collector: Collector) => Promise<void>>> = {
  "replayed from JSON Lines": async (collector) => {
    const summary = await replayAll(collector.endpoints.otlpHttp as string);
    expect(summary).toMatchObject({ spans: 1395, rejectedSpans: 0, badLines: 0, messages: [] });
  },
  "as the raw requests they came in": async (collector) => {
    for (const name of RECORDINGS) await sendRaw(collector, name);
  },
};

/** Longer than spans are kept, and less than makes their times incredible. */
const LATER_MS = 30 * 86_400_000;

/** From here on the clock goes on from a month after the recordings, whatever the day is. */
function setClock(): void {
  const starts = RECORDINGS.flatMap((name) => recordingFacts(name).allTraces.map((trace) => trace.startTimeUnixNano));
  const recordedMs = Math.max(...starts.map((start) => Number(BigInt(start) / 1_000_000n)));
  const now = Date.now.bind(Date);
  const aheadMs = recordedMs + LATER_MS - now();
  vi.spyOn(Date, "now").mockImplementation(() => now() + aheadMs);
}

describe.each(Object.keys(WAYS))("recordings %s", (way) => {
  let collector: Collector;
  beforeAll(async () => {
    setClock();
    collector = await createCollector();
    await (WAYS[way] as (typeof WAYS)[string])(collector);
  });
  afterAll(async () => {
    await collector?.shutdown();
    vi.restoreAllMocks();
  });

  async function ask<T>(path: string): Promise<T> {
    const response = await fetch(new URL(path, collector.endpoints.ui));
    expect(response.status, path).toBe(200);
    return ((await response.json()) as { data: T }).data;
  }

  it("names every service", async () => {
    const services = RECORDINGS.flatMap((name) => Object.keys(recordingFacts(name).services)).sort();
    expect(await ask("api/services")).toEqual(services);
  });

  it.each(RECORDINGS)("has all traces of %s with their spans, errors, services, events and links", async (name) => {
    const { allTraces } = recordingFacts(name);
    for (const expected of allTraces) {
      const [trace] = await ask<JaegerTrace[]>(`api/traces/${expected.traceId}`);
      expect(describeTrace(trace as JaegerTrace)).toEqual({
        spans: expected.spans,
        errors: expected.errors,
        events: expected.events,
        links: expected.links,
        services: Object.fromEntries(Object.entries(expected.services).map(([key, value]) => [key, value.spans])),
      });
      for (const root of expected.roots) {
        const span = trace?.spans.find((one) => one.spanID === root.spanId);
        expect(span?.operationName).toBe(root.name);
        expect(span?.duration).toBe(Math.trunc(Number(BigInt(root.durationNano) / 1000n)));
      }
    }
  });

  it("finds the traces with errors by tag, each once", async () => {
    for (const name of RECORDINGS) {
      const known = recordingFacts(name);
      const wanted = known.allTraces.filter((trace) => trace.errors > 0).map((trace) => trace.traceId);
      const found = new Set<string>();
      for (const service of Object.keys(known.services)) {
        const tags = encodeURIComponent('{"error":"true"}');
        const traces = await ask<JaegerTrace[]>(`api/traces?service=${service}&limit=1000&tags=${tags}`);
        for (const trace of traces) found.add(trace.traceID);
      }
      expect([...found].sort()).toEqual(wanted.sort());
    }
  });

  it("counts the calls between services", async () => {
    const expected = new Map<string, number>();
    for (const trace of await ask<JaegerTrace[]>("api/traces?limit=1000")) {
      const services = new Map(trace.spans.map((span) => [span.spanID, trace.processes[span.processID]?.serviceName]));
      for (const span of trace.spans) {
        const parent = span.references.find((reference) => reference.refType === "CHILD_OF")?.spanID;
        const caller = parent === undefined ? undefined : services.get(parent);
        const callee = services.get(span.spanID);
        if (caller === undefined || caller === callee) continue;
        expected.set(`${caller} > ${callee}`, (expected.get(`${caller} > ${callee}`) ?? 0) + 1);
      }
    }
    expect(expected.size).toBeGreaterThan(3);
    await eventually("the dependencies to have every call", async () => {
      const end = Date.now() + 3 * 3_600_000;
      const links = await ask<Link[]>(`api/dependencies?endTs=${end}&lookback=${end}`);
      const counted = new Map(links.map((link) => [`${link.parent} > ${link.child}`, link.callCount]));
      expect(Object.fromEntries(counted)).toEqual(Object.fromEntries(expected));
    });
  });

  it("orders results by the start of the trace, newest first, under any limit", async () => {
    const all = await ask<JaegerTrace[]>("api/traces?limit=1000");
    const starts = all.map((trace) => Math.min(...trace.spans.map((span) => span.startTime)));
    expect(starts).toEqual([...starts].sort((a, b) => b - a));
    const few = await ask<JaegerTrace[]>("api/traces?limit=7");
    expect(few.map((trace) => trace.traceID)).toEqual(all.slice(0, 7).map((trace) => trace.traceID));
  });
});

function describeTrace(trace: JaegerTrace) {
  const services: Record<string, number> = {};
  let errors = 0;
  let events = 0;
  let links = 0;
  for (const span of trace.spans) {
    const service = trace.processes[span.processID]?.serviceName as string;
    services[service] = (services[service] ?? 0) + 1;
    if (span.tags.some((tag) => tag.key === "otel.status_code" && tag.value === "ERROR")) errors++;
    events += span.logs.length;
    links += span.references.filter((reference) => reference.refType === "FOLLOWS_FROM").length;
  }
  return { spans: trace.spans.length, errors, events, links, services };
}

async function sendRaw(collector: Collector, name: Recording): Promise<void> {
  for (const body of rawBodies(name)) {
    if (body.transport === "grpc") {
      await exportGrpc(collector.endpoints.otlpGrpc as string, readRaw(name, body.file));
      continue;
    }
    const response = await fetch(`${collector.endpoints.otlpHttp}/v1/traces`, {
      method: "POST",
      headers: {
        "content-type": body.contentType as string,
        ...(body.asReceived === undefined ? {} : { "content-encoding": "gzip" }),
      },
      body: new Uint8Array(readRaw(name, body.asReceived ?? body.file)),
    });
    expect(response.status, `${name}/${body.file}`).toBe(200);
    const answer = Buffer.from(await response.arrayBuffer()).toString();
    expect(answer === "" || answer === "{}", `${name}/${body.file}: ${answer}`).toBe(true);
  }
}

/** One unary call with the recorded bytes as they are. */
function exportGrpc(authority: string, body: Buffer): Promise<void> {
  const Client = makeClientConstructor(
    {
      Export: {
        path: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        requestStream: false,
        responseStream: false,
        requestSerialize: (value: Buffer) => value,
        requestDeserialize: (value: Buffer) => value,
        responseSerialize: (value: Buffer) => value,
        responseDeserialize: (value: Buffer) => value,
      },
    },
    "TraceService",
  );
  const client = new Client(authority, credentials.createInsecure());
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
      (value: Buffer) => value,
      (value: Buffer) => value,
      body,
      new Metadata(),
      (error: Error | null, answer?: Buffer) => {
        client.close();
        if (error !== null) reject(error);
        else if (answer?.length !== 0) reject(new Error(`unexpected partial success: ${answer?.toString()}`));
        else resolve();
      },
    );
  });
}
