import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { decodeTraces } from "../../src/codec/otlp/message/decode.ts";
import type { UiStatusResponse } from "../../src/query/ui/status-types.ts";
import { type CollectorProcess, MAIN, plainEnvironment, startCollectorProcess } from "../support/collector-process.ts";
import { eventually } from "../support/eventually.ts";
import { makeBody, range } from "../support/storage/batches.ts";

const NAME = "otlp_http/count";

let folder: string;
let data: string;
let destination: Server;
let settings: string[];
/** How often each span came, by its number. */
let came: Map<number, number>;
let isDown: boolean;
let collector: CollectorProcess | undefined;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "spanloom-resend-"));
  data = join(folder, "data");
  came = new Map();
  isDown = false;
  destination = createServer(async (request, response) => {
    const body = await buffer(request);
    if (!isDown) {
      for (const { scopeSpans } of decodeTraces(new Uint8Array(body)))
        for (const { spans } of scopeSpans)
          for (const { spanId } of spans) {
            const number = Number.parseInt(spanId, 16);
            came.set(number, (came.get(number) ?? 0) + 1);
          }
    }
    response.writeHead(isDown ? 503 : 200, { "content-type": "application/x-protobuf" }).end();
  });
  await new Promise<void>((done) => destination.listen(0, "127.0.0.1", done));
  const endpoint = `http://127.0.0.1:${(destination.address() as AddressInfo).port}`;
  settings = [
    `exporters.${NAME}.endpoint=${endpoint}`,
    `exporters.${NAME}.compression=none`,
    `exporters.${NAME}.retry_on_failure.initial_interval_ms=20`,
    `exporters.${NAME}.retry_on_failure.max_interval_ms=50`,
  ];
});
afterEach(async () => {
  await collector?.end("SIGKILL");
  collector = undefined;
  destination.closeAllConnections();
  await new Promise((done) => destination.close(done));
  rmSync(folder, { recursive: true, force: true });
});

async function spanloom(...args: string[]) {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd: folder, env: plainEnvironment() });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    err += chunk.toString();
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, out, err };
}

const resend = (...args: string[]) =>
  spanloom("db", "resend", ...args, "--json", "--url", (collector as CollectorProcess).ui);

async function send(first: number, count: number): Promise<void> {
  const headers = { "content-type": "application/x-protobuf" };
  const body = makeBody("shop", range(first, count));
  expect((await fetch((collector as CollectorProcess).otlpHttp, { method: "POST", headers, body })).status).toBe(200);
}

async function nothingWaits(): Promise<void> {
  await eventually("nothing waits", async () => {
    const answer = await fetch(`${(collector as CollectorProcess).ui}api/ui/status`);
    return ((await answer.json()) as UiStatusResponse).exporters.every(({ lagSpans }) => lagSpans === 0);
  });
}

const times = (first: number, count: number) => range(first, count).map(({ id }) => came.get(id) ?? 0);
const each = (count: number, often: number) => Array.from({ length: count }, () => often);

describe("spanloom db resend", () => {
  it("sends all, or what came since a time, once more from a running collector, sealed or not", async () => {
    collector = await startCollectorProcess(data, settings);
    await send(1, 100);
    const between = Date.now() + 1;
    await eventually("the clock has moved on", () => Date.now() > between);
    await send(101, 50);
    await nothingWaits();
    expect(times(1, 150)).toEqual(each(150, 1));

    const since = await resend(NAME, "--since", String(between * 1_000));
    expect(JSON.parse(since.out)).toMatchObject({ exporter: NAME, spans: 50 });
    await nothingWaits();
    expect([times(1, 100), times(101, 50)]).toEqual([each(100, 1), each(50, 2)]);

    expect((await spanloom("db", "compact", "--url", collector.ui)).code).toBe(0);
    await send(151, 10);
    await nothingWaits();
    const ofOpen = await resend(NAME, "--since", String((Date.now() + 1) * 1_000));
    expect(ofOpen).toMatchObject({ code: 2, err: expect.stringContaining("nothing can be sent again") });
    // A sealed segment does not tell which of its spans came when: all of it may have.
    expect(JSON.parse((await resend(NAME, "--since", String(between * 1_000))).out).spans).toBe(160);
    await nothingWaits();
    expect(JSON.parse((await resend(NAME, "--from-start")).out).spans).toBe(160);
    await nothingWaits();
    expect([times(1, 100), times(101, 50), times(151, 10)]).toEqual([each(100, 3), each(50, 4), each(10, 3)]);
  });

  it("does so while requests to a destination that is down are repeated, and loses nothing", async () => {
    collector = await startCollectorProcess(data, settings);
    await send(1, 100);
    await nothingWaits();
    isDown = true;
    await send(101, 50);
    expect(JSON.parse((await resend(NAME, "--from-start")).out).spans).toBe(100);
    expect((await resend(NAME, "--from-start")).code).toBe(2);
    isDown = false;
    await nothingWaits();
    expect(times(1, 100)).toEqual(each(100, 2));
    expect(times(101, 50).every((often) => often >= 1)).toBe(true);
  });

  it("works on a folder that no collector uses", async () => {
    collector = await startCollectorProcess(data, settings);
    await send(1, 100);
    await nothingWaits();
    await collector.end("SIGTERM");
    const set = settings.flatMap((one) => ["--set", one]);
    const { code, out } = await spanloom("db", "resend", NAME, "--from-start", "--data", data, ...set);
    expect([code, out]).toEqual([0, `${NAME} will send 100 spans again from ${data}\n`]);
    expect(times(1, 100)).toEqual(each(100, 1));
    collector = await startCollectorProcess(data, settings);
    await nothingWaits();
    expect(times(1, 100)).toEqual(each(100, 2));
  });

  it("refuses a name that no exporter has, and to guess from when", async () => {
    collector = await startCollectorProcess(data, settings);
    const unknown = await resend("jaeger", "--from-start");
    expect(unknown).toMatchObject({
      code: 2,
      err: `spanloom: no exporter is called "jaeger"; expected one of ${NAME}\n`,
    });
    expect(await resend(NAME)).toMatchObject({ code: 2, err: expect.stringContaining("say from when") });
    expect((await resend(NAME, "--since", "soon")).err).toContain("expected a duration such as 1h, or a time");
    const { ui } = collector;
    const foreign = await fetch(`${ui}api/ui/admin/resend`, {
      method: "POST",
      body: `{"exporter":"${NAME}","all":true}`,
    });
    expect(foreign.status).toBe(403);
  });
});
