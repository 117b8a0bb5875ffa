import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { eventually, testHost } from "../../../test/support/discovery/rig.ts";
import { SILENT_LOGGER } from "../../component/logger.ts";
import { LocalRegistry } from "../registry/local-registry.ts";
import { memoryRegistryStore } from "../registry/memory-store.ts";
import { createRegistryRoutes } from "./registry-routes.ts";
import { RegistryServer } from "./registry-server.ts";

let registry: LocalRegistry;
let server: RegistryServer;
let base: string;
let targets: Server[];
/** The wall clock of the registry, whose timers are real. */
let now: () => number;

async function listen(tokens: string[] = [], more: object = {}): Promise<void> {
  server = new RegistryServer({
    registry,
    endpoint: "127.0.0.1:0",
    tokens,
    allowedHosts: ["collector"],
    anyCheckTarget: false,
    nodeName: "node-1",
    datacenter: "dc1",
    ...more,
  });
  await server.start(testHost());
  base = `http://127.0.0.1:${server.address?.port}`;
}

/** A service with a health endpoint that says what it is told. */
async function service(status: { code: number }): Promise<number> {
  const made = createServer((_request, response) => response.writeHead(status.code).end("hello"));
  await new Promise<void>((resolve) => made.listen(0, "127.0.0.1", resolve));
  targets.push(made);
  return (made.address() as AddressInfo).port;
}

