import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { incoming, makeBody, range } from "../../test/support/storage/batches.ts";
import { type Compiled, compileThreads } from "../../test/support/storage/compiled.ts";
import { recordingHost, storeSettings, tempFolder, until } from "../../test/support/storage/rig.ts";
import { createExporters, createPipeline, loadServer, loadViews } from "../../test/support/storage/thread-modules.ts";
import type { SpanStore, StoreSettings } from "../component/store.ts";
import { openInlineStore, openStore } from "./open-store.ts";
import { NICENESS } from "./threads/niceness.ts";

let compiled: Compiled;
beforeAll(async () => {
  compiled = await compileThreads(["test/support/storage/ingesting-child.ts"]);
});
afterAll(() => compiled.remove());

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});
const never = new AbortController().signal;

function settingsFor(kind: StoreSettings["kind"], path: string, host = recordingHost()): StoreSettings {
  const module = { url: compiled.modules, config: undefined };
  return storeSettings(path, host, {
    kind,
    threadEntries: compiled.threadEntries,
    modules: { ingest: module, query: module, export: { ...module, config: { file: join(path, "exported.txt") } } },
  });
}

function newFolder(): string {
  const temp = tempFolder();
  cleanups.push(() => temp.remove());
  return temp.path;
}

async function open(kind: StoreSettings["kind"], path = newFolder(), host = recordingHost()): Promise<SpanStore> {
  const store = await openStore(settingsFor(kind, path, host), async () => ({
    ingest: { createPipeline },
    query: { loadViews, loadServer },
    export: { createExporters },
  }));
  cleanups.push(() => store.close(AbortSignal.timeout(5_000)));
  return store;
}

async function ask(store: SpanStore, view: string, params: unknown = {}): Promise<unknown> {
  const { body } = await store.view(view, params, never);
  return JSON.parse(new TextDecoder().decode(body));
}

const LOOPBACK = { endpoint: "127.0.0.1:0" };
const reachable = (port: number) =>
  fetch(`http://127.0.0.1:${port}/view/services`, { headers: { connection: "close" } }).then(
    ({ ok }) => ok,
    () => false,
  );

/** How many threads of this process have that niceness: proc(5), the 19th field of stat. */
function threadsOfNiceness(niceness: number): number {
  const stats = readdirSync("/proc/self/task").map((id) => {
    try {
      return readFileSync(`/proc/self/task/${id}/stat`, "utf8");
    } catch {
      return ") ";
    }
  });
  return stats.filter((stat) => Number(stat.split(") ")[1]?.split(" ")[16]) === niceness).length;
}

const exported = (path: string) => {
  const file = join(path, "exported.txt");
  return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n").map(Number) : [];
};
const numbers = (first: number, count: number) => range(first, count).map(({ id }) => id);

