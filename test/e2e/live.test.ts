import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ApiClient } from "../../src/cli/client/api-client.ts";
import type { UiLiveLine } from "../../src/query/ui/api-types.ts";
import { type CollectorProcess, startCollectorProcess } from "../support/collector-process.ts";
import { makeBody, range } from "../support/storage/batches.ts";

let folder: string;
let collector: CollectorProcess | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "spanloom-live-"));
});
afterEach(async () => {
  await collector?.end("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

async function* follow(query = ""): AsyncGenerator<UiLiveLine> {
  const client = new ApiClient({ url: (collector as CollectorProcess).ui });
  const never = new AbortController().signal;
  for await (const line of client.lines(`api/live${query}`, never)) yield JSON.parse(line) as UiLiveLine;
}

async function send(first: number, count: number): Promise<void> {
  const headers = { "content-type": "application/x-protobuf" };
  const body = makeBody("shop", range(first, count));
  expect((await fetch((collector as CollectorProcess).otlpHttp, { method: "POST", headers, body })).status).toBe(200);
}

it("a follower of a data folder goes on at its cursor after a restart, and does not hold up a shutdown", async () => {
  collector = await startCollectorProcess(join(folder, "data"));
  let cursor = "";
  let spans = 0;
  for await (const line of follow()) {
    if (line.type === "start") await send(1, 40);
    if (line.type === "trace") spans += line.newSpans;
    if (line.type !== "state") continue;
    ({ cursor } = line);
    if (spans === 40) break;
  }
  await send(41, 8);
  const open = follow();
  expect((await open.next()).value).toMatchObject({ type: "start" });
  const started = performance.now();
  expect(await collector.end("SIGTERM")).toBe(0);
  // Far from the ten seconds after which connections are cut.
  expect(performance.now() - started).toBeLessThan(8_000);
  for await (const line of open) expect(line.type).not.toBe("trace");

  collector = await startCollectorProcess(join(folder, "data"));
  spans = 0;
  for await (const line of follow(`?after=${cursor}`)) {
    if (line.type === "trace") spans += line.newSpans;
    if (line.type === "state" && spans >= 8) break;
  }
  expect(spans).toBe(8);
});