const put = (path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${base}${path}`, { method: "PUT", headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
const get = async (path: string): Promise<Record<string, unknown>[]> => (await fetch(`${base}${path}`)).json() as never;
const register = (body: unknown): Promise<Response> => put("/v1/agent/service/register", body);

beforeEach(async () => {
  targets = [];
  now = Date.now;
  registry = new LocalRegistry({
    store: memoryRegistryStore(),
    staticInstances: [{ id: "fixed", name: "mail", host: "10.0.0.9", port: 25 }],
    now: () => now(),
  });
  await registry.start(testHost());
  await listen();
});
afterEach(async () => {
  await server.shutdown(AbortSignal.timeout(1_000));
  await registry.shutdown();
  for (const target of targets) target.close().closeAllConnections();
});

describe("the Consul API of the collector", () => {
  it("runs the HTTP check of a registration at once, shows its state, and follows it", async () => {
    const status = { code: 200 };
    const port = await service(status);
    const check = { HTTP: `http://127.0.0.1:${port}/health`, Interval: "20ms", Timeout: "10s" };
    expect(
      (
        await register({
          ID: "o1",
          Name: "orders",
          Address: "127.0.0.1",
          Port: port,
          Tags: ["a"],
          Meta: { v: "1" },
          Check: check,
        })
      ).status,
    ).toBe(200);
    await eventually(async () => expect(await get("/v1/health/service/orders?passing=true&tag=a")).toHaveLength(1));
    const [entry] = await get("/v1/health/service/orders");
    expect(entry).toMatchObject({
      Node: { Node: "node-1", Address: "127.0.0.1" },
      Service: {
        ID: "o1",
        Service: "orders",
        Address: "127.0.0.1",
        Port: port,
        Tags: ["a"],
        Meta: { v: "1" },
        Weights: { Passing: 1 },
      },
      Checks: [{ CheckID: "service:o1", Status: "passing", Output: "HTTP 200: hello", Type: "http" }],
    });
    status.code = 503;
    await eventually(async () => expect(await get("/v1/health/service/orders?passing")).toEqual([]));
    expect(await get("/v1/health/service/orders")).toMatchObject([{ Checks: [{ Status: "critical" }] }]);
    status.code = 200;
    await eventually(async () => expect(await get("/v1/health/service/orders?passing")).toHaveLength(1));
  });

  it("runs TCP checks, and removes an instance that is critical for as long as it said", async () => {
    const port = await service({ code: 200 });
    const check = { TCP: `localhost:${port}`, Interval: "20ms", DeregisterCriticalServiceAfter: "60ms" };
    await register({ Name: "orders", Address: "127.0.0.1", Port: port, Checks: [check] });
    await eventually(async () =>
      expect(await get("/v1/health/service/orders?passing")).toMatchObject([{ Service: { ID: "orders" } }]),
    );
    for (const target of targets.splice(0)) target.close().closeAllConnections();
    await eventually(async () => expect(await get("/v1/health/service/orders")).toEqual([]));
  });

  it("takes pass, warn, fail and update of TTL checks, and lets them expire", async () => {
    let nowMs = Date.now();
    now = () => nowMs;
    await register({ ID: "w", Name: "worker", Port: 1, Check: { TTL: "10s" } });
    const passing = async (): Promise<number> => (await get("/v1/health/service/worker?passing")).length;
    expect(await passing()).toBe(0);
    expect((await put("/v1/agent/check/pass/service:w?note=fine")).status).toBe(200);
    expect(await passing()).toBe(1);
    expect(await get("/v1/agent/checks")).toMatchObject({ "service:w": { Status: "passing", Output: "fine" } });
    await put("/v1/agent/check/warn/service%3Aw");
    expect(await passing()).toBe(0);
    await put("/v1/agent/check/update/service:w", { Status: "passing", Output: "again" });
    expect(await passing()).toBe(1);
    await put("/v1/agent/check/fail/service:w");
    expect(await get("/v1/health/checks/worker")).toMatchObject([{ Status: "critical" }]);
    await register({ ID: "w", Name: "worker", Port: 1, Check: { TTL: "40ms", Status: "passing" } });
    expect(await passing()).toBe(1);
    // Until now the clock stood still: a timer that came early has found nothing to do.
    nowMs += 40;
    await eventually(async () => expect(await passing()).toBe(0));
    expect(await get("/v1/agent/checks")).toMatchObject({ "service:w": { Output: "TTL expired" } });
  });

  it("blocks until the service changes, and not for other services", async () => {
    await register({ ID: "a", Name: "orders", Port: 1 });
    const first = await fetch(`${base}/v1/health/service/orders`);
    const index = Number(first.headers.get("x-consul-index"));
    expect(index).toBeGreaterThan(0);
    let answered = false;
    const blocked = fetch(`${base}/v1/health/service/orders?index=${index}&wait=30s`).then(async (answer) => {
      answered = true;
      return { index: Number(answer.headers.get("x-consul-index")), body: (await answer.json()) as unknown[] };
    });
    await register({ ID: "x", Name: "billing", Port: 1 });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(answered).toBe(false);
    await register({ ID: "b", Name: "orders", Port: 2 });
    const changed = await blocked;
    expect(changed.index).toBeGreaterThan(index);
    expect(changed.body).toHaveLength(2);
    const timedOut = await fetch(`${base}/v1/health/service/orders?index=${changed.index}&wait=10ms`);
    expect(Number(timedOut.headers.get("x-consul-index"))).toBe(changed.index);
    const future = await fetch(`${base}/v1/health/service/orders?index=9007199254740991&wait=30s`);
    expect(await future.json()).toHaveLength(2);
  });

  it("ends waiting queries when it shuts down", async () => {
    const waiting = vi.spyOn(registry.changes, "wait");
    const blocked = fetch(`${base}/v1/catalog/services?index=${registry.changes.index()}&wait=60s`);
    await eventually(() => expect(waiting).toHaveBeenCalledOnce());
    await server.shutdown(AbortSignal.timeout(5_000));
    expect((await blocked).status).toBe(503);
  });

  it("lists agents' services, the catalog and itself", async () => {
    await register({ ID: "a/1", Name: "orders", Address: "10.0.0.1", Port: 1, Tags: ["x"], Meta: { zone: "eu" } });
    await register({ ID: "b", Name: "orders", Address: "10.0.0.2", Port: 1, Tags: ["y"] });
    expect(await get("/v1/agent/services")).toMatchObject({
      "a/1": { Service: "orders", Meta: { zone: "eu" } },
      fixed: {},
    });
    expect(await get("/v1/agent/service/a%2F1")).toMatchObject({ ID: "a/1" });
    expect(await get("/v1/catalog/services")).toEqual({ mail: [], orders: ["x", "y"] });
    expect(await get("/v1/catalog/service/orders?tag=y")).toMatchObject([
      { ServiceID: "b", ServiceAddress: "10.0.0.2" },
    ]);
    expect(await get("/v1/agent/self")).toMatchObject({ Config: { NodeName: "node-1" } });
    expect(await get("/v1/status/leader")).toBe("127.0.0.1:8300");
    expect((await put("/v1/agent/service/deregister/a/1")).status).toBe(200);
    expect((await put("/v1/agent/service/deregister/b")).status).toBe(200);
    expect(await get("/v1/catalog/services")).toEqual({ mail: [] });
  });

  it.each([
    [{}, /Missing service name/],
    [{ Name: "a", Port: "80" }, /Port is "80"/],
    [{ Name: "a", Port: 70_000 }, /port is 70000/],
    [{ Name: "a", Tags: "x" }, /Tags is "x"/],
    [{ Name: "a", Meta: { n: 1 } }, /Meta takes texts only/],
    [{ Name: "a", Check: {} }, /exactly one of TTL, HTTP, TCP, GRPC; this one has none/],
    [{ Name: "a", Check: { TTL: "1s", TCP: "h:1", Interval: "1s" } }, /has TTL and TCP/],
    [{ Name: "a", Check: { TTL: "soon" } }, /TTL is "soon"; expected a duration/],
    [{ Name: "a", Check: { HTTP: "http://127.0.0.1/" } }, /Interval must be > 0/],
    [{ Name: "a", Check: { HTTP: "file:///etc/passwd", Interval: "1s" } }, /expected an http or https URL/],
    [
      { Name: "a", Address: "10.0.0.1", Check: { HTTP: "http://10.0.0.2/", Interval: "1s" } },
      /not the instance's own address/,
    ],
    [{ Name: "a", Check: { Args: ["sh", "-c", "id"], Interval: "1s" } }, /check type Args is not supported/],
    [{ Name: "a", Check: { TCP: "0.0.0.0:80", Interval: "1s" } }, /expected host:port/],
    [{ Name: "a", Check: { TCP: "[::]:80", Interval: "1s" } }, /expected host:port/],
    [{ Name: "a", Check: { TTL: "1s", Status: "fine" } }, /Status is "fine"/],
    [{ ID: "fixed", Name: "a" }, /belongs to an instance of the config/],
    [[1], /no JSON object/],
  ])("refuses %j", async (body, message) => {
    const answer = await register(body);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toMatch(message);
    expect(registry.records()).toHaveLength(1);
  });

  it("answers what it does not know or cannot read in Consul's way", async () => {
    const status = async (answer: Promise<Response>): Promise<[number, string]> => [
      (await answer).status,
      await (await answer).text(),
    ];
    expect(await status(put("/v1/agent/service/deregister/nobody"))).toEqual([
      404,
      expect.stringContaining('Unknown service ID "nobody"'),
    ]);
    expect(await status(put("/v1/agent/check/pass/nothing"))).toEqual([
      404,
      expect.stringContaining('Unknown check ID "nothing"'),
    ]);
    expect(await status(fetch(`${base}/v1/kv/x`))).toEqual([404, expect.stringContaining("no such endpoint")]);
    expect((await status(fetch(`${base}/v1/health/service/x?index=-1`)))[0]).toBe(400);
    expect((await status(fetch(`${base}/v1/health/service/x?index=1&wait=ever`)))[0]).toBe(400);
    expect((await status(fetch(`${base}/v1/agent/service/register`, { method: "PUT", body: "{" })))[0]).toBe(400);
    expect(
      (
        await status(fetch(`${base}/v1/agent/service/register`, { method: "PUT", body: `"${"x".repeat(300_000)}"` }))
      )[0],
    ).toBe(413);
    expect((await status(put("/v1/agent/service/deregister/fixed")))[0]).toBe(400);
  });

  it("asks every request for a token once one is set", async () => {
    await server.shutdown(AbortSignal.timeout(1_000));
    await listen(["s3cret"]);
    const paths: [string, string][] = [
      ["GET", "/v1/agent/services"],
      ["GET", "/v1/agent/self"],
      ["GET", "/v1/health/service/x"],
      ["GET", "/v1/status/leader"],
      ["PUT", "/v1/agent/service/register"],
      ["PUT", "/v1/agent/check/pass/x"],
      ["GET", "/v1/nothing"],
    ];
    for (const [method, path] of paths) {
      for (const headers of [{}, { "x-consul-token": "wrong" }, { authorization: "Bearer s3cre" }]) {
        expect((await fetch(`${base}${path}`, { method, headers })).status).toBe(403);
      }
    }
    for (const headers of [{ "x-consul-token": "s3cret" }, { authorization: "bearer s3cret" }]) {
      expect((await fetch(`${base}/v1/agent/services`, { headers })).status).toBe(200);
    }
  });
});

