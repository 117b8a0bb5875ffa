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
    minCheckIntervalMs: 10,
    maxAnonymousInstances: 4,
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
      Checks: [{ CheckID: "service:o1", Status: "passing", Output: "HTTP 200", Type: "http" }],
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

describe("what the Consul API does not do", () => {
  it.each([
    "/v1/health/service/orders?filter=Service.Port==1",
    "/v1/health/service/orders?sort=x",
    "/v1/catalog/services?peer=far",
    "/v1/agent/services?filter=x",
    "/v1/kv/config/orders",
    "/v1/health/connect/orders",
  ])("answers 501 to GET %s", async (path) => {
    const answer = await fetch(`${base}${path}`);
    expect(answer.status).toBe(501);
    expect(await answer.text()).toMatch(/not supported|no such endpoint/);
  });

  it("answers for its own datacenter only", async () => {
    expect((await fetch(`${base}/v1/health/service/x?dc=dc1&stale&near=_agent`)).status).toBe(200);
    const far = await fetch(`${base}/v1/health/service/x?dc=dc2`);
    expect([far.status, await far.text()]).toEqual([400, "No path to datacenter dc2: this is dc1"]);
  });

  it("finds nothing on nodes with metadata, of which it has none", async () => {
    await register({ ID: "a", Name: "orders", Port: 1 });
    for (const path of ["health/service/orders", "catalog/service/orders", "health/state/any", "catalog/nodes"]) {
      expect(await get(`/v1/${path}?node-meta=rack:2`)).toEqual([]);
    }
    expect(await get("/v1/catalog/services?node-meta=rack:2")).toEqual({});
  });
});

describe("health and nodes in the Consul API", () => {
  beforeEach(async () => {
    await register({ ID: "a", Name: "orders", Port: 1, Check: { TTL: "1h", Status: "passing" } });
    await register({ ID: "b", Name: "orders", Port: 2, Check: { TTL: "1h", Status: "critical" } });
  });

  it("lists checks by state and by node, and the node", async () => {
    const ids = async (path: string) => (await get(path)).map(({ CheckID }) => CheckID);
    expect(await ids("/v1/health/state/any")).toEqual(["service:a", "service:b"]);
    expect(await ids("/v1/health/state/passing")).toEqual(["service:a"]);
    expect(await ids("/v1/health/state/critical")).toEqual(["service:b"]);
    expect((await fetch(`${base}/v1/health/state/fine`)).status).toBe(400);
    expect(await ids("/v1/health/node/node-1")).toHaveLength(2);
    expect(await get("/v1/catalog/nodes")).toMatchObject([{ Node: "node-1", Address: "127.0.0.1" }]);
    expect(await get("/v1/catalog/node/node-1")).toMatchObject({
      Node: { Node: "node-1" },
      Services: { a: {}, b: {} },
    });
    expect(await get("/v1/agent/members")).toMatchObject([{ Name: "node-1" }]);
  });

  it("tells the health of an instance and of a service by the status of the answer", async () => {
    const health = async (path: string) => {
      const answer = await fetch(`${base}/v1/agent/health/service/${path}`);
      return [answer.status, (await answer.text()).slice(0, 100)];
    };
    expect(await health("id/a?format=text")).toEqual([200, "passing"]);
    expect(await health("id/b?format=text")).toEqual([503, "critical"]);
    expect(await health("name/orders?format=text")).toEqual([503, "critical"]);
    expect((await health("id/nobody"))[0]).toBe(404);
    expect(await get("/v1/agent/health/service/id/a")).toMatchObject({
      AggregatedStatus: "passing",
      Service: { ID: "a" },
    });
    await put("/v1/agent/check/warn/service:b");
    expect((await health("name/orders"))[0]).toBe(429);
  });
});

