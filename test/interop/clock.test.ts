import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, it } from "vitest";
import { encodeTraces } from "../../src/codec/otlp/message/encode.ts";
import { TraceScanner } from "../../src/codec/otlp/scan/scan.ts";
import { DEFAULT_SCAN_LIMITS } from "../../src/codec/otlp/scan/scan-result.ts";
import { faketimeEnvironment, faketimeLibrary } from "../support/clock/faketime.ts";
import { eventually } from "../support/eventually.ts";
import { serviceWith, spanWith } from "../support/otlp-spans.ts";
import { describeWhere } from "../support/requires.ts";
import { ServerProgram } from "./processes.ts";

const LIBRARY = faketimeLibrary();
const HOUR = 3_600_000;
/** Traces a second that are kept of the service that is limited. */
const RATE = 20;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A destination that answers as it is told, and counts the spans that it took. */
async function destination() {
  const scanner = new TraceScanner(DEFAULT_SCAN_LIMITS);
  const state = { status: 200, spans: 0, refused: 0 };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (state.status === 200) state.spans += scanner.scan(new Uint8Array(Buffer.concat(chunks))).columns.count;
    else state.refused++;
    response.writeHead(state.status, { "content-type": "application/x-protobuf" }).end();
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { state, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const config = (exportTo: string) => ({
  storage: {
    retention: { max_age_hours: 12 },
    segment: { max_spans: 512, max_age_minutes: 30 },
    sealing: { min_age_minutes: 10 },
  },
  sampling: { rules: [{ service: "limited", rate_limit_traces_per_second: RATE }] },
  exporters: {
    otlphttp: {
      endpoint: exportTo,
      compression: "none",
      retry_on_failure: { initial_interval_ms: 20, max_interval_ms: 200 },
    },
  },
});

/** The built command, whose wall clock is what the file `clock` says. */
const programOf = (folder: string, configFile: string, clock: string) =>
  new ServerProgram({
    path: process.execPath,
    ports: 4,
    args: ([http, grpc, ui, registry]) => [
      ...[resolve("dist/cli/main.js"), "--config", configFile, "--data", join(folder, "data")],
      ...["--otlp-http", `127.0.0.1:${http}`, "--otlp-grpc", `127.0.0.1:${grpc}`],
      ...["--ui", `127.0.0.1:${ui}`, "--registry-api", `127.0.0.1:${registry}`],
    ],
    env: () => faketimeEnvironment(LIBRARY as string, { FAKETIME_TIMESTAMP_FILE: clock, FAKETIME_NO_CACHE: "1" }),
    ready: async ([, , ui]) => (await fetch(`http://127.0.0.1:${ui}/readyz`)).ok,
  });

/** The collector as a process of its own, whose wall clock is `setClock` ms beside that of the machine. */
async function collector(exportTo: string) {
  const folder = mkdtempSync(join(tmpdir(), "spanloom-clock-"));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  const clock = join(folder, "clock");
  let offsetMs = 0;
  const setClock = (ms: number) => {
    offsetMs = ms;
    writeFileSync(clock, `${ms < 0 ? "-" : "+"}${Math.abs(ms) / 1000}`);
  };
  setClock(0);
  const configFile = join(folder, "config.json");
  writeFileSync(configFile, JSON.stringify(config(exportTo)));
  const server = programOf(folder, configFile, clock);
  await server.start();
  cleanups.push(() => server.stop());
  const ui = () => `http://127.0.0.1:${server.port(2)}`;
  let sent = 0;
  return {
    setClock,
    /** Traces of one span each, that begin now. */
    async send(service: string, count: number): Promise<void> {
      const start = BigInt(Date.now() + offsetMs) * 1_000_000n;
      const spans = Array.from({ length: count }, () => {
        sent++;
        return spanWith({
          traceId: sent.toString(16).padStart(32, "0"),
          spanId: sent.toString(16).padStart(16, "0"),
          startTimeUnixNano: start,
          endTimeUnixNano: start + 1_000_000n,
        });
      });
      const response = await fetch(`http://127.0.0.1:${server.port(0)}/v1/traces`, {
        method: "POST",
        headers: { "content-type": "application/x-protobuf" },
        body: encodeTraces([serviceWith(service, spans)]),
      });
      expect(response.status).toBe(200);
    },
    /** Its own wall clock, ms, exact to seconds. */
    async wallClock(): Promise<number> {
      return Date.parse((await fetch(`${ui()}/healthz`)).headers.get("date") ?? "");
    },
    /** Traces of a service that began within the last `lookbackMs`. */
    async found(service: string, lookbackMs: number): Promise<number> {
      const now = (Date.now() + offsetMs) * 1000;
      const window = `&start=${now - lookbackMs * 1000}&end=${now + 60_000_000}`;
      const response = await fetch(`${ui()}/api/traces?service=${service}&limit=1500${window}`);
      return ((await response.json()) as { data: unknown[] }).data.length;
    },
    async metric(name: string): Promise<number> {
      const text = await (await fetch(`${ui()}/metrics`)).text();
      const lines = [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, "gm"))];
      return lines.reduce((sum, [, value]) => sum + Number(value), 0);
    },
  };
}

describeWhere(LIBRARY !== undefined, "libfaketime is missing", "a clock that is set while the collector runs", () => {
  it.each([
    ["back an hour", -HOUR],
    ["forward a day", 24 * HOUR],
  ])("%s: spans are found, exported, kept, and limited as before", async (_, jumpMs) => {
    const { state, url } = await destination();
    const server = await collector(url);
    // Two segments are full, and one is open, when the clock is set; the destination has just gone down.
    for (let i = 0; i < 3; i++) await server.send("before", 400);
    await eventually("all is exported", () => state.spans === 1200);
    state.status = 503;
    await server.send("before", 100);
    await eventually("it is refused", () => state.refused > 2);
    expect(await server.found("before", HOUR)).toBe(1300);

    server.setClock(jumpMs);
    await sleep(2_000);
    expect(Math.abs((await server.wallClock()) - Date.now() - jumpMs)).toBeLessThan(10_000);
    const refused = state.refused;
    await eventually("it is tried again after the jump", () => state.refused > refused + 2, 5_000);
    await server.send("after", 300);
    // Retention and closing by age look every second, and sweep every five.
    await sleep(8_000);
    expect(await server.found("after", HOUR)).toBe(300);
    expect(await server.found("before", 25 * HOUR + Math.max(0, -jumpMs))).toBe(jumpMs < 0 ? 0 : 1300);
    expect(await server.metric("spanloom_storage_removed_spans_total")).toBe(0);

    state.status = 200;
    await eventually("the rest is exported", () => state.spans === 1600, 5_000);
    expect(await server.metric("spanloom_exporter_lost_spans_total")).toBe(0);
    // A jump neither opens the limit nor closes it for as long as it was.
    await server.send("limited", 400);
    const burst = await server.found("limited", HOUR);
    expect(burst).toBeGreaterThan(0);
    expect(burst).toBeLessThan(4 * RATE);
    await sleep(1_500);
    await server.send("limited", 400);
    expect(await server.found("limited", HOUR)).toBeGreaterThan(burst);

    // It is set right again.
    server.setClock(0);
    await server.send("right", 50);
    await sleep(7_000);
    expect(await server.found("right", HOUR)).toBe(50);
    expect(await server.found("before", HOUR)).toBe(1300);
    expect(await server.metric("spanloom_storage_removed_spans_total")).toBe(0);
  });
});
