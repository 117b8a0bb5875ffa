import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { ConsulRegistry } from "./consul.ts";
import { LocalRegistry } from "./local.ts";
import { pickInstance, type Registration, type ServiceInstance } from "./registry-client.ts";

const REGISTRATION: Registration = {
  id: "users-1",
  name: "users",
  host: "10.0.0.1",
  port: 8080,
  tags: ["production", "v2"],
  metadata: { region: "eu" },
  ttlSeconds: 60,
  healthCheck: { type: "http", path: "/health", intervalMs: 30_000 },
};

describe("the local registry", () => {
  it("finds healthy instances that carry all tags", async () => {
    const registry = new LocalRegistry();
    await registry.register(REGISTRATION);
    await registry.register({ ...REGISTRATION, id: "users-2", tags: ["v2"] });
    const ids = async (tags?: string[]) => (await registry.discover("users", tags)).map(({ id }) => id);
    expect(await ids()).toEqual(["users-1", "users-2"]);
    expect(await ids(["production"])).toEqual(["users-1"]);
    expect(await ids(["production", "v3"])).toEqual([]);
    expect(await registry.discover("orders")).toEqual([]);
    expect(await registry.deregister("users-1")).toBe(true);
    expect(await registry.deregister("users-1")).toBe(false);
    expect(await ids()).toEqual(["users-2"]);
  });

  it("lets instances expire without heartbeats: unhealthy, then forgotten", async () => {
    let now = 0;
    const registry = new LocalRegistry(() => now);
    await registry.register(REGISTRATION);
    now = 60_000;
    expect(await registry.discover("users")).toHaveLength(1);
    now = 60_001;
    expect(await registry.discover("users")).toEqual([]);
    expect(registry.instances("users")[0]?.health).toBe("unhealthy");
    expect(await registry.heartbeat("users-1")).toBe(true);
    expect(await registry.discover("users")).toHaveLength(1);
    now = 180_002;
    expect(registry.instances("users")).toEqual([]);
    expect(await registry.heartbeat("users-1")).toBe(false);
  });

  it("tells watchers of every change until they stop", async () => {
    const registry = new LocalRegistry();
    const stop = new AbortController();
    const seen: string[][] = [];
    for await (const instances of registry.watch("users", ["v2"], stop.signal)) {
      seen.push(instances.map(({ id }) => id));
      if (seen.length === 1) await registry.register(REGISTRATION);
      if (seen.length === 2) {
        await registry.register({ ...REGISTRATION, id: "other", tags: [] });
        await registry.deregister("users-1");
      }
      if (seen.length === 3) stop.abort();
    }
    expect(seen).toEqual([[], ["users-1"], []]);
  });

  it("tells watchers of an expiry", async () => {
    const registry = new LocalRegistry();
    await registry.register({ ...REGISTRATION, ttlSeconds: 0.02 });
    const counts: number[] = [];
    const stop = new AbortController();
    for await (const instances of registry.watch("users", [], stop.signal)) {
      counts.push(instances.length);
      if (counts.length === 2) stop.abort();
    }
    expect(counts).toEqual([1, 0]);
  });
});

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