describe.each(["sqlite", "memory"] as const)("the store (%s)", (kind) => {
  it("shows what it acknowledged, exports it, and says so in its status", async () => {
    const path = newFolder();
    const store = await open(kind, path);
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, i) => store.append(incoming(makeBody(`s${i % 2}`, range(1 + i * 4, 4))))),
    );
    expect(results).toEqual(Array(50).fill({ accepted: 4, rejected: 0, message: "" }));
    expect(await ask(store, "services")).toEqual(["s0", "s1"]);
    expect(await ask(store, "trace", { trace: 3 })).toEqual([8, 9, 10, 11]);
    expect(await ask(store, "stats")).toMatchObject({ spans: 200, segments: 1 });
    await until("all are exported", async () => (await store.exporters())[0]?.lagSpans === 0);
    expect(exported(path).sort((a, b) => a - b)).toEqual(numbers(1, 200));
    expect(await store.exporters()).toMatchObject([{ name: "file", deliveredSpans: 200, lastOutcome: "delivered" }]);
  });

  it("takes another pipeline while it runs, and keeps the old one where that cannot be made", async () => {
    const store = await open(kind);
    await store.reconfigureIngest({ message: "second" });
    expect(await store.append(incoming(makeBody("s", range(1, 1))))).toMatchObject({ message: "second" });
    await expect(store.reconfigureIngest({ broken: true })).rejects.toThrow("a broken pipeline");
    expect(await store.append(incoming(makeBody("s", range(2, 1))))).toMatchObject({ message: "second" });
    if (kind === "memory") return;
    await expect(store.append(incoming(Uint8Array.of(0xfe)))).rejects.toThrow();
    let message: string | undefined;
    await until("the thread is back", async () => {
      message = await store.append(incoming(makeBody("s", range(3, 1)))).then(
        (result) => result.message,
        () => undefined,
      );
      return message !== undefined;
    });
    expect(message).toBe("second");
  });

  it("refuses a bad batch alone, an unknown view, and everything once it is closed", async () => {
    const store = await open(kind);
    const outcomes = await Promise.allSettled([
      store.append(incoming(makeBody("s", range(1, 1)))),
      store.append(incoming(Uint8Array.of(0xff, 1))),
      store.append(incoming(makeBody("s", range(2, 1)))),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(outcomes[1]).toMatchObject({ reason: { code: "malformed", name: "PermanentError" } });
    await expect(store.view("nothing", {}, never)).rejects.toMatchObject({ code: "not_found" });
    await store.close(never);
    await store.close(never);
    await expect(store.append(incoming(makeBody("s", range(3, 1))))).rejects.toMatchObject({
      name: "RetryableError",
      code: "storage_unavailable",
    });
  });

  it("takes a batch that comes the moment another was acknowledged", async () => {
    const store = await open(kind);
    for (let i = 0; i < 20; i++) await store.append(incoming(makeBody("s", range(1 + i, 1))));
    expect(await ask(store, "stats")).toMatchObject({ spans: 20 });
  });

  it("cancels views", async () => {
    const store = await open(kind);
    const cancel = new AbortController();
    const view = store.view("endless", {}, cancel.signal);
    setTimeout(() => cancel.abort(), 10);
    await expect(view).rejects.toMatchObject({ code: "cancelled" });
    await expect(store.view("services", {}, cancel.signal)).rejects.toMatchObject({ code: "cancelled" });
    expect(await ask(store, "services")).toEqual([]);
  });

  it("serves where views run, and passes on streams both ways until it is closed", async () => {
    const store = await open(kind);
    await store.append(incoming(makeBody("s", range(1, 3))));
    const peers: unknown[] = [];
    const closed: Promise<unknown>[] = [];
    const served = await store.serve(LOOPBACK, (stream) => {
      closed.push(once(stream, "close"));
      peers.push((stream as { readonly remoteAddress?: string }).remoteAddress);
      stream.pipe(stream);
    });
    const base = `http://127.0.0.1:${served.addresses.http.port}`;
    expect(await (await fetch(`${base}/view/services`)).json()).toEqual(["s"]);
    const large = randomBytes(3_000_000);
    const echoed = await fetch(`${base}/echo`, { method: "POST", body: large });
    expect(large.equals(Buffer.from(await echoed.arrayBuffer()))).toBe(true);
    expect(peers).toEqual(["127.0.0.1"]);
    await Promise.all(closed);
    await served.close(never);
    await expect(fetch(`${base}/view/services`)).rejects.toThrow();
    expect(await ask(store, "services")).toEqual(["s"]);
  });

  it("gives streams to the server, and ends them where there is none", async () => {
    const store = await open(kind);
    const served = await store.serve(LOOPBACK, () => {});
    const stream = served.connect("127.0.0.1");
    const sent = randomBytes(1_000_000);
    stream.end(sent);
    expect(sent.equals(await buffer(stream))).toBe(true);
    await served.close(never);
    await store.close(never);
    const late = served.connect("127.0.0.1");
    if (kind === "sqlite") await expect(once(late, "close")).rejects.toThrow("closed the stream");
    late.destroy();
  });

  it("lets requests under way finish when serving ends, but not for ever", async () => {
    const store = await open(kind);
    // The second serving was never told to hurry.
    for (let serving = 0; serving < 2; serving++) {
      const served = await store.serve(LOOPBACK, () => {});
      const endless = fetch(`http://127.0.0.1:${served.addresses.http.port}/view/endless`);
      const cut = expect(endless).rejects.toThrow();
      await until("it is under way", async () => (await reachable(served.addresses.http.port)) === true);
      const hurry = new AbortController();
      let closed = false;
      const closing = served.close(hurry.signal).then(() => {
        closed = true;
      });
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(closed).toBe(false);
      hurry.abort();
      await closing;
      await cut;
    }
  });

  it("is refused on a big-endian machine before anything is made", async () => {
    const path = join(newFolder(), "data");
    const refused = { code: "unsupported", message: expect.stringContaining("big-endian") };
    const modules = { ingest: { createPipeline }, query: { loadViews, loadServer }, export: { createExporters } };
    const settings = settingsFor(kind, path);
    await expect(openStore(settings, async () => modules, "BE")).rejects.toMatchObject(refused);
    await expect(openInlineStore(settings, modules, "BE")).rejects.toMatchObject(refused);
    expect(existsSync(path)).toBe(false);
  });

  it("says why it cannot serve", async () => {
    const store = await open(kind);
    const served = await store.serve(LOOPBACK, () => {});
    const taken = { endpoint: `127.0.0.1:${served.addresses.http.port}` };
    const other = await open(kind);
    await expect(other.serve(taken, () => {})).rejects.toMatchObject({ code: "listen_failed" });
    await served.close(never);
    await (await other.serve(taken, () => {})).close(never);
  });
});

