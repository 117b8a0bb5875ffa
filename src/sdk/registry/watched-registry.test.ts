import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { service } from "../declarations/service.ts";
import { ConsulRegistry } from "./consul.ts";
import { WatchedRegistry, type WatchedRegistrySettings } from "./watched-registry.ts";

/**
 * A registry with one service `users`, whose instances are known by their ports; it holds blocking queries as Consul
 * does.
 */
class Agent {
  readonly asked: string[] = [];
  /** Questions that wait for an answer. */
  readonly held = new Set<ServerResponse>();
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((request, response) => this.#answer(request.url ?? "", response));
  #ports: readonly number[] = [1];
  #index = 1;
  /** Set: questions are neither answered nor refused. */
  silent = false;

  constructor() {
    this.#server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    onTestFinished(() => this.stop());
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Questions that ask for an answer at once, and those of watches that wait for a change. */
  get direct(): number {
    return this.asked.filter((url) => !url.includes("index=")).length;
  }

  async start(port = 0): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
    return this;
  }

  async stop(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  change(...ports: number[]): void {
    this.#ports = ports;
    this.#index++;
    for (const response of this.held) this.#tell(response);
    this.held.clear();
  }

  #answer(url: string, response: ServerResponse): void {
    this.asked.push(url);
    if (!this.silent && !url.includes(`index=${this.#index}`)) {
      this.#tell(response);
      return;
    }
    this.held.add(response);
    response.once("close", () => this.held.delete(response));
  }

  #tell(response: ServerResponse): void {
    const entries = this.#ports.map((Port) => ({
      Service: { ID: `u${Port}`, Service: "users", Address: "h", Port, Tags: ["v2"] },
    }));
    response.writeHead(200, { "x-consul-index": String(this.#index) }).end(JSON.stringify(entries));
  }
}

function watched({ url }: Agent, settings?: WatchedRegistrySettings): WatchedRegistry {
  const registry = new WatchedRegistry(new ConsulRegistry({ url, timeoutMs: 500, waitSeconds: 15 }), settings);
  onTestFinished(() => registry.close());
  return registry;
}

async function portsOf(registry: WatchedRegistry, tags?: readonly string[]): Promise<number[]> {
  return (await registry.discover("users", tags)).map(({ port }) => port);
}

describe("a watched registry", () => {
  it("is asked once for many calls, and told of every change", async () => {
    const agent = await new Agent().start();
    const registry = watched(agent);
    expect(await portsOf(registry, ["v2"])).toEqual([1]);
    await expect.poll(() => agent.held.size).toBe(1);
    const before = agent.asked.length;
    for (let call = 0; call < 100; call++) expect(await portsOf(registry, ["v2"])).toEqual([1]);
    expect(agent.asked).toHaveLength(before);
    const { direct } = agent;
    agent.change(1, 2);
    await expect.poll(() => portsOf(registry, ["v2"])).toEqual([1, 2]);
    expect(agent.direct).toBe(direct);
    expect(agent.asked.at(-1)).toMatch(/^\/v1\/health\/service\/users\?passing=true&tag=v2&index=\d+&wait=15s$/);
  });

  it("gives the registry's error while it is away, and watches again when it is back", async () => {
    const agent = await new Agent().start();
    const { url } = agent;
    const registry = watched(agent);
    expect(await portsOf(registry)).toEqual([1]);
    await expect.poll(() => agent.held.size).toBe(1);
    await agent.stop();
    await expect.poll(() => registry.discover("users").catch(String)).toContain(`registry ${url}: GET`);
    const again = await new Agent().start(Number(new URL(url).port));
    again.change(3);
    await expect.poll(() => portsOf(registry), { timeout: 5_000 }).toEqual([3]);
    await expect.poll(() => again.held.size, { timeout: 5_000 }).toBe(1);
  });

  it("is asked itself when its last word is too old", async () => {
    const agent = await new Agent().start();
    const registry = watched(agent, { maxAgeMs: 30 });
    await portsOf(registry);
    await expect.poll(() => agent.held.size).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 40));
    const { direct } = agent;
    const askedItself = async () => {
      await portsOf(registry);
      return agent.direct - direct;
    };
    await expect.poll(askedItself).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 40));
    agent.silent = true;
    await expect(registry.discover("users")).rejects.toThrow("no answer in time");
  });

  it("is watched no longer when nobody asks", async () => {
    const agent = await new Agent().start();
    const idleMs = 300;
    const registry = watched(agent, { idleMs });
    // Asked until a watch is held: on a slow machine one may be idle before it has begun.
    const askUntilWatched = () =>
      expect
        .poll(async () => {
          await portsOf(registry);
          return agent.held.size;
        })
        .toBe(1);
    await askUntilWatched();
    await new Promise((resolve) => setTimeout(resolve, 2 * idleMs));
    agent.change(2);
    await expect.poll(() => agent.held.size).toBe(0);
    const before = agent.asked.length;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(agent.asked).toHaveLength(before);
    expect(await portsOf(registry)).toEqual([2]);
    await askUntilWatched();
  });

  it("is let go of when it is closed, also for a question that comes later", async () => {
    const agent = await new Agent().start();
    const registry = watched(agent);
    await portsOf(registry);
    await expect.poll(() => agent.held.size).toBe(1);
    await registry.close();
    await expect.poll(() => agent.held.size).toBe(0);
    expect(await portsOf(registry)).toEqual([1]);
    expect(agent.held.size).toBe(0);
  });

  it.each(["local", "consul"] as const)(
    "is what a service with the backend %s has, until it stops",
    async (backend) => {
      const agent = await new Agent().start();
      const runtime = { registryUrl: agent.url };
      const made = service("orders", { discovery_enabled: true, discovery_backend: backend }, {}, runtime);
      onTestFinished(() => made.stop());
      await made.start();
      for (let call = 0; call < 3; call++) expect((await made.discoverService("users")).port).toBe(1);
      await expect.poll(() => agent.held.size).toBe(1);
      const before = agent.asked.length;
      expect((await made.discoverService("users")).port).toBe(1);
      expect(agent.asked).toHaveLength(before);
      await made.stop();
      await expect.poll(() => agent.held.size).toBe(0);
    },
  );
});
