import { afterAll, beforeAll, expect, it } from "vitest";
import { createCollector } from "../../src/app/collector.ts";
import type { DiscoveryBackend } from "../../src/component/discovery.ts";
import { etcdBackend, etcdBackendConfig } from "../../src/discovery/backends/etcd.ts";
import { discoveryConformance } from "../support/discovery/conformance.ts";
import { TcpGate } from "../support/discovery/rig.ts";
import { eventually } from "../support/eventually.ts";
import { testHost } from "../support/host.ts";
import { describeWhere } from "../support/requires.ts";
import { ETCD, Etcd, PASSWORD } from "./etcd-server.ts";

describeWhere(ETCD !== undefined, "etcd is missing", "etcd", () => {
  const etcd = new Etcd();
  let prefix = 0;
  beforeAll(async () => {
    await etcd.start();
    await etcd.requirePassword();
  });
  afterAll(() => etcd.remove());

  const client = (port: number, { token = PASSWORD, timeoutMs = 5_000 } = {}): DiscoveryBackend =>
    etcdBackend.create(
      {},
      etcdBackendConfig.parse({
        endpoint: `http://127.0.0.1:${port}`,
        prefix: `/test-${prefix}`,
        username: "root",
        password: token,
        timeout_ms: timeoutMs,
      }),
    );

  discoveryConformance("etcd, the real one", async () => {
    prefix++;
    const gate = await TcpGate.open(etcd.port);
    let stopped = false;
    return {
      client: ({ token, timeoutMs = 5_000 } = {}) =>
        client(gate.port, { timeoutMs: Math.max(1_000, timeoutMs), ...(token === undefined ? {} : { token }) }),
      async stop() {
        stopped = true;
        await gate.close();
        await etcd.stop();
      },
      async restart() {
        await etcd.start();
        await gate.open();
        stopped = false;
      },
      stall: (stalled) => gate.stall(stalled),
      hasTokens: true,
      tagsPerInstance: true,
      // etcd makes shorter leases longer.
      ttlMs: 2_000,
      async close() {
        if (stopped) await etcd.start();
        else await gate.close();
      },
    };
  });

  it("reads everything again when the revisions that a watch asks for are compacted", async () => {
    prefix++;
    const gate = await TcpGate.open(etcd.port);
    const [watcher, writer] = [client(gate.port), client(etcd.port)];
    await watcher.start(testHost());
    await writer.start(testHost());
    const abort = new AbortController();
    const seen: number[][] = [];
    const watching = (async () => {
      while (!abort.signal.aborted) {
        try {
          for await (const instances of watcher.watch("orders", abort.signal))
            seen.push(instances.map(({ port }) => port));
        } catch {
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      }
    })();
    await eventually(() => expect(seen).toEqual([[]]));
    for (let port = 1; port <= 5; port++) {
      await writer.register({ id: "a", name: "orders", host: "10.0.0.1", port }, 60_000);
    }
    await eventually(() => expect(seen.at(-1)).toEqual([5]));
    const token = await etcd.token();
    const { header } = await etcd.post("kv/range", { key: Buffer.from("x").toString("base64") }, token);
    await etcd.post("kv/compaction", { revision: (header as { revision: string }).revision }, token);
    await writer.register({ id: "a", name: "orders", host: "10.0.0.1", port: 6 }, 60_000);
    await eventually(() => expect(seen.at(-1)).toEqual([6]));
    abort.abort();
    await watching;
    await watcher.shutdown(AbortSignal.abort());
    await writer.shutdown(AbortSignal.abort());
    await gate.close();
  });

  it("passes over keys under the prefix that are no instances", async () => {
    prefix++;
    const backend = client(etcd.port);
    await backend.start(testHost());
    const put = async (key: string, value: string): Promise<unknown> => {
      const encode = (text: string): string => Buffer.from(text).toString("base64");
      return etcd.post("kv/put", { key: encode(`/test-${prefix}/${key}`), value: encode(value) }, await etcd.token());
    };
    await put("orders/x", "no json");
    await put("orders/y", '{"id":"y","name":"orders","host":"10.0.0.1","port":"none"}');
    await put("orders/z", '{"id":"z","name":"orders","host":"10.0.0.1","port":80}');
    expect(await backend.discover("orders")).toMatchObject([{ id: "z" }]);
    await backend.shutdown(AbortSignal.abort());
  });

  it("is told by a heartbeat that the key was deleted while its lease lives, and registers again", async () => {
    prefix++;
    const backend = client(etcd.port);
    await backend.start(testHost());
    await backend.register({ id: "x", name: "orders", host: "10.0.0.1", port: 1 }, 60_000);
    expect(await backend.heartbeat("x")).toBe(true);
    const key = Buffer.from(`/test-${prefix}/orders/x`).toString("base64");
    await etcd.post("kv/deleterange", { key }, await etcd.token());
    expect(await backend.heartbeat("x")).toBe(false);
    await backend.register({ id: "x", name: "orders", host: "10.0.0.1", port: 1 }, 60_000);
    expect(await backend.heartbeat("x")).toBe(true);
    expect(await backend.discover("orders")).toMatchObject([{ id: "x" }]);
    await backend.shutdown(AbortSignal.abort());
  });

  it("holds a collector that registers itself, again where its key is gone, until it stops", async () => {
    prefix++;
    const reader = client(etcd.port);
    await reader.start(testHost());
    const collector = await createCollector(
      {
        discovery: {
          backend: "etcd",
          etcd: {
            endpoint: `http://127.0.0.1:${etcd.port}`,
            prefix: `/test-${prefix}`,
            username: "root",
            password: PASSWORD,
          },
          register: { enabled: true, host: "127.0.0.1", ttl_ms: 2_000 },
        },
      },
      { logger: testHost().logger },
    );
    const ofUi = () => reader.discover("spanloom", ["ui"]);
    const port = Number(new URL(collector.endpoints.ui).port);
    await eventually(async () => expect(await ofUi()).toMatchObject([{ port }]));
    const id = (await ofUi())[0]?.id as string;
    const key = Buffer.from(`/test-${prefix}/spanloom/${encodeURIComponent(id)}`).toString("base64");
    expect(await etcd.post("kv/deleterange", { key }, await etcd.token())).toMatchObject({ deleted: "1" });
    expect(await ofUi()).toEqual([]);
    await eventually(async () => expect(await ofUi()).toMatchObject([{ port }]));
    await collector.shutdown();
    expect(await reader.discover("spanloom")).toEqual([]);
    await reader.shutdown(AbortSignal.abort());
  });

  it("keeps services apart whose names hold slashes", async () => {
    prefix++;
    const backend = client(etcd.port);
    await backend.start(testHost());
    await backend.register({ id: "x", name: "a/b", host: "h", port: 1 }, 0);
    await backend.register({ id: "y/1", name: "a", host: "h", port: 1 }, 0);
    expect(await backend.discover("a")).toMatchObject([{ id: "y/1" }]);
    expect(await backend.discover("a/b")).toMatchObject([{ id: "x" }]);
    expect(await backend.heartbeat("y/1")).toBe(true);
    expect(await backend.heartbeat("1")).toBe(false);
    await backend.shutdown(AbortSignal.abort());
  });
});
