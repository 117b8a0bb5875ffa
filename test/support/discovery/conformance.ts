import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { DiscoveryBackend, Registration, ServiceInstance } from "../../../src/component/discovery.ts";
import { SILENT_LOGGER } from "../../../src/component/logger.ts";
import { ServiceRegistry } from "../../../src/discovery/registry/registry.ts";
import { eventually } from "../eventually.ts";
import { testHost } from "../host.ts";

/** A registry, real or written from its documentation, with the faults that networks and operators bring. */
export interface DiscoveryRig {
  /** A new client of the registry, not started. `token` is a wrong one. */
  client(options?: { readonly token?: string; readonly timeoutMs?: number }): DiscoveryBackend;
  /** What a read-only registry holds from now on, by service; undefined for writable ones. */
  readonly seed?: (instances: readonly Registration[]) => Promise<void>;
  /** True where `seed` restarts the registry, so that a watch may fail meanwhile and has to be called again. */
  readonly seedInterrupts?: boolean;
  /** The registry goes away, or comes back with what it had. */
  stop(): Promise<void>;
  restart(): Promise<void>;
  /** The registry takes connections and answers nothing, or answers again; undefined where there is no network. */
  readonly stall?: (stalled: boolean) => void;
  readonly hasTokens: boolean;
  /** False where tags belong to the service and not to its instances. */
  readonly tagsPerInstance: boolean;
  /** A short TTL that the registry can keep, ms. */
  readonly ttlMs: number;
  close(): Promise<void>;
}

const TTL_MS = 60_000;
const A: Registration = {
  id: "a",
  name: "orders",
  host: "10.0.0.1",
  port: 8080,
  tags: ["production", "v2", "us_east"],
};
const B: Registration = { id: "b", name: "orders", host: "10.0.0.2", port: 8080, tags: ["production", "v1"] };
const C: Registration = { id: "c", name: "billing", host: "10.0.0.3", port: 9090, tags: ["production"] };

const addresses = (instances: readonly ServiceInstance[]): string[] =>
  instances.map(({ host, port }) => `${host}:${port}`).sort();

