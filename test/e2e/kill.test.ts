import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Collector, createCollector } from "../../src/app/collector.ts";
import { until } from "./until.ts";

const MAIN = resolve(import.meta.dirname, "../../dist/cli/main.js");
const ROUNDS = 4;

let folder: string;
let destination: Collector;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "spanloom-kill-"));
  destination = await createCollector();
});
afterEach(async () => {
  await destination.shutdown();
  rmSync(folder, { recursive: true, force: true });
});

interface Running {
  readonly child: ChildProcess;
  readonly http: string;
  readonly ui: string;
}

async function start(): Promise<Running> {
  const child = spawn(
    process.execPath,
    [
      MAIN,
      ...["--data", join(folder, "data"), "--otlp-grpc", "127.0.0.1:0", "--otlp-http", "127.0.0.1:0"],
      ...["--ui", "127.0.0.1:0", "--registry-api", "127.0.0.1:0", "--log-level", "error"],
      ...["--set", `exporters.otlphttp.endpoint=${destination.endpoints.otlpHttp}`],
      ...["--set", "exporters.otlphttp.start_at=oldest"],
    ],
    { cwd: folder, stdio: ["ignore", "pipe", "inherit"] },
  );
  const banner = await new Promise<string>((done, reject) => {
    let text = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes("data ")) done(text);
    });
    child.once("exit", (code) => reject(new Error(`ended with ${code}: ${text}`)));
  });
  return {
    child,
    http: /OTLP\/HTTP\s+(\S+)/.exec(banner)?.[1] as string,
    ui: /web UI and Jaeger API\s+(\S+)/.exec(banner)?.[1] as string,
  };
}

/** Sends small requests without pause until the collector is gone, and notes what was acknowledged. */
function sendUntilGone(running: Running, acknowledged: string[], first: number): () => Promise<number> {
  let alive = true;
  let next = first;
  const sender = async () => {
    while (alive) {
      const traceId = (next++).toString(16).padStart(32, "0");
      const sent = await fetch(running.http, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: request(traceId),
      }).catch(() => undefined);
      if (sent?.ok) acknowledged.push(traceId);
    }
  };
  const senders = [sender(), sender(), sender(), sender()];
  return async () => {
    alive = false;
    await Promise.all(senders);
    return next;
  };
}

describe("kill -9 while spans arrive", () => {
  it("loses no acknowledged span, and every destination catches up", async () => {
    const acknowledged: string[] = [];
    let next = 1;
    for (let round = 0; round < ROUNDS; round++) {
      const running = await start();
      const gone = new Promise((done) => running.child.once("exit", done));
      const enough = acknowledged.length + 40 + Math.floor(Math.random() * 120);
      const stopSending = sendUntilGone(running, acknowledged, next);
      await until("some acknowledgements", async () => (acknowledged.length >= enough ? true : undefined));
      running.child.kill("SIGKILL");
      await gone;
      next = await stopSending();
    }

    const running = await start();
    expect(acknowledged.length).toBeGreaterThan(ROUNDS * 40);
    await expectAll(running.ui, acknowledged);
    await until("the destination has every span", async () => {
      await expectAll(destination.endpoints.ui, acknowledged);
      return true;
    });
    await terminate(running);
  }, 120_000);
});

describe("SIGTERM while spans arrive", () => {
  it("drains: exit code 0 within 10 s, and every acknowledged span is there afterwards", async () => {
    const acknowledged: string[] = [];
    const running = await start();
    const stopSending = sendUntilGone(running, acknowledged, 1);
    await until("some acknowledgements", async () => (acknowledged.length >= 100 ? true : undefined));
    const asked = Date.now();
    await terminate(running);
    expect(Date.now() - asked).toBeLessThan(12_000);
    await stopSending();
    const again = await start();
    await expectAll(again.ui, acknowledged);
    await terminate(again);
  }, 60_000);
});

async function terminate(running: Running): Promise<void> {
  const gone = new Promise((done) => running.child.once("exit", done));
  running.child.kill("SIGTERM");
  expect(await gone).toBe(0);
}

async function expectAll(ui: string, ids: readonly string[]): Promise<void> {
  const response = await fetch(`${ui}api/traces?service=killed&limit=100000`);
  const { data } = (await response.json()) as { data: { traceID: string; spans: unknown[] }[] };
  const spans = new Map(data.map((trace) => [trace.traceID, trace.spans.length]));
  expect(ids.filter((id) => spans.get(id) !== 2)).toEqual([]);
}

function request(traceId: string): string {
  const span = (spanId: string, parentSpanId: string) => ({
    traceId,
    spanId,
    parentSpanId,
    name: "work",
    kind: 2,
    startTimeUnixNano: `${Date.now()}000000`,
    endTimeUnixNano: `${Date.now()}900000`,
    attributes: [{ key: "payload", value: { stringValue: "x".repeat(200) } }],
  });
  const resource = { attributes: [{ key: "service.name", value: { stringValue: "killed" } }] };
  const spans = [span("00000000000000aa", ""), span("00000000000000bb", "00000000000000aa")];
  return JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans }] }] });
}
