import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Collector, createCollector } from "../../src/app/collector.ts";
import { type CollectorProcess, MAIN, plainEnvironment, startCollectorProcess } from "../support/collector-process.ts";
import { eventually } from "../support/eventually.ts";
import { seededKills } from "../support/seed.ts";
import { crashRounds } from "../support/storage/rounds.ts";

const ROUNDS = crashRounds(4);

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

/** The second destination is a file; both get all that is stored. */
const start = (): Promise<CollectorProcess> =>
  startCollectorProcess(join(folder, "data"), [
    `exporters.otlphttp.endpoint=${destination.endpoints.otlpHttp}`,
    "exporters.otlphttp.start_at=oldest",
    `exporters.file.path=${join(folder, "exported.jsonl")}`,
    "exporters.file.start_at=oldest",
  ]);

/** Sends small requests without pause until the collector is gone, and notes what was acknowledged. */
function sendUntilGone(running: CollectorProcess, acknowledged: string[], first: number): () => Promise<number> {
  let alive = true;
  let next = first;
  const sender = async () => {
    while (alive) {
      const traceId = (next++).toString(16).padStart(32, "0");
      const sent = await fetch(running.otlpHttp, {
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
  it(
    `loses no acknowledged span, and every destination catches up (${ROUNDS} rounds)`,
    seededKills(async (random) => {
      const acknowledged: string[] = [];
      const readyMs: number[] = [];
      let next = 1;
      for (let round = 0; round < ROUNDS; round++) {
        const running = await start();
        readyMs.push(Math.round(running.readyMs));
        const enough = acknowledged.length + 40 + Math.floor(random() * 120);
        const stopSending = sendUntilGone(running, acknowledged, next);
        await eventually("some acknowledgements", () => acknowledged.length >= enough);
        await running.end("SIGKILL");
        next = await stopSending();
      }
      // Not a bound here, for the machine may be shared; the long form is where it is read.
      console.info(`ready after ms: ${readyMs.join(" ")}`);

      const running = await start();
      expect(acknowledged.length).toBeGreaterThan(ROUNDS * 40);
      await expectAll(running.ui, acknowledged);
      await eventually("the destination has every span", async () => {
        await expectAll(destination.endpoints.ui, acknowledged);
      });
      await eventually("the file has every span", async () => {
        expectInFile(acknowledged);
      });
      expect(await running.end("SIGTERM")).toBe(0);
    }),
    600_000,
  );
});

describe("SIGTERM while spans arrive", () => {
  it("drains: exit code 0 within 10 s, and every acknowledged span is there afterwards", async () => {
    const acknowledged: string[] = [];
    const running = await start();
    const stopSending = sendUntilGone(running, acknowledged, 1);
    await eventually("some acknowledgements", () => acknowledged.length >= 100);
    const asked = performance.now();
    expect(await running.end("SIGTERM")).toBe(0);
    expect(performance.now() - asked).toBeLessThan(10_000);
    await stopSending();
    const again = await start();
    await expectAll(again.ui, acknowledged);
    expect(await again.end("SIGTERM")).toBe(0);
  }, 60_000);
});

describe("a data folder in use", () => {
  it("is refused to a second collector, which names the folder, its user and what to do", async () => {
    const running = await start();
    const { status, stderr } = spawnSync(
      process.execPath,
      [
        MAIN,
        "--data",
        join(folder, "data"),
        ...["--otlp-grpc", "--otlp-http", "--ui", "--registry-api"].flatMap((flag) => [flag, "127.0.0.1:0"]),
      ],
      { encoding: "utf8", timeout: 20_000, env: plainEnvironment() },
    );
    expect(status).not.toBe(0);
    expect(status).not.toBeNull();
    expect(stderr).toContain(join(folder, "data"));
    expect(stderr).toContain(`process ${running.child.pid}`);
    expect(stderr).toContain("storage.path");
    expect((await fetch(`${running.ui}api/services`)).status).toBe(200);
    expect(await running.end("SIGTERM")).toBe(0);
  });
});

/** Each of the traces is in the exported file with both of its spans; a line that a kill has torn does not count. */
function expectInFile(ids: readonly string[]): void {
  const spans = new Map<string, Set<string>>();
  for (const line of readFileSync(join(folder, "exported.jsonl"), "utf8").split("\n")) {
    for (const [, traceId, spanId] of line.matchAll(/"traceId":"(\w+)","spanId":"(\w+)"/g)) {
      const known = spans.get(traceId as string) ?? new Set();
      spans.set(traceId as string, known.add(spanId as string));
    }
  }
  expect(ids.filter((id) => spans.get(id)?.size !== 2)).toEqual([]);
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