describe("the threads", () => {
  it("leave one file a segment and an empty log behind, and go on after a restart", async () => {
    const path = newFolder();
    const first = await open("sqlite", path);
    await first.append(incoming(makeBody("s", range(1, 100))));
    await until("all are exported", async () => (await first.exporters())[0]?.lagSpans === 0);
    await first.close(never);
    expect(readdirSync(join(path, "segments"))).toEqual(["00000001.db"]);
    const second = await open("sqlite", path);
    expect(await ask(second, "stats")).toMatchObject({ spans: 100 });
    expect((await second.exporters())[0]).toMatchObject({ deliveredSpans: 100, lagSpans: 0 });
    expect(exported(path)).toHaveLength(100);
  });

  it("report their metrics apart", async () => {
    const store = await open("sqlite");
    await store.append(incoming(makeBody("s", range(1, 10))));
    await ask(store, "services");
    const samples = await store.metrics();
    const value = (name: string) => samples.find((sample) => sample.name === name)?.value;
    expect(value("spanloom_storage_committed_spans_total")).toBe(10);
    expect(value("spanloom_storage_segments")).toBe(1);
    expect(value("spanloom_storage_disk_bytes")).toBeGreaterThan(0);
    expect(value("spanloom_query_views_total")).toBe(1);
    expect(samples.some(({ name }) => name === "spanloom_exporter_lag_spans")).toBe(true);
    const keys = samples.map(({ name, labels }) => name + JSON.stringify(labels));
    expect(new Set(keys).size).toBe(keys.length);
  });

  it("are started again when they die; what was under way fails retryably", async () => {
    const path = newFolder();
    const host = recordingHost();
    const store = await open("sqlite", path, host);
    await store.append(incoming(makeBody("s", range(1, 10))));
    await expect(store.append(incoming(Uint8Array.of(0xfe)))).rejects.toMatchObject({
      name: "RetryableError",
      code: "storage_unavailable",
    });
    await until("the ingest thread is back", () =>
      store.append(incoming(makeBody("s", range(11, 10)))).then(
        () => true,
        () => false,
      ),
    );
    await expect(store.view("die", {}, never)).rejects.toMatchObject({ code: "storage_unavailable" });
    await until("the query thread is back", () =>
      ask(store, "stats")
        .then(() => true)
        .catch(() => false),
    );
    expect(await ask(store, "stats")).toMatchObject({ spans: 20 });
    const restarts = (await store.metrics()).filter(({ name }) => name === "spanloom_storage_thread_restarts_total");
    expect(restarts.map(({ labels, value }) => [labels.thread, value])).toEqual([
      ["ingest", 1],
      ["query", 1],
      ["export", 0],
      ["sealing", 0],
    ]);
  });

  it("count that the one that seals has died", async () => {
    const path = newFolder();
    const entries = join(path, "entries");
    mkdirSync(entries);
    for (const name of ["ingest", "query", "export"]) {
      writeFileSync(join(entries, `${name}-worker.js`), `import "${compiled.threadEntries}${name}-worker.js";`);
    }
    writeFileSync(
      join(entries, "sealing-worker.js"),
      `import { parentPort } from "node:worker_threads";
      parentPort.on("message", ({ type, id }) => {
        if (type === "seal") throw new Error("dies of this segment");
        parentPort.postMessage({ type: "answer", id });
      });
      parentPort.postMessage({ type: "ready" });`,
    );
    const settings = { ...settingsFor("sqlite", join(path, "data")), threadEntries: pathToFileURL(`${entries}/`).href };
    const store = await openStore(settings, () => Promise.reject(new Error("not inline")));
    cleanups.push(() => store.close(AbortSignal.timeout(5_000)));
    const restarts = async () =>
      (await store.metrics()).find(
        ({ name, labels }) => name === "spanloom_storage_thread_restarts_total" && labels.thread === "sealing",
      )?.value;
    expect(await restarts()).toBe(0);
    await store.append(incoming(makeBody("s", range(1, 10))));
    await store.compact().catch(() => {});
    await until("the thread is back", async () => ((await restarts()) ?? 0) >= 1);
  });

  it.runIf(process.platform === "linux")("let those go first that somebody waits for", async () => {
    const before = threadsOfNiceness(NICENESS.ingest);
    const store = await open("sqlite");
    await until("both are nicer", async () => threadsOfNiceness(NICENESS.ingest) === before + 2);
    await store.close(never);
  });

  it("serve on the same port again when the one that served dies", async () => {
    const store = await open("sqlite");
    const served = await store.serve(LOOPBACK, (stream) => stream.pipe(stream));
    const url = `http://127.0.0.1:${served.addresses.http.port}`;
    await expect(fetch(`${url}/view/die`)).rejects.toThrow();
    await until("it serves again", () => reachable(served.addresses.http.port));
    expect(await (await fetch(`${url}/echo`, { method: "POST", body: "again" })).text()).toBe("again");
    await served.close(never);
  });

  it("do not start on a folder in use, or when a module is missing, and leave nothing behind", async () => {
    const path = newFolder();
    const store = await open("sqlite", path);
    await expect(open("sqlite", path)).rejects.toMatchObject({ code: "data_folder_in_use" });
    await store.close(never);
    const settings = settingsFor("sqlite", path);
    const empty = join(path, "empty.mjs");
    writeFileSync(empty, "");
    const query = { url: new URL(`file://${empty}`).href, config: undefined };
    await expect(openStore({ ...settings, modules: { ...settings.modules, query } })).rejects.toThrow(
      /does not export loadViews/,
    );
    expect(await ask(await open("sqlite", path), "services")).toEqual([]);
  });

  it("hold nothing once closed: the process ends by itself", async () => {
    const path = newFolder();
    const child = compiled.file("test/support/storage/ingesting-child.ts");
    const args = [child, path, compiled.threadEntries, compiled.modules, "1", "once"];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 20_000 });
    expect(stdout).toBe("ready\nacked 1 40\nclosed\n");
    expect(statSync(join(path, "segments", "00000001.db")).size).toBeGreaterThan(0);
  });
});