describe("what a peer without a token may not", () => {
  const http = (more: object) => ({
    Name: "a",
    Address: "127.0.0.1",
    Port: 1,
    Check: { HTTP: "http://127.0.0.1:1/", Interval: "1s", ...more },
  });

  it("chooses neither method nor headers of a check, but with a token", async () => {
    const credentials = { HTTP: "http://admin:secret@127.0.0.1:1/" };
    for (const more of [{ Method: "POST" }, { Header: { "x-spanloom": ["1"] } }, credentials]) {
      const answer = await register(http(more));
      expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining("needs a token")]);
    }
    expect((await register(http({ Method: "HEAD" }))).status).toBe(200);
    await server.shutdown(AbortSignal.timeout(1_000));
    await listen(["s3cret"]);
    const body = http({ Method: "POST" });
    expect((await put("/v1/agent/service/register", body, { "x-consul-token": "s3cret" })).status).toBe(200);
  });

  it("has the collector ask its own machine only from there", async () => {
    const headers = { "x-forwarded-for": "192.0.2.1" };
    for (const host of ["127.0.0.1", "localhost", "a.localhost", "0.0.0.0", "127.1", "::1", "::ffff:127.0.0.1", "::"]) {
      const HTTP = `http://${host.includes(":") ? `[${host}]` : host}:1/`;
      const body = { ...http({ HTTP }), Address: new URL(HTTP).hostname.replace(/^\[|\]$/g, "") };
      const answer = await put("/v1/agent/service/register", body, headers);
      expect([host, answer.status, await answer.text()]).toEqual([
        host,
        400,
        expect.stringContaining("the collector's machine"),
      ]);
    }
    const elsewhere = { ...http({ HTTP: "http://192.0.2.1:1/" }), Address: "192.0.2.1" };
    expect((await put("/v1/agent/service/register", elsewhere, headers)).status).toBe(200);
  });

  it("registers as many instances as one address may, and again when one is gone", async () => {
    for (let id = 0; id < 4; id++) expect((await register({ ID: `q${id}`, Name: "q", Port: 1 })).status).toBe(200);
    const answer = await register({ ID: "q4", Name: "q", Port: 1 });
    expect([answer.status, await answer.text()]).toEqual([403, expect.stringContaining("max_anonymous_instances")]);
    expect((await register({ ID: "q3", Name: "q", Port: 2 })).status).toBe(200);
    await put("/v1/agent/service/deregister/q0");
    expect((await register({ ID: "q4", Name: "q", Port: 1 })).status).toBe(200);
  });

  it("takes no id of another registrant's service for a service of another name", () => {
    const near = { address: "192.0.2.1", hasToken: false };
    const far = { address: "192.0.2.2", hasToken: false };
    const instance = (name: string) => ({ id: "i", name, host: "192.0.2.1", port: 1 });
    registry.registerWithChecks(instance("orders"), 0, [], near);
    expect(() => registry.registerWithChecks(instance("billing"), 0, [], far)).toThrow(
      /belongs to an instance of orders/,
    );
    expect(registry.record("i")?.instance.name).toBe("orders");
    registry.registerWithChecks(instance("orders"), 0, [], far);
    registry.registerWithChecks(instance("billing"), 0, [], { ...far, hasToken: true });
    expect(registry.record("i")?.instance.name).toBe("billing");
  });

  it("has no check made more often than once a second", async () => {
    let asked = 0;
    const made = createServer((_request, response) => {
      asked++;
      response.end();
    });
    await new Promise<void>((resolve) => made.listen(0, "127.0.0.1", resolve));
    targets.push(made);
    const { port } = made.address() as AddressInfo;
    const own = new LocalRegistry({ store: memoryRegistryStore() });
    await own.start(testHost());
    const url = `http://127.0.0.1:${port}/`;
    const spec = { type: "http", url, intervalMs: 1e-6 } as const;
    own.registerWithChecks({ id: "i", name: "a", host: "127.0.0.1", port }, 0, [{ id: "c", name: "c", spec }]);
    await eventually(() => expect(own.record("i")?.instance.health).toBe("healthy"));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(asked).toBe(1);
    await own.shutdown();
  });
});

describe("/api/registry", () => {
  const open = { tokens: [] as string[], anyCheckTarget: false };
  let api: Server;
  let closing: AbortController;
  let url: string;
  beforeEach(async () => {
    closing = new AbortController();
    const app = express().use(
      createRegistryRoutes({ ...open, local: registry, logger: SILENT_LOGGER, closing: closing.signal }),
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

  it("asks for a token where the Consul API does, before anything is changed", async () => {
    const app = express().use(
      createRegistryRoutes({
        ...open,
        tokens: ["s3cret"],
        local: registry,
        logger: SILENT_LOGGER,
        closing: closing.signal,
      }),
    );
    const closed = createServer(app);
    targets.push(closed);
    await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(closed.address() as AddressInfo).port}/api/registry`;
    const body = { name: "orders", host: "10.0.0.1", port: 80 };
    for (const [method, path] of [
      ["PUT", "/instances/x"],
      ["PUT", "/instances/fixed/heartbeat"],
      ["DELETE", "/instances/x"],
    ] as const) {
      expect((await send(method, path, method === "PUT" ? body : undefined)).status).toBe(403);
    }
    expect(registry.record("x")).toBeUndefined();
    const shown = await fetch(`${url}/instances/x`, {
      method: "PUT",
      body: JSON.stringify(body),
      headers: { "content-type": "application/json", authorization: "Bearer s3cret" },
    });
    expect(shown.status).toBe(200);
    registry.registerWithChecks({ id: "y", ...body }, 0, [{ id: "c", name: "c", ttlMs: 1e6 }]);
    registry.reportCheck("c", "passing", "an answer");
    expect(await (await fetch(url)).text()).not.toContain("an answer");
    expect(await (await fetch(url, { headers: { "x-consul-token": "s3cret" } })).text()).toContain("an answer");
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
