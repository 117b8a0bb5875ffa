import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { UiSearchResponse } from "../../src/query/ui/api-types.ts";
import { type CollectorProcess, startCollectorProcess } from "../support/collector-process.ts";
import { eventually } from "../support/eventually.ts";
import { describeWhere } from "../support/requires.ts";
import { makeBody, range } from "../support/storage/batches.ts";

/** Failing reads are made with strace, which containers often withhold. */
const canTrace = spawnSync("strace", ["-o", "/dev/null", "true"]).status === 0;
const SPANS = 4_000;
/** Every segment closes after the first batch that fills it. */
const SETTINGS = ["storage.segment.max_spans=1000", "storage.sealing.enabled=false"];

let folder: string;
let data: string;
let collector: CollectorProcess | undefined;
const strace: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "spanloom-failing-"));
  data = join(folder, "data");
});
afterEach(async () => {
  for (const child of strace.splice(0)) child.kill("SIGKILL");
  await collector?.end("SIGKILL");
  collector = undefined;
  rmSync(folder, { recursive: true, force: true });
});

async function send(first: number, count: number): Promise<Response> {
  const { otlpHttp } = collector as CollectorProcess;
  const headers = { "content-type": "application/x-protobuf" };
  return fetch(otlpHttp, { method: "POST", headers, body: makeBody("shop", range(first, count)) });
}

const ask = (path: string) => fetch(`${(collector as CollectorProcess).ui}${path}`);
/** Every span has the attribute `number`, so bodies have to be read. */
const search = async () =>
  (await (
    await ask(`api/ui/search?limit=2000&tag=${encodeURIComponent("padding:")}&count=true`)
  ).json()) as UiSearchResponse;
const damaged = () => readdirSync(join(data, "segments")).filter((name) => name.includes("damaged"));

describeWhere(canTrace, "strace cannot trace here", "reads that fail with EIO for a while", () => {
  it("make answers incomplete with a reason and /readyz say so; nothing is set aside, and all is back afterwards", async () => {
    collector = await startCollectorProcess(data, SETTINGS);
    for (let first = 1; first <= SPANS; first += 500) expect((await send(first, 500)).status).toBe(200);
    expect(await collector.end("SIGTERM")).toBe(0);
    // Cold: nothing was read of the bodies yet.
    collector = await startCollectorProcess(data, SETTINGS);
    const segments = readdirSync(join(data, "segments")).filter((name) => name.endsWith(".db"));
    expect(segments.length).toBeGreaterThan(3);
    const trace = join(folder, "trace");
    const failing = spawn(
      "strace",
      [
        ...["-f", "-qq", "-o", trace, "-p", String(collector.child.pid)],
        ...segments.slice(0, 2).flatMap((name) => ["-P", join(data, "segments", name)]),
        ...["-e", "trace=pread64", "-e", "inject=pread64:error=EIO"],
      ],
      { stdio: "ignore" },
    );
    strace.push(failing);
    const found = await eventually("a search meets the disk", async () => {
      const answer = await search();
      return answer.complete ? false : answer;
    });
    expect(found.reason).toMatch(/cannot be read now.*0000000[12]\.db/);
    const ready = await ask("readyz");
    expect(ready.status).toBe(503);
    expect(await ready.text()).toMatch(/cannot be read now/);
    expect((await send(SPANS + 1, 10)).status).toBe(200);

    const ended = once(failing, "exit");
    failing.kill("SIGINT");
    await ended;
    await eventually("the collector is ready again", async () => (await ask("readyz")).status === 200);
    const again = await search();
    expect(again.complete).toBe(true);
    expect(again.traces.reduce((sum, { spanCount }) => sum + spanCount, 0)).toBe(SPANS + 10);
    expect(damaged()).toEqual([]);
    expect(await collector.end("SIGTERM")).toBe(0);
  });
});

describe("a data folder that goes while a collector uses it", () => {
  it.each([
    ["removed", () => rmSync(data, { recursive: true })],
    ["moved away", () => renameSync(data, `${data}-away`)],
  ])("%s: senders are told to wait within seconds, and /readyz says why", async (_, act) => {
    collector = await startCollectorProcess(data, [...SETTINGS, "telemetry.logs.level=error"]);
    expect((await send(1, 10)).status).toBe(200);
    expect((await ask("readyz")).status).toBe(200);
    act();
    const refused = await send(11, 10);
    expect(refused.status).toBe(503);
    expect(await refused.text()).toMatch(/removed|replaced/);
    const reason = await eventually("it is not ready", async () => {
      const ready = await ask("readyz");
      return ready.status === 503 ? ready.text() : false;
    });
    expect(reason).toMatch(/removed|replaced/);
    expect((await send(21, 10)).status).toBe(503);
    // Nothing was made in its place.
    expect(existsSync(join(data, "segments"))).toBe(false);
    expect(await collector.end("SIGTERM")).toBe(0);
  });
});
