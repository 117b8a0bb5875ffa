import { afterEach, beforeEach, expect, it } from "vitest";
import { testHost } from "../../../test/support/host.ts";
import { RetryableError } from "../../component/errors.ts";
import { SILENT_LOGGER } from "../../component/logger.ts";
import type { DiscoveryClient } from "./discovery-client.ts";
import { createLazyResolver } from "./lazy-resolver.ts";
import { LocalRegistry } from "./local-registry.ts";
import { memoryRegistryStore } from "./memory-store.ts";
import { ServiceRegistry } from "./registry.ts";

let local: LocalRegistry;
let opened = 0;
let closed = 0;
beforeEach(async () => {
  opened = 0;
  closed = 0;
  local = new LocalRegistry({ store: memoryRegistryStore() });
  await local.start(testHost());
  await local.register({ id: "a", name: "shop", host: "10.0.0.1", port: 80 }, 60_000);
});
afterEach(() => local.shutdown());

async function open(): Promise<DiscoveryClient> {
  opened++;
  const registry = new ServiceRegistry({ backend: local, logger: SILENT_LOGGER });
  return {
    registry,
    async close() {
      await registry.close();
      closed++;
    },
  };
}

it("opens one client with the first request and closes it with the last endpoint", async () => {
  const resolver = createLazyResolver(open);
  const one = resolver.resolve("discover://shop/a?tag=x");
  const two = resolver.resolve("discover://shop/b");
  expect(one).toMatchObject({ service: "shop", tags: ["x"] });
  expect(opened).toBe(0);
  const picked = await Promise.all([two.next(), two.next()]);
  expect(picked.map(({ url }) => url)).toEqual(["http://10.0.0.1:80/b", "http://10.0.0.1:80/b"]);
  await expect(one.next()).rejects.toThrow("no healthy instance of shop with the tags x is registered");
  expect(opened).toBe(1);
  two.close();
  two.close();
  await expect(two.next()).rejects.toThrow("stopped");
  await expect(one.next()).rejects.toThrow("no healthy instance");
  expect(closed).toBe(0);
  one.close();
  await expect.poll(() => closed).toBe(1);
});

it("opens nothing where no request is made, and refuses endpoints that make no sense", () => {
  const resolver = createLazyResolver(open);
  expect(() => resolver.resolve("discover://shop:80")).toThrow(/no user, port or fragment/);
  resolver.resolve("discover://shop").close();
  expect([opened, closed]).toEqual([0, 0]);
});

it("tries again where the client could not be opened", async () => {
  let ready = false;
  const resolver = createLazyResolver(async () => {
    if (!ready) throw new RetryableError("unreachable", "not yet");
    return open();
  });
  const endpoint = resolver.resolve("discover://shop");
  await expect(endpoint.next()).rejects.toThrow("not yet");
  ready = true;
  expect((await endpoint.next()).url).toBe("http://10.0.0.1:80");
  endpoint.close();
  await expect.poll(() => closed).toBe(1);
});
