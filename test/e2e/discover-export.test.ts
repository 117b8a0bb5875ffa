import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Collector, createCollector } from "../../src/app/collector.ts";
import type { UiExporterStatus, UiStatusResponse } from "../../src/query/ui/status-types.ts";
import { eventually } from "../support/eventually.ts";

const BACKOFF = { initial_interval_ms: 20, max_interval_ms: 100 };

let folder: string;
const running: Collector[] = [];
let sent: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "spanloom-discover-export-"));
  sent = [];
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.shutdown()));
  rmSync(folder, { recursive: true, force: true });
});

async function start(config: Parameters<typeof createCollector>[0] = {}): Promise<Collector> {
  const collector = await createCollector(config, { logger: { debug() {}, info() {}, warn() {}, error() {} } });
  running.push(collector);
  return collector;
}

/** Registers a destination with the sender, as a Consul client would. */
async function register(sender: Collector, id: string, address: string, tags: readonly string[]): Promise<void> {
  const [host, port] = address.replace("http://", "").split(":");
  const response = await fetch(`${sender.endpoints.registry}/v1/agent/service/register`, {
    method: "PUT",
    body: JSON.stringify({
      ID: id,
      Name: "collectors",
      Address: host,
      Port: Number(port),
      Tags: tags,
      Check: { TCP: `${host}:${port}`, Interval: "100ms", Timeout: "1s" },
    }),
  });
  expect(response.status, await response.text()).toBe(200);
}

async function healthy(sender: Collector, tag: string): Promise<string[]> {
  const response = await fetch(`${sender.endpoints.registry}/v1/health/service/collectors?passing&tag=${tag}`);
  return ((await response.json()) as { Service: { ID: string } }[]).map(({ Service }) => Service.ID).sort();
}

/** One trace of one span, acknowledged by the sender. */
async function send(sender: Collector): Promise<void> {
  const traceId = (sent.length + 1).toString(16).padStart(32, "0");
  const span = { traceId, spanId: "00000000000000aa", name: "GET /", startTimeUnixNano: "1", endTimeUnixNano: "2" };
  const response = await fetch(`${sender.endpoints.otlpHttp}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }),
  });
  expect(response.status).toBe(200);
  sent.push(traceId);
}

async function exporterStatus(sender: Collector): Promise<UiExporterStatus> {
  const response = await fetch(`${sender.endpoints.ui}api/ui/status`);
  const [status] = ((await response.json()) as UiStatusResponse).exporters;
  return status as UiExporterStatus;
}

async function allDelivered(sender: Collector): Promise<void> {
  await eventually(
    "everything is delivered",
    async () => (await exporterStatus(sender)).deliveredSpans === sent.length,
  );
}

/** Which of the traces that were sent a collector has. */
async function tracesOf(collector: Collector): Promise<string[]> {
  const found = await Promise.all(
    sent.map(async (id) => (await fetch(`${collector.endpoints.ui}api/traces/${id}`)).status === 200),
  );
  return sent.filter((_, at) => found[at]);
}

describe.each([
  ["memory", "otlp", "otlpGrpc"],
  ["sqlite", "otlphttp", "otlpHttp"],
] as const)("a %s store that sends by %s to discovered collectors", (kind, type, address) => {
  const sender = () =>
    start({
      storage: { kind, path: join(folder, "data") },
      exporters: { [type]: { endpoint: "discover://collectors?tag=eu", retry_on_failure: BACKOFF } },
    });

  it("spreads requests over the instances with the tag, and goes on with the other when one dies", async () => {
    const [from, one, two, foreign] = [await sender(), await start(), await start(), await start()];
    await register(from, "one", one.endpoints[address] as string, ["eu"]);
    await register(from, "two", two.endpoints[address] as string, ["eu", "spare"]);
    await register(from, "foreign", foreign.endpoints[address] as string, ["us"]);
    await eventually("both are healthy", async () => (await healthy(from, "eu")).length === 2);
    await eventually("both have some", async () => {
      for (let count = 0; count < 4; count++) await send(from);
      await allDelivered(from);
      const [first, second] = [await tracesOf(one), await tracesOf(two)];
      return first.length > 0 && second.length > 0;
    });
    expect(await tracesOf(foreign)).toEqual([]);
    const atOne = await tracesOf(one);
    expect([...atOne, ...(await tracesOf(two))].sort()).toEqual(sent);
    await one.shutdown();
    const before = sent.length;
    for (let count = 0; count < 20; count++) await send(from);
    await eventually("its check fails", async () => (await healthy(from, "eu")).join() === "two");
    for (let count = 0; count < 20; count++) await send(from);
    await allDelivered(from);
    expect((await tracesOf(two)).filter((id) => sent.indexOf(id) >= before)).toEqual(sent.slice(before));
    expect(await exporterStatus(from)).toMatchObject({ rejectedSpans: 0, lostSpans: 0, lagSpans: 0 });
  });

  it("waits for a service that nobody registered, says so, and delivers once somebody did", async () => {
    const [from, to] = [await sender(), await start()];
    await send(from);
    const waiting = await eventually("a first attempt", async () => {
      const status = await exporterStatus(from);
      return status.lastError === undefined ? false : status;
    });
    expect(waiting).toMatchObject({
      lastOutcome: "retry",
      lastError: "no healthy instance of collectors with the tags eu is registered",
      lagSpans: 1,
    });
    await register(from, "late", to.endpoints[address] as string, ["eu"]);
    await allDelivered(from);
    expect(await tracesOf(to)).toEqual(sent);
  });
});

describe("discovered collectors after a restart", () => {
  it("get what waited in the data folder", async () => {
    const to = await start();
    const exporter = { endpoint: "discover://collectors", start_at: "oldest", retry_on_failure: BACKOFF } as const;
    const storage = { kind: "sqlite", path: join(folder, "data") } as const;
    const first = await start({ storage, exporters: { otlphttp: exporter } });
    await send(first);
    await first.shutdown();
    const [host, port] = (to.endpoints.otlpHttp as string).replace("http://", "").split(":");
    const instances = [{ name: "collectors", host: host as string, port: Number(port) }];
    const second = await start({ storage, exporters: { otlphttp: exporter }, discovery: { instances } });
    await allDelivered(second);
    expect(await tracesOf(to)).toEqual(sent);
  });

  it("are not asked for where the registry does not listen", async () => {
    const exporters = { "otlp/eu": { endpoint: "discover://collectors" } };
    await expect(createCollector({ exporters, discovery: { server: { enabled: false } } })).rejects.toThrow(
      /exporters\.otlp\/eu\.endpoint: discover:\/\/ asks the collector's registry; expected discovery\.server\.enabled/,
    );
  });
});
