import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Logger } from "../../src/component/logger.ts";
import { SILENT_LOGGER } from "../../src/component/logger.ts";
import { discoveryConfig } from "../../src/discovery/config.ts";
import { createDiscoveryClient, Discovery } from "../../src/discovery/discovery.ts";
import { memoryRegistryStore } from "../../src/discovery/registry/memory-store.ts";
import { openRegistryStore } from "../../src/storage/folder/registry-store.ts";
import { eventually } from "../support/eventually.ts";
import { testHost } from "../support/host.ts";

const config = (more: object = {}) => discoveryConfig.parse({ server: { endpoint: "127.0.0.1:0" }, ...more });
const problems = (raw: object): string => JSON.stringify(discoveryConfig.safeParse(raw).error?.issues ?? []);
const stop = (): AbortSignal => AbortSignal.timeout(2_000);

describe("the discovery config", () => {
  it("works without anything said", () => {
    expect(discoveryConfig.parse({})).toMatchObject({
      backend: "local",
      server: { enabled: true, endpoint: "127.0.0.1:8500", tokens: [] },
      consul: { endpoint: "http://localhost:8500" },
      instances: [],
    });
  });

  it.each([
    [{ backend: "zookeeper" }, /"values":\["local","consul","etcd","dns","kubernetes"\]/],
    [{ consul: { url: "http://x" } }, /unrecognized_keys.*url/],
    [{ consul: { endpoint: "x:8500" } }, /expected http:\/\/host:port/],
    [{ consul: { endpoint: "http://u:p@x" } }, /credentials do not belong into the URL/],
    [{ etcd: { endpoint: "http://169.254.169.254" } }, /link-local/],
    [{ etcd: { username: "root" } }, /given together/],
    [{ kubernetes: { kubeconfig: "a", api_server: "http://b" } }, /not both/],
    [
      {
        instances: [
          { name: "a", host: "h", port: 1 },
          { name: "a", host: "h", port: 1 },
        ],
      },
      /a@h:1 is given twice/,
    ],
    [{ instances: [{ name: "a", host: "http://h", port: 1 }] }, /without port or brackets/],
    [{ instances: [{ name: "a", host: "h", port: 1, health_check: { type: "icmp" } }] }, /http.*tcp.*grpc/],
  ])("refuses %j", (raw, message) => {
    expect(problems(raw)).toMatch(message);
  });
});