/** What every backend has to do, whatever stands behind it. */
export function discoveryConformance(name: string, makeRig: () => Promise<DiscoveryRig>): void {
  describe(`discovery backend: ${name}`, () => {
    let rig: DiscoveryRig;
    let started: DiscoveryBackend[];
    let registries: ServiceRegistry[];

    const open = async (options?: { token?: string; timeoutMs?: number }): Promise<DiscoveryBackend> => {
      const backend = rig.client(options);
      await backend.start(testHost());
      started.push(backend);
      return backend;
    };
    const put = async (backend: DiscoveryBackend, ...instances: Registration[]): Promise<void> => {
      if (rig.seed === undefined) for (const instance of instances) await backend.register(instance, TTL_MS);
      else await rig.seed(instances);
    };
    /** Watches until the signal aborts. */
    const follow = async (
      backend: DiscoveryBackend,
      signal: AbortSignal,
      see: (instances: readonly ServiceInstance[]) => void,
    ): Promise<void> => {
      do {
        try {
          for await (const instances of backend.watch("orders", signal)) see(instances);
        } catch (error) {
          if (rig.seedInterrupts !== true) throw error;
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      } while (rig.seedInterrupts === true && !signal.aborted);
    };
    const registryOf = (backend: DiscoveryBackend): ServiceRegistry => {
      const registry = new ServiceRegistry({ backend, logger: SILENT_LOGGER });
      registries.push(registry);
      return registry;
    };

    beforeEach(async () => {
      started = [];
      registries = [];
      rig = await makeRig();
    });
    afterEach(async () => {
      for (const registry of registries) await registry.close();
      for (const backend of started) await backend.shutdown(AbortSignal.timeout(1_000));
      await rig.close();
    });

    it("finds what is registered, with all its fields", async () => {
      const backend = await open();
      await put(backend, A, C);
      const found = await backend.discover("orders");
      expect(found).toHaveLength(1);
      expect(found[0]).toMatchObject({ name: "orders", host: "10.0.0.1", port: 8080, health: "healthy" });
      expect([...(found[0]?.tags ?? [])].sort()).toEqual([...(A.tags ?? [])].sort());
      expect(await backend.discover("billing")).toHaveLength(1);
    });

    it("answers nothing for a service without instances", async () => {
      const backend = await open();
      await put(backend, C);
      expect(await backend.discover("orders")).toEqual([]);
    });

    it("takes only instances that carry all asked tags", async () => {
      const backend = await open();
      if (rig.tagsPerInstance) {
        await put(backend, A, B);
        expect(addresses(await backend.discover("orders", ["production"]))).toEqual(["10.0.0.1:8080", "10.0.0.2:8080"]);
        expect(addresses(await backend.discover("orders", ["production", "v2"]))).toEqual(["10.0.0.1:8080"]);
      } else {
        await put(backend, A);
        expect(addresses(await backend.discover("orders", ["production", "v2"]))).toEqual(["10.0.0.1:8080"]);
      }
      expect(await backend.discover("orders", ["v2", "v1"])).toEqual([]);
      expect(await backend.discover("orders", ["production", "unknown"])).toEqual([]);
    });

    it("lists the instances of all services", async () => {
      const backend = await open();
      await put(backend, A, B, C);
      expect(addresses(await backend.list())).toEqual(["10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.3:9090"]);
    });

    it("shows a watcher the state at once and after every change, until it stops", async () => {
      const backend = await open();
      await put(backend, A);
      const abort = new AbortController();
      const seen: string[][] = [];
      const ended = follow(backend, abort.signal, (instances) => seen.push(addresses(instances)));
      await eventually(() => expect(seen.at(-1)).toEqual(["10.0.0.1:8080"]));
      await put(backend, A, B);
      await eventually(() => expect(seen.at(-1)).toEqual(["10.0.0.1:8080", "10.0.0.2:8080"]));
      if (rig.seed === undefined) await backend.deregister("a");
      else await rig.seed([B]);
      await eventually(() => expect(seen.at(-1)).toEqual(["10.0.0.2:8080"]));
      abort.abort();
      await ended;
    });

    it("tells a watcher of a service that nobody has registered yet", async () => {
      const backend = await open();
      await put(backend, C);
      const abort = new AbortController();
      const seen: string[][] = [];
      const ended = follow(backend, abort.signal, (instances) => seen.push(addresses(instances)));
      await eventually(() => expect(seen).toEqual([[]]));
      await put(backend, A);
      await eventually(() => expect(seen.at(-1)).toEqual(["10.0.0.1:8080"]));
      abort.abort();
      await ended;
    });

    it("registers again under the same id in place of the first", async () => {
      const backend = await open();
      if (!backend.capabilities.writable) {
        await expect(backend.register(A, TTL_MS)).rejects.toMatchObject({ code: "unsupported" });
        return;
      }
      await put(backend, A);
      await put(backend, { ...A, port: 8081, metadata: { version: "3" } });
      const found = await backend.discover("orders");
      expect(addresses(found)).toEqual(["10.0.0.1:8081"]);
      expect(found[0]?.metadata).toEqual({ version: "3" });
    });

    it("keeps weight and zone", async () => {
      const backend = await open();
      if (!backend.capabilities.writable) {
        await expect(backend.deregister("a")).rejects.toMatchObject({ code: "unsupported" });
        return;
      }
      await put(backend, { ...A, weight: 7, zone: "eu-1" });
      expect(await backend.discover("orders")).toMatchObject([{ weight: 7, zone: "eu-1" }]);
    });

    it("says whether a heartbeat and a deregistration met an instance", async () => {
      const backend = await open();
      if (!backend.capabilities.writable) {
        await expect(backend.heartbeat("a")).rejects.toMatchObject({ code: "unsupported" });
        return;
      }
      await put(backend, A);
      expect(await backend.heartbeat("a")).toBe(true);
      expect(await backend.heartbeat("nobody")).toBe(false);
      expect(await backend.deregister("a")).toBe(true);
      expect(await backend.discover("orders")).toEqual([]);
      expect(await backend.deregister("a")).toBe(false);
      expect(await backend.heartbeat("a")).toBe(false);
    });

    it("knows instances that another process registered", async () => {
      const [one, other] = [await open(), await open()];
      if (!one.capabilities.writable) return expect(await one.list()).toEqual([]);
      await put(one, A, B);
      expect(await other.heartbeat("a")).toBe(true);
      expect(await other.deregister("a")).toBe(true);
      expect(addresses(await one.discover("orders"))).toEqual(["10.0.0.2:8080"]);
    });

    it("lets an instance expire without heartbeats, and keeps one that sends them", async () => {
      const backend = await open();
      if (rig.seed !== undefined) {
        await rig.seed([A]);
        await eventually(async () => expect(await backend.discover("orders")).toHaveLength(1));
        await rig.seed([]);
        await eventually(async () => expect(await backend.discover("orders")).toEqual([]));
        return;
      }
      const healths = new Set<string>();
      const abort = new AbortController();
      const watching = (async () => {
        for await (const all of backend.watch("orders", abort.signal)) {
          healths.add(all.find(({ id }) => id === "a")?.health ?? "gone");
        }
      })();
      await backend.register(A, rig.ttlMs);
      await backend.register(B, rig.ttlMs);
      let alive = ["a", "b"];
      const beat = setInterval(() => {
        for (const id of alive) void backend.heartbeat(id).catch(() => {});
      }, rig.ttlMs / 4);
      await eventually(() => expect(healths).toContain("healthy"));
      alive = ["b"];
      await eventually(async () => expect(addresses(await backend.discover("orders"))).toEqual(["10.0.0.2:8080"]));
      await eventually(async () => expect(addresses(await backend.list())).toEqual(["10.0.0.2:8080"]));
      await eventually(() => expect(healths).toContain("gone"));
      clearInterval(beat);
      expect(healths.has("unhealthy")).toBe(backend.capabilities.showsExpired);
      expect(await backend.heartbeat("a")).toBe(false);
      abort.abort();
      await watching;
    });

    it("refuses a registration that makes no sense, naming the field", async () => {
      const backend = await open();
      if (!backend.capabilities.writable) return expect(backend.capabilities.healthChecks).toBe(false);
      const bad = (part: object) => backend.register({ ...A, ...part }, TTL_MS);
      await expect(bad({ id: "" })).rejects.toMatchObject({
        code: "bad_request",
        message: expect.stringContaining("id"),
      });
      await expect(bad({ port: 70_000 })).rejects.toThrow(/port is 70000/);
      await expect(bad({ host: "http://x" })).rejects.toThrow(/host is/);
      await expect(bad({ tags: ["a\u0000b"] })).rejects.toThrow(/tags\[0\]/);
      await expect(backend.register(A, -1)).rejects.toThrow(/ttlMs is -1/);
      expect(await backend.list()).toEqual([]);
    });

    it("has everything again after the registry restarted, and the watch goes on", async () => {
      const backend = await open();
      await put(backend, A, B);
      const registry = registryOf(backend);
      expect((await registry.discover("orders")).instances).toHaveLength(2);
      await rig.stop();
      await rig.restart();
      await eventually(async () => expect(addresses(await backend.discover("orders"))).toHaveLength(2));
      if (rig.seed === undefined) await backend.deregister("a");
      else await rig.seed([B]);
      await eventually(async () =>
        expect(addresses((await registry.discover("orders")).instances)).toEqual(["10.0.0.2:8080"]),
      );
      await eventually(async () => expect((await registry.discover("orders")).ageMs).toBe(0));
    });

    it("serves the last known instances with their age while the registry is away", async () => {
      const backend = await open();
      await put(backend, A);
      const registry = registryOf(backend);
      expect(await registry.discover("orders")).toMatchObject({
        instances: [{ port: 8080 }],
        ageMs: 0,
        error: undefined,
      });
      await rig.stop();
      await eventually(async () => expect((await registry.discover("orders")).ageMs).toBeGreaterThan(0));
      const away = await registry.discover("orders");
      expect(addresses(away.instances)).toEqual(["10.0.0.1:8080"]);
      expect(away.error?.message).toBeTruthy();
      if (rig.seed === undefined) {
        await expect(backend.register(B, TTL_MS)).rejects.toMatchObject({ code: "unreachable" });
        await expect(backend.list()).rejects.toMatchObject({ code: "unreachable" });
      }
      await rig.restart();
      await eventually(async () => expect((await registry.discover("orders")).error).toBeUndefined());
      expect((await registry.discover("orders")).ageMs).toBe(0);
    });

    it("gives up on a registry that hangs, and keeps what was known", async () => {
      if (rig.stall === undefined) return expect(rig.hasTokens).toBe(false);
      const backend = await open({ timeoutMs: 400 });
      // On a busy machine the registry may take longer than that, though it does not hang.
      await eventually(() => put(backend, A));
      const registry = registryOf(backend);
      await eventually(async () => expect((await registry.discover("orders")).instances).toHaveLength(1));
      rig.stall(true);
      const fresh = await open({ timeoutMs: 400 });
      await expect(fresh.discover("orders")).rejects.toMatchObject({ code: "unreachable" });
      await expect(registryOf(fresh).discover("orders")).rejects.toMatchObject({ code: "unreachable" });
      expect((await registry.discover("orders")).instances).toHaveLength(1);
      rig.stall(false);
      await eventually(async () => expect(await fresh.discover("orders")).toHaveLength(1));
    });

    it("says that a wrong token is wrong", async () => {
      if (!rig.hasTokens) return expect(rig.client().type).toMatch(/local|dns/);
      const backend = await open({ token: "wrong" });
      await expect(backend.discover("orders")).rejects.toMatchObject({ code: "unauthenticated" });
      await expect(backend.list()).rejects.toMatchObject({ code: "unauthenticated" });
      if (rig.seed === undefined)
        await expect(backend.register(A, TTL_MS)).rejects.toMatchObject({ code: "unauthenticated" });
      const abort = new AbortController();
      const watched = (async () => {
        for await (const _ of backend.watch("orders", abort.signal)) break;
      })();
      await expect(watched).rejects.toMatchObject({ code: "unauthenticated" });
    });

    it("shuts down twice, also without a start", async () => {
      const backend = rig.client();
      await backend.shutdown(AbortSignal.abort());
      await backend.shutdown(AbortSignal.abort());
      const running = await open();
      await running.shutdown(AbortSignal.abort());
      await expect(running.discover("orders")).rejects.toMatchObject({ code: "unreachable" });
    });
  });
}
