import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { MAIN, plainEnvironment } from "../../../test/support/collector-process.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { makeBody } from "../../../test/support/storage/batches.ts";
import { type Collector, createCollector } from "../../app/collector.ts";
import { SILENT_LOGGER } from "../../component/logger.ts";
import type { UiTraceSummary } from "../../query/ui/api-types.ts";
import { GrowingTraces } from "../client/growing-traces.ts";

describe("traces that grow", () => {
  const trace = (id: string, spanCount: number) => ({ traceId: id, spanCount }) as UiTraceSummary;

  it("are printed once they are at rest, and again with what came late", () => {
    const growing = new GrowingTraces();
    growing.add(trace("a", 1), 1, 0);
    growing.add(trace("b", 4), 1, 100);
    growing.add(trace("a", 3), 2, 500);
    expect(growing.atRest(600)).toEqual([]);
    expect(growing.atRest(900)).toEqual([{ trace: trace("b", 4), late: 1 }]);
    expect(growing.atRest(1_200)).toEqual([{ trace: trace("a", 3), late: 0 }]);
    growing.add(trace("a", 4), 1, 2_000);
    expect(growing.atRest(3_000)).toEqual([{ trace: trace("a", 4), late: 1 }]);
  });

  it("for ever are printed now and then", () => {
    const growing = new GrowingTraces();
    for (let ms = 0; ms <= 3_000; ms += 500) growing.add(trace("a", ms / 500 + 1), 1, ms);
    expect(growing.atRest(3_000)).toEqual([{ trace: trace("a", 7), late: 0 }]);
  });
});

describe("spanloom tail", () => {
  let collector: Collector | undefined;
  let child: ChildProcess | undefined;
  afterEach(async () => {
    child?.kill("SIGKILL");
    await collector?.shutdown();
  });

  const send = (to: Collector, trace: number, id: number, name: string) =>
    fetch(`${to.endpoints.otlpHttp}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/x-protobuf" },
      body: makeBody("shop", [{ trace, id, name }]),
    });

  it("says what may be lacking once, whoever says it, and what else may be", async () => {
    const [first, second] = ["a part cannot be read (1)", "a part cannot be read (2)"];
    const state = (reason: string) => ({ type: "state", cursor: "1", skippedSpans: 0, reason });
    const lines = [{ type: "start", cursor: "0" }, state(first), state(second), state(first)];
    const server = createServer((request, response) => {
      if (request.url?.startsWith("/api/ui/search") === true) {
        response.writeHead(200, { "content-type": "application/json", "x-spanloom-incomplete": first });
        response.end(JSON.stringify({ traces: [] }));
        return;
      }
      response.writeHead(200, { "content-type": "application/x-ndjson" });
      response.write(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const tail = spawn(process.execPath, [MAIN, "tail", "--lookback", "1h", "--url", url], { env: plainEnvironment() });
    child = tail;
    let said = "";
    tail.stderr.on("data", (text) => {
      said += String(text);
      if (said.includes(second)) tail.kill("SIGINT");
    });
    const [code] = (await once(tail, "close")) as [number | null];
    server.closeAllConnections();
    server.close();
    expect(said.match(/incomplete: .*/g)).toEqual([`incomplete: ${first}`, `incomplete: ${second}`]);
    expect(code).toBe(130);
  });

  it("says that it waits, prints what comes and what comes late, and finds its collector again", async () => {
    const start = (port = 0) => createCollector({ ui: { endpoint: `127.0.0.1:${port}` } }, { logger: SILENT_LOGGER });
    collector = await start();
    await send(collector, 1, 1, "before");
    const { ui } = collector.endpoints;
    const tail = spawn(process.execPath, [MAIN, "tail", "--json", "--url", ui], { env: plainEnvironment() });
    child = tail;
    let out = "";
    let said = "";
    tail.stdout.on("data", (text) => {
      out += String(text);
    });
    tail.stderr.on("data", (text) => {
      said += String(text);
    });
    const printed = () =>
      out
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as UiTraceSummary & { lateSpans: number });
    const has = (what: string, wanted: object) =>
      eventually(what, async () => {
        expect(printed()).toContainEqual(expect.objectContaining(wanted));
        return true;
      });
    await eventually("it says that it waits", async () => !!said.includes("waiting for traces at"));
    // The clock of these spans is years behind.
    await send(collector, 2, 2, "new");
    await has("the new trace is printed", { rootName: "new", spanCount: 1, lateSpans: 0 });
    await send(collector, 1, 3, "more");
    await has("the older trace is printed with what came", { rootName: "before", spanCount: 2, lateSpans: 1 });
    await send(collector, 2, 4, "late");
    await has("the new one is printed again", { rootName: "new", spanCount: 2, lateSpans: 1 });

    const port = Number(new URL(ui).port);
    await collector.shutdown();
    await eventually("it says that the collector is gone", async () => !!said.includes("collector is gone"));
    collector = await start(port);
    // Its memory is empty, and the cursor is beyond it: it goes on from now.
    await eventually("it follows again", async () => {
      await send(collector as Collector, 9, 9, "again");
      return !!printed().some(({ rootName }) => rootName === "again");
    });
    const ended = new Promise((done) => tail.once("exit", done));
    tail.kill("SIGINT");
    expect(await ended).toBe(130);
  });
});
