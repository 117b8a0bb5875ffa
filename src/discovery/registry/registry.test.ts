import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { eventually } from "../../../test/support/eventually.ts";
import { testHost } from "../../../test/support/host.ts";
import { parseDiscoverEndpoint } from "../../component/discover-endpoint.ts";
import { isDiscoverEndpoint, type Registration } from "../../component/discovery.ts";
import { SILENT_LOGGER } from "../../component/logger.ts";
import { createEndpointResolver } from "./endpoint-resolver.ts";
import { LocalRegistry } from "./local-registry.ts";
import { memoryRegistryStore } from "./memory-store.ts";
import { ServiceRegistry } from "./registry.ts";

let local: LocalRegistry;
let registry: ServiceRegistry;
beforeEach(async () => {
  local = new LocalRegistry({ store: memoryRegistryStore() });
  await local.start(testHost());
  registry = new ServiceRegistry({ backend: local, logger: SILENT_LOGGER, ejection: { consecutiveFailures: 1 } });
});
afterEach(async () => {
  await registry.close();
  await local.shutdown();
});

const collector = (id: string, more: Partial<Registration> = {}): Registration => ({
  id,
  name: "jaeger-collector",
  host: "10.0.0.1",
  port: 14268,
  tags: ["production"],
  ...more,
});

describe("discover:// endpoints", () => {
  it("are read with tags, scheme and path", () => {
    expect(parseDiscoverEndpoint("discover://jaeger-collector?tag=production&tag=eu")).toEqual({
      service: "jaeger-collector",
      tags: ["production", "eu"],
      scheme: "http",
      path: "",
    });
    expect(parseDiscoverEndpoint("discover://Order_Service/v1/traces?scheme=https")).toEqual({
      service: "Order_Service",
      tags: [],
      scheme: "https",
      path: "/v1/traces",
    });
    expect(isDiscoverEndpoint("discover://x")).toBe(true);
    expect(isDiscoverEndpoint("http://discover")).toBe(false);
  });

  it.each([
    "discover://",
    "discover:x",
    "discover://a:80",
    "discover://u@a",
    "discover://a#b",
    "discover://a?tags=b",
    "discover://a?scheme=ftp",
    "discover://a?tag=",
    "http://a",
    "nothing",
  ])("are refused where they make no sense: %s", (text) => {
    expect(() => parseDiscoverEndpoint(text)).toThrow(/expected discover:\/\/service/);
  });

  it("give URLs of instances by weight, leave out those that fail, and follow changes", async () => {
    await local.register(collector("a", { weight: 3 }), 60_000);
    await local.register(collector("b", { host: "fd00::2" }), 60_000);
    await local.register(collector("c", { tags: [] }), 60_000);
    const endpoint = createEndpointResolver(registry).resolve("discover://jaeger-collector/api/traces?tag=production");
    const urls = async (count: number): Promise<string[]> => {
      const found: string[] = [];
      for (let i = 0; i < count; i++) {
        const picked = await endpoint.next();
        picked.done("success");
        found.push(picked.url);
      }
      return found;
    };
    const [a, b] = ["http://10.0.0.1:14268/api/traces", "http://[fd00::2]:14268/api/traces"];
    expect((await urls(4)).filter((url) => url === a)).toHaveLength(3);
    let picked = await endpoint.next();
    while (picked.url !== a) picked = await endpoint.next();
    picked.done("failure");
    expect(new Set(await urls(4))).toEqual(new Set([b]));
    await local.deregister("b");
    await eventually(async () => expect(new Set(await urls(2))).toEqual(new Set([a])));
    await local.deregister("a");
    await eventually(() =>
      expect(endpoint.next()).rejects.toThrow(/no healthy instance of jaeger-collector with the tags production/),
    );
    endpoint.close();
    endpoint.close();
  });

  it("give an authority for grpc", async () => {
    await local.register(collector("a", { port: 4317 }), 60_000);
    const endpoint = createEndpointResolver(registry).resolve("discover://jaeger-collector?scheme=grpc");
    expect((await endpoint.next()).url).toBe("10.0.0.1:4317");
    endpoint.close();
  });
});

describe("announcing", () => {
  it("registers, keeps alive, registers again when forgotten, and deregisters", async () => {
    const beats = vi.spyOn(local, "heartbeat");
    registry.announce(collector("a"), 400);
    await eventually(() => expect(local.record("a")).toBeDefined());
    await eventually(() => expect(beats.mock.calls.length).toBeGreaterThan(3));
    await eventually(() => expect(local.record("a")?.instance.health).toBe("healthy"));
    await local.deregister("a");
    await eventually(() => expect(local.record("a")).toBeDefined());
    await registry.withdraw("a");
    expect(local.record("a")).toBeUndefined();
    await registry.withdraw("a");
  });

  it("deregisters what is left when it closes", async () => {
    registry.announce(collector("a"), 60_000);
    await eventually(() => expect(local.record("a")).toBeDefined());
    await registry.close();
    expect(local.record("a")).toBeUndefined();
    await expect(registry.discover("jaeger-collector")).rejects.toMatchObject({ code: "unreachable" });
  });
});

describe("watching through the registry", () => {
  it("tells changes of what discover would give, and nothing else", async () => {
    const abort = new AbortController();
    const seen: string[][] = [];
    const watching = (async () => {
      for await (const { instances } of registry.watch("jaeger-collector", ["production"], abort.signal)) {
        seen.push(instances.map(({ id }) => id));
      }
    })();
    await eventually(() => expect(seen).toEqual([[]]));
    await local.register(collector("x", { tags: ["other"] }), 60_000);
    await local.register(collector("a"), 60_000);
    await eventually(() => expect(seen.at(-1)).toEqual(["a"]));
    await local.heartbeat("a");
    await local.deregister("a");
    await eventually(() => expect(seen.at(-1)).toEqual([]));
    expect(seen).toEqual([[], ["a"], []]);
    abort.abort();
    await watching;
  });

  it("leaves out instances of other services that a registry answers with", async () => {
    const lying = new ServiceRegistry({
      logger: SILENT_LOGGER,
      backend: Object.assign(Object.create(local) as LocalRegistry, {
        async *watch(name: string, signal: AbortSignal) {
          for await (const all of local.watch("jaeger-collector", signal))
            yield [...all, ...all.map((one) => ({ ...one, name: `${name}2` }))];
        },
      }),
    });
    await local.register(collector("a"), 60_000);
    expect((await lying.snapshot("jaeger-collector")).instances).toHaveLength(1);
    await lying.close();
  });
});
