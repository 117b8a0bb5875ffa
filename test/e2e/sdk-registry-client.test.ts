import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { discoveryConfig } from "../../src/discovery/config.ts";
import { Discovery } from "../../src/discovery/discovery.ts";
import { memoryRegistryStore } from "../../src/discovery/registry/memory-store.ts";
import { ConsulRegistry } from "../../src/sdk/registry/consul.ts";
import { eventually } from "../support/eventually.ts";
import { testHost } from "../support/host.ts";

describe("the SDK's registry client", () => {
  let discovery: Discovery;
  let client: ConsulRegistry;
  beforeEach(async () => {
    const config = discoveryConfig.parse({ server: { endpoint: "127.0.0.1:0", tokens: ["t"] } });
    discovery = new Discovery(config, { store: memoryRegistryStore() });
    await discovery.start(testHost());
    client = new ConsulRegistry({ url: `http://${discovery.address}`, token: "t" });
  });
  afterEach(() => discovery.shutdown(AbortSignal.timeout(2_000)));

  it("registers with heartbeats, finds by all tags, watches and deregisters at the collector", async () => {
    const tags = ["production", "v2"];
    const abort = new AbortController();
    const seen: number[] = [];
    const watching = (async () => {
      for await (const instances of client.watch("orders", tags, abort.signal)) seen.push(instances.length);
    })();
    await eventually(() => expect(seen).toEqual([0]));
    await client.register({
      id: "o1",
      name: "orders",
      host: "127.0.0.1",
      port: 8080,
      tags,
      metadata: {},
      ttlSeconds: 60,
      healthCheck: undefined,
    });
    expect(await client.discover("orders", tags)).toMatchObject([{ id: "o1", port: 8080, health: "healthy" }]);
    expect(await client.discover("orders", ["production", "v1"])).toEqual([]);
    expect(await client.heartbeat("o1")).toBe(true);
    expect(await client.heartbeat("o2")).toBe(false);
    await eventually(() => expect(seen.at(-1)).toBe(1));
    expect(await client.deregister("o1")).toBe(true);
    await eventually(() => expect(seen.at(-1)).toBe(0));
    abort.abort();
    await watching;
  });
});