interface Asked {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

async function agent(answer: (asked: Asked, response: ServerResponse) => void) {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => {
      body += text;
    });
    request.on("end", () => {
      const entry = { method: request.method, url: request.url, headers: request.headers, body };
      asked.push(entry);
      answer(entry, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { asked, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const ENTRY = {
  Node: { Address: "10.9.9.9" },
  Service: {
    ID: "users-1",
    Service: "users",
    Address: "",
    Port: 8080,
    Tags: ["v2"],
    Meta: null,
    Weights: { Passing: 3 },
  },
};

describe("the Consul client", () => {
  it("registers with a TTL check and the health check, and sends its token", async () => {
    const { asked, url } = await agent((_, response) => response.end());
    const registry = new ConsulRegistry({ url, token: "t" });
    await registry.register(REGISTRATION);
    expect(await registry.heartbeat("users-1")).toBe(true);
    expect(await registry.deregister("users-1")).toBe(true);
    expect(asked.map(({ method, url: path }) => `${method} ${path}`)).toEqual([
      "PUT /v1/agent/service/register",
      "PUT /v1/agent/check/pass/service%3Ausers-1%3Attl",
      "PUT /v1/agent/service/deregister/users-1",
    ]);
    expect(asked[0]?.headers["x-consul-token"]).toBe("t");
    expect(JSON.parse(asked[0]?.body ?? "")).toEqual({
      ID: "users-1",
      Name: "users",
      Address: "10.0.0.1",
      Port: 8080,
      Tags: ["production", "v2"],
      Meta: { region: "eu" },
      Checks: [
        {
          CheckID: "service:users-1:ttl",
          Name: "heartbeat",
          TTL: "60s",
          Status: "passing",
          DeregisterCriticalServiceAfter: "180s",
        },
        {
          CheckID: "service:users-1:http",
          Name: "http",
          Timeout: "5s",
          HTTP: "http://10.0.0.1:8080/health",
          Interval: "30000ms",
          Status: "passing",
          DeregisterCriticalServiceAfter: "180s",
        },
      ],
    });
    await registry.register({
      ...REGISTRATION,
      host: "::1",
      healthCheck: { type: "tcp", port: 5432, intervalMs: 1000 },
    });
    expect(JSON.parse(asked[3]?.body ?? "").Checks[1]).toMatchObject({ TCP: "[::1]:5432", Interval: "1000ms" });
  });

  it("discovers by tags, with the node's address where the service has none", async () => {
    const broken = [null, {}, { Service: { ID: "x", Port: 0 } }, { Service: { ID: "y", Address: "a", Port: "80" } }];
    const { asked, url } = await agent((_, response) => response.end(JSON.stringify([ENTRY, ...broken])));
    const registry = new ConsulRegistry({ url: `${url}/` });
    expect(await registry.discover("users", ["v2"])).toEqual([
      {
        id: "users-1",
        name: "users",
        host: "10.9.9.9",
        port: 8080,
        tags: ["v2"],
        metadata: {},
        weight: 3,
        health: "healthy",
      },
    ]);
    expect(asked[0]?.url).toBe("/v1/health/service/users?passing=true&tag=v2");
    expect(await registry.discover("users", ["v2", "absent"])).toEqual([]);
  });

  it("does not spin on a server that answers blocking queries at once", async () => {
    const { asked, url } = await agent((_, response) => response.writeHead(200, { "x-consul-index": "5" }).end("[]"));
    const stop = new AbortController();
    const began = performance.now();
    setTimeout(() => stop.abort(), 300);
    for await (const _ of new ConsulRegistry({ url }).watch("users", [], stop.signal));
    // A question each 20 ms at most, however slow this machine is.
    expect(asked.length).toBeLessThanOrEqual(1 + (performance.now() - began) / 20);
  });

  it("leaves out what is another service, and what cannot be read", async () => {
    const other = { ...ENTRY, Service: { ...ENTRY.Service, ID: "orders-1", Service: "orders" } };
    const odd = {
      ...ENTRY,
      Service: {
        ...ENTRY.Service,
        ID: "odd",
        Service: "Users",
        Tags: ["v2", 7],
        Meta: { a: "1", b: 2 },
        Weights: { Passing: "9" },
      },
    };
    const numbered = { ...ENTRY, Service: { ...ENTRY.Service, ID: 7 } };
    const { url } = await agent((_, response) => response.end(JSON.stringify([other, odd, numbered, ENTRY])));
    expect(await new ConsulRegistry({ url }).discover("users")).toMatchObject([
      { id: "odd", tags: ["v2"], metadata: { a: "1" }, weight: 1 },
      { id: "users-1", weight: 3 },
    ]);
  });

  it("says whom it asked for what and what came back", async () => {
    const { url } = await agent(({ url: path }, response) => {
      if (path?.startsWith("/v1/health/service/html")) response.end("<html>");
      else if (path?.startsWith("/v1/health/service/object")) response.end("{}");
      else if (path?.startsWith("/v1/agent/check")) response.writeHead(404).end("Unknown check ID");
      else if (path?.includes("deregister/old")) response.writeHead(500).end('Unknown service "old"');
      else response.writeHead(403).end("Permission denied");
    });
    const registry = new ConsulRegistry({ url });
    await expect(registry.register(REGISTRATION)).rejects.toThrow(
      `registry ${url}: PUT /v1/agent/service/register answered 403: Permission denied`,
    );
    await expect(registry.discover("users")).rejects.toThrow("answered 403: Permission denied");
    await expect(registry.discover("html")).rejects.toThrow('expected a JSON list of instances, got "<html>"');
    await expect(registry.discover("object")).rejects.toThrow("expected a JSON list of instances");
    await expect(registry.deregister("x")).rejects.toThrow("403");
    expect(await registry.heartbeat("gone")).toBe(false);
    expect(await registry.deregister("old")).toBe(false);
    await expect(new ConsulRegistry({ url: "http://127.0.0.1:1" }).discover("a")).rejects.toThrow(
      "registry http://127.0.0.1:1: GET",
    );
    expect(() => new ConsulRegistry({ url: "nowhere" })).toThrow('expected an http or https URL, got "nowhere"');
  });

  it("does not wait for an answer that never comes", async () => {
    const { url } = await agent(() => {});
    await expect(new ConsulRegistry({ url, timeoutMs: 30 }).discover("users")).rejects.toThrow("no answer in time");
  });

  it("watches with blocking queries, starts again when the index goes back, and survives failures", async () => {
    // Answers in order: index 5, 7 with a change, a failure, 3 (the server lost its state), then 4.
    const script: [status: number, index: string, port: number][] = [
      [200, "5", 1001],
      [200, "7", 1002],
      [500, "0", 0],
      [200, "3", 1003],
      [200, "4", 1004],
    ];
    const { asked, url } = await agent((_, response) => {
      const [status, index, port] = script[Math.min(asked.length, script.length) - 1] as (typeof script)[number];
      response
        .writeHead(status, { "x-consul-index": index })
        .end(JSON.stringify([{ Service: { ...ENTRY.Service, Address: "a", Port: port } }]));
    });
    const stop = new AbortController();
    const ports: (number | undefined)[] = [];
    for await (const instances of new ConsulRegistry({ url, waitSeconds: 1 }).watch("users", [], stop.signal)) {
      ports.push(instances[0]?.port);
      if (ports.length === 4) stop.abort();
    }
    expect(ports).toEqual([1001, 1002, 1003, 1004]);
    const indexes = asked.map(({ url: path }) => new URL(path ?? "", url).searchParams.get("index"));
    expect(indexes.slice(0, 5)).toEqual([null, "5", "7", "7", null]);
  });
});

describe("choosing an instance", () => {
  const instance = (id: string, weight: number): ServiceInstance => ({
    id,
    name: "a",
    host: "h",
    port: 1,
    tags: [],
    metadata: {},
    weight,
    health: "healthy",
  });

  it("goes by weight", () => {
    const all = [instance("a", 1), instance("b", 3), instance("c", 0)];
    const at = (random: number) => pickInstance(all, () => random)?.id;
    expect([at(0), at(0.24), at(0.25), at(0.99)]).toEqual(["a", "a", "b", "b"]);
    expect(pickInstance([instance("x", 0), instance("y", 0)], () => 0.6)?.id).toBe("y");
    expect(pickInstance([])).toBeUndefined();
  });
});