describe("Discovery", () => {
  it("loses no registration when it restarts, and shows when each was last heard of", async () => {
    const folder = mkdtempSync(join(tmpdir(), "spanloom-discovery-"));
    const open = async (): Promise<Discovery> => {
      const made = new Discovery(config(), { store: openRegistryStore(folder, SILENT_LOGGER) });
      await made.start(testHost());
      return made;
    };
    const first = await open();
    await first.local.register({ id: "a", name: "orders", host: "10.0.0.1", port: 1, tags: ["x"], zone: "eu" }, 60_000);
    const before = first.local.record("a")?.instance;
    await first.shutdown(stop());
    const second = await open();
    expect(second.local.record("a")?.instance).toEqual(before);
    expect(await second.local.heartbeat("a")).toBe(true);
    await second.shutdown(stop());
    await second.shutdown(stop());
    rmSync(folder, { recursive: true });
  });

  it("has one instance an id: the last that was registered, or that of the config, saying whose place it took", async () => {
    const store = memoryRegistryStore();
    const told: string[] = [];
    const logger: Logger = { ...SILENT_LOGGER, warn: (...args) => void told.push(JSON.stringify(args)) };
    const open = async (instances: object[]): Promise<Discovery> => {
      const made = new Discovery(config({ instances }), { store: { ...store, close() {} } });
      await made.start({ ...testHost(), logger });
      return made;
    };
    const first = await open([]);
    await first.local.register({ id: "a", name: "orders", host: "10.0.0.1", port: 1 }, 60_000);
    await first.local.register({ id: "a", name: "orders", host: "10.0.0.1", port: 1, tags: ["x"] }, 60_000);
    expect(told).toEqual([]);
    await first.local.register({ id: "a", name: "billing", host: "10.0.0.2", port: 1 }, 60_000);
    expect(told.splice(0)).toEqual([
      expect.stringMatching(/registered again for another instance.*orders at 10\.0\.0\.1:1.*billing at 10\.0\.0\.2:1/),
    ]);
    expect((await first.local.list()).map(({ name }) => name)).toEqual(["billing"]);
    await first.shutdown(stop());

    const second = await open([{ id: "a", name: "mail", host: "10.0.0.3", port: 25 }]);
    expect(told).toEqual([expect.stringContaining("gives way to the instance of the config")]);
    expect((await second.local.list()).map(({ name }) => name)).toEqual(["mail"]);
    await expect(second.local.register({ id: "a", name: "orders", host: "h", port: 1 }, 0)).rejects.toThrow(
      "registration: the id a belongs to an instance of the config",
    );
    await second.shutdown(stop());
  });

  it("puts a damaged file aside and starts empty", async () => {
    const folder = mkdtempSync(join(tmpdir(), "spanloom-discovery-"));
    writeFileSync(join(folder, "registry.db"), "this is no database, but long enough to be read as one".repeat(20));
    const errors: string[] = [];
    const logger: Logger = { ...SILENT_LOGGER, error: (message) => void errors.push(message) };
    const store = openRegistryStore(folder, logger);
    expect(store.load()).toEqual([]);
    expect(errors).toMatchObject([expect.stringContaining("damaged")]);
    store.close();
    rmSync(folder, { recursive: true });
  });

  it("runs without its port when that is taken, saying so", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const endpoint = `127.0.0.1:${(other.address() as AddressInfo).port}`;
    const warnings: unknown[] = [];
    const logger: Logger = { ...SILENT_LOGGER, warn: (...args) => void warnings.push(args) };
    const discovery = new Discovery(config({ server: { endpoint } }), { store: memoryRegistryStore() });
    await discovery.start({ ...testHost(), logger });
    expect(discovery.address).toBeUndefined();
    expect(JSON.stringify(warnings)).toContain("discovery.server.endpoint");
    await discovery.shutdown(stop());
    other.close();
  });

  it("has the instances of the config, checked where they say so", async () => {
    const listening = createServer();
    await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
    const { port } = listening.address() as AddressInfo;
    const check = { type: "tcp", interval_ms: 20 };
    const instances = [
      { name: "mail", host: "10.0.0.9", port: 25 },
      { id: "web-1", name: "web", host: "127.0.0.1", port, weight: 5, health_check: check },
    ];
    const discovery = new Discovery(config({ instances }), { store: memoryRegistryStore() });
    await discovery.start(testHost());
    expect((await discovery.registry.discover("mail")).instances).toMatchObject([{ id: "mail@10.0.0.9:25" }]);
    await eventually(async () =>
      expect((await discovery.registry.discover("web")).instances).toMatchObject([{ weight: 5 }]),
    );
    await new Promise<void>((resolve) => listening.close(() => resolve()));
    await eventually(async () => expect((await discovery.registry.discover("web")).instances).toEqual([]));
    await discovery.shutdown(stop());
  });

  it("gives other threads a client of its own registry", async () => {
    const settings = config({ server: { endpoint: "127.0.0.1:0", tokens: ["t"] } });
    const discovery = new Discovery(settings, { store: memoryRegistryStore() });
    await discovery.start(testHost());
    await discovery.local.register({ id: "a", name: "orders", host: "10.0.0.1", port: 1, weight: 3 }, 60_000);
    const client = await createDiscoveryClient(structuredClone(settings), discovery.address, testHost());
    expect((await client.registry.discover("orders")).instances).toMatchObject([{ id: "a", weight: 3 }]);
    await discovery.local.deregister("a");
    await eventually(async () => expect((await client.registry.discover("orders")).instances).toEqual([]));
    await client.close();
    await discovery.shutdown(stop());
    await expect(createDiscoveryClient(settings, undefined, testHost())).rejects.toMatchObject({
      code: "config_invalid",
    });
  });

  it("announces what its process listens on, checks it, and takes it back", async () => {
    const discovery = new Discovery(config(), { store: memoryRegistryStore() });
    await discovery.start(testHost());
    const listening = createServer();
    await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
    const { port } = listening.address() as AddressInfo;
    const host = "127.0.0.1";
    const check = { type: "tcp", host, port } as const;
    discovery.registry.announce({ id: "own", name: "collector", host, port, tags: ["otlp"], check }, 60_000);
    await eventually(async () =>
      expect((await discovery.registry.discover("collector", ["otlp"])).instances).toHaveLength(1),
    );
    await discovery.registry.close();
    expect(discovery.local.records()).toEqual([]);
    await discovery.shutdown(stop());
    listening.close();
  });

  it("holds nothing open when it cannot start", async () => {
    const wrong = config({ backend: "kubernetes", kubernetes: { kubeconfig: "/nowhere/config" } });
    const discovery = new Discovery(wrong, { store: memoryRegistryStore() });
    await expect(discovery.start(testHost())).rejects.toThrow(/cannot read kubeconfig.*ENOENT/);
    expect(() => discovery.registry).toThrow(/not started/);
  });
});