describe("/api/registry", () => {
  let api: Server;
  let closing: AbortController;
  let url: string;
  beforeEach(async () => {
    closing = new AbortController();
    const app = express().use(
      createRegistryRoutes({ local: registry, logger: SILENT_LOGGER, closing: closing.signal }),
    );
    api = createServer(app);
    await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(api.address() as AddressInfo).port}/api/registry`;
  });
  afterEach(() => {
    closing.abort();
    api.close().closeAllConnections();
  });

  const send = (method: string, path: string, body?: unknown): Promise<Response> =>
    fetch(`${url}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });

  it("registers, lists, beats, finds and removes", async () => {
    const body = { name: "orders", host: "10.0.0.1", port: 80, tags: ["a", "b"], zone: "eu", ttlMs: 5_000 };
    expect(await (await send("PUT", "/instances/o1", body)).json()).toMatchObject({
      id: "o1",
      health: "healthy",
      registry: "local",
    });
    const all = (await (await fetch(url)).json()) as { nowMs: number; services: unknown[] };
    expect(all.services).toMatchObject([
      { name: "mail", instances: [{ id: "fixed", health: "healthy" }] },
      { name: "orders", instances: [{ id: "o1", zone: "eu", ttlMs: 5_000, checks: [{ status: "passing" }] }] },
    ]);
    const found = async (query: string): Promise<unknown[]> =>
      ((await (await fetch(`${url}/services/orders${query}`)).json()) as { instances: unknown[] }).instances;
    expect(await found("?tag=a&tag=b")).toHaveLength(1);
    expect(await found("?tag=a&tag=c")).toHaveLength(0);
    expect((await send("PUT", "/instances/o1/heartbeat")).status).toBe(204);
    expect((await send("DELETE", "/instances/o1")).status).toBe(204);
    expect((await send("DELETE", "/instances/o1")).status).toBe(404);
    expect((await send("PUT", "/instances/o1/heartbeat")).status).toBe(404);
  });

  it("streams the state and its changes as events", async () => {
    const answer = await fetch(`${url}/watch?service=orders`);
    expect(answer.headers.get("content-type")).toBe("text/event-stream");
    let text = "";
    const reading = (async () => {
      for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>)
        text += Buffer.from(chunk).toString();
    })();
    const events = (): { instances: { id: string }[] }[] =>
      [...text.matchAll(/^event: instances\nid: \d+\ndata: (.*)$/gm)].map((match) => JSON.parse(match[1] as string));
    await eventually(() => expect(events()).toHaveLength(1));
    await send("PUT", "/instances/o1", { name: "orders", host: "10.0.0.1", port: 80 });
    await eventually(() =>
      expect(
        events()
          .at(-1)
          ?.instances.map(({ id }) => id),
      ).toEqual(["o1"]),
    );
    closing.abort();
    await reading;
  });

  it("says what is wrong with a body", async () => {
    const wrong = await send("PUT", "/instances/o1", { name: "orders", host: "h", port: 99_999, tag: [] });
    expect(wrong.status).toBe(400);
    const { errors } = (await wrong.json()) as { errors: { msg: string }[] };
    expect(errors[0]?.msg).toMatch(/port: .*"tag"/);
    expect((await fetch(`${url}/instances/x`, { method: "PUT", body: "{}" })).status).toBe(415);
    expect((await fetch(`${url}/instances/x`, { method: "POST", body: "{}" })).status).toBe(404);
    expect((await send("PUT", "/instances/fixed", { name: "a", host: "h", port: 1 })).status).toBe(400);
  });

  it("checks an instance at its own address", async () => {
    const port = await service({ code: 200 });
    const check = { type: "http", path: "/health", intervalMs: 20 };
    await send("PUT", "/instances/o1", { name: "orders", host: "127.0.0.1", port, check });
    await eventually(() => expect(registry.record("o1")?.instance.health).toBe("healthy"));
    for (const target of targets.splice(0)) target.close().closeAllConnections();
    await eventually(() => expect(registry.record("o1")?.instance.health).toBe("unhealthy"));
  });
});
