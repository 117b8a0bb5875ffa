import { EventEmitter } from "node:events";
import { Agent, createServer, request as httpRequest, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { afterEach, describe, expect, it } from "vitest";
import { anyValueText } from "../../model/any-value.ts";
import type { Span, SpanRecord } from "../../model/span.ts";
import { createTracing } from "../trace/tracing.ts";
import { tracedFetch, tracedRequest } from "./http-client.ts";
import { expressErrorMiddleware, expressMiddleware, traceHttpHandler } from "./http-server.ts";

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function listen(handler: RequestListener) {
  const server = createServer(handler);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function setup() {
  const spans: Span[] = [];
  const tracing = createTracing({
    service: "web",
    exporter: {
      description: "recorder",
      async export(records: readonly SpanRecord[]) {
        spans.push(...records.map(({ span }) => span));
        return { type: "delivered" };
      },
      async shutdown() {},
    },
  });
  /** Waits for `count` spans: a server span ends when the connection has taken the response. */
  const ended = async (count: number) => {
    await expect.poll(() => tracing.stats().queued + tracing.stats().delivered).toBe(count);
    await tracing.flush();
    return spans;
  };
  return { tracing, ended };
}

function attributes(span: Span | undefined): Record<string, string> {
  return Object.fromEntries((span?.attributes ?? []).map(({ key, value }) => [key, anyValueText(value)]));
}

describe("a plain http server", () => {
  it("makes a server span for each request, in the caller's trace", async () => {
    const { tracing, ended } = setup();
    const url = await listen(
      traceHttpHandler(tracing, (_request, response) => {
        tracing.activeSpan()?.addEvent("inside");
        response.end("ok");
      }),
    );
    await fetch(`${url}/a/b?x=1&sig=secret`, {
      headers: { b3: "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1", "user-agent": "t" },
    });
    const [span] = await ended(1);
    expect(span).toMatchObject({
      name: "GET",
      kind: 2,
      traceId: "80f198ee56343ba864fe8b2a57d3eff7",
      parentSpanId: "e457b5a2e4d86bd1",
      status: { code: 0 },
    });
    expect(span?.events[0]?.name).toBe("inside");
    expect(attributes(span)).toMatchObject({
      "http.request.method": "GET",
      "url.path": "/a/b",
      "url.query": "x=1&sig=REDACTED",
      "url.scheme": "http",
      "server.address": "127.0.0.1",
      "server.port": new URL(url).port,
      "http.response.status_code": "200",
      "user_agent.original": "t",
    });
  });

  it("marks 5xx, thrown errors and lost connections as errors, 4xx not", async () => {
    const { tracing, ended } = setup();
    const handler = traceHttpHandler(tracing, async (request, response) => {
      if (request.url === "/lost") request.socket.destroy();
      else if (request.url === "/throw") throw new RangeError("deep");
      else response.writeHead(Number(request.url?.slice(1))).end();
    });
    const url = await listen((request, response) => {
      Promise.resolve(handler(request, response)).catch(() => response.writeHead(500).end());
    });
    for (const path of ["/404", "/503", "/throw", "/lost"]) await fetch(`${url}${path}`).catch(() => undefined);
    const byPath = new Map((await ended(4)).map((span) => [attributes(span)["url.path"], span]));
    expect(byPath.get("/404")?.status.code).toBe(0);
    expect([byPath.get("/503")?.status.code, attributes(byPath.get("/503"))["error.type"]]).toEqual([2, "503"]);
    expect(byPath.get("/throw")?.status).toEqual({ code: 2, message: "deep" });
    expect(attributes(byPath.get("/throw"))["error.type"]).toBe("RangeError");
    expect(attributes(byPath.get("/lost"))["error.type"]).toBe("connection_lost");
  });

  it("leaves ignored requests alone", async () => {
    const { tracing, ended } = setup();
    const url = await listen(
      traceHttpHandler(tracing, (_request, response) => response.end(), {
        ignore: (request) => request.url === "/health",
      }),
    );
    await fetch(`${url}/health`);
    await fetch(`${url}/other`);
    expect(attributes((await ended(1))[0])["url.path"]).toBe("/other");
  });
});

describe("express", () => {
  it("names spans by the route and records errors", async () => {
    const { tracing, ended } = setup();
    const app = express();
    app.use(expressMiddleware(tracing));
    const shop = express.Router();
    shop.get("/items/:id", (_request, response) => void response.json({}));
    shop.post("/items", async () => {
      throw new Error("no stock");
    });
    app.use("/shop", shop);
    app.use(expressErrorMiddleware(tracing));
    app.use((_error: unknown, _request: express.Request, response: express.Response, _next: express.NextFunction) => {
      response.status(500).end();
    });
    const url = await listen(app);
    await fetch(`${url}/shop/items/7`);
    await fetch(`${url}/shop/items`, { method: "POST" });
    await fetch(`${url}/nowhere`);
    const spans = new Map((await ended(3)).map((span) => [span.name, span]));
    expect([...spans.keys()]).toEqual(["GET /shop/items/:id", "POST /shop/items", "GET"]);
    expect(attributes(spans.get("GET /shop/items/:id"))["http.route"]).toBe("/shop/items/:id");
    expect(spans.get("POST /shop/items")).toMatchObject({ status: { code: 2 }, events: [{ name: "exception" }] });
    expect(attributes(spans.get("GET"))["http.response.status_code"]).toBe("404");
  });
});

describe("clients", () => {
  it("fetch makes client spans and sends their context", async () => {
    const { tracing, ended } = setup();
    let seen: unknown;
    const url = await listen((request, response) => {
      seen = request.headers.traceparent;
      response.writeHead(request.url === "/missing" ? 404 : 200).end("body");
    });
    const traced = tracedFetch(tracing);
    const parent = tracing.tracer().startSpan("parent");
    const withSecrets = `${url}/x?sig=secret`;
    expect(
      await (
        await tracing.tracer().withSpan(parent, () => traced(withSecrets, { method: "POST", body: "data" }))
      ).text(),
    ).toBe("body");
    parent.end();
    const firstSeen = seen;
    await traced(`${url}/missing`);
    const spans = await ended(3);
    const [post, missing] = [spans.find(({ name }) => name === "POST"), spans.find(({ name }) => name === "GET")];
    expect(post).toMatchObject({ name: "POST", kind: 3, parentSpanId: parent.context.spanId });
    expect(firstSeen).toBe(`00-${post?.traceId}-${post?.spanId}-03`);
    expect(attributes(post)).toMatchObject({
      "url.full": `${url}/x?sig=REDACTED`,
      "server.address": "127.0.0.1",
      "http.response.status_code": "200",
    });
    expect([missing?.status.code, attributes(missing)["error.type"]]).toEqual([2, "404"]);
  });

  it("http.request makes client spans, also for calls that fail", async () => {
    const { tracing, ended } = setup();
    let seen: unknown;
    const url = await listen((request, response) => {
      seen = request.headers.traceparent;
      response.end("x");
    });
    const traced = tracedRequest(tracing, httpRequest);
    await new Promise<void>((resolve) => {
      const request = traced(`${url}/y`, { method: "PUT" }, (response) => response.resume().on("end", resolve));
      request.end();
    });
    await expect(
      new Promise((resolve, reject) => {
        const request = traced("http://127.0.0.1:1/r", {}, resolve);
        request.on("error", reject);
        request.end();
      }),
    ).rejects.toThrow("ECONNREFUSED");
    await expect(tracedFetch(tracing)("http://127.0.0.1:1/f")).rejects.toThrow();
    const byUrl = new Map((await ended(3)).map((span) => [attributes(span)["url.full"], span]));
    const [put, refused, fetched] = [`${url}/y`, "http://127.0.0.1:1/r", "http://127.0.0.1:1/f"].map((key) =>
      byUrl.get(key),
    );
    expect(seen).toBe(`00-${put?.traceId}-${put?.spanId}-03`);
    expect(attributes(put)).toMatchObject({
      "http.request.method": "PUT",
      "http.response.status_code": "200",
      "url.full": `${url}/y`,
    });
    expect([refused?.status.code, attributes(refused)["error.type"]]).toEqual([2, "ECONNREFUSED"]);
    expect(fetched?.status.code).toBe(2);
  });
});

describe("the active span in events", () => {
  const post = (url: string) => {
    const body = new ReadableStream({
      async start(controller) {
        for (const part of ["a", "b"]) {
          controller.enqueue(Buffer.from(part));
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        controller.close();
      },
    });
    return fetch(url, { method: "POST", body, duplex: "half" } as RequestInit);
  };

  it.each(["plain", "express"])("is there where a %s handler reads a body by data and end", async (kind) => {
    const { tracing, ended } = setup();
    const seen: (string | undefined)[] = [];
    const note = () => void seen.push(tracing.activeSpan()?.context.spanId);
    const handler: RequestListener = (request, response) => {
      request.on("data", note);
      request.once("end", () => {
        note();
        tracing.tracer().startSpan("work").end();
        response.end("ok");
      });
      response.on("finish", note);
    };
    const url = await listen(
      kind === "plain" ? traceHttpHandler(tracing, handler) : express().use(expressMiddleware(tracing)).use(handler),
    );
    for (let i = 0; i < 2; i++) expect(await (await post(url)).text()).toBe("ok");
    const spans = await ended(4);
    const servers = spans.filter(({ kind }) => kind === 2).map(({ spanId }) => spanId);
    expect(spans.filter(({ name }) => name === "work").map(({ parentSpanId }) => parentSpanId)).toEqual(servers);
    expect(new Set(seen)).toEqual(new Set(servers));
  });

  it("lets listeners be removed and listed by what was given", async () => {
    const { tracing } = setup();
    const emitter = new EventEmitter();
    tracing.contexts.bindEmitter(emitter);
    let calls = 0;
    const listener = () => void calls++;
    for (const add of ["on", "once", "addListener", "prependListener", "prependOnceListener"] as const) {
      emitter[add]("x", listener);
      expect(emitter.listeners("x")).toEqual([listener]);
      emitter.off("x", listener);
      expect(emitter.listenerCount("x")).toBe(0);
    }
    emitter.once("x", listener);
    emitter.prependOnceListener("x", listener);
    emitter.emit("x");
    emitter.emit("x");
    expect(calls).toBe(2);
  });

  it("is the caller's in the listeners of a client's request and response", async () => {
    const { tracing } = setup();
    const url = await listen((_request, response) => {
      response.write("a");
      setTimeout(() => response.end("b"), 5);
    });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const once = () =>
      tracing.tracer().trace("caller", async (span) => {
        const seen: (string | undefined)[] = [];
        await new Promise<void>((resolve) => {
          tracedRequest(tracing, httpRequest)(url, { agent }, (response) => {
            seen.push(tracing.activeSpan()?.context.spanId);
            response.on("data", () => seen.push(tracing.activeSpan()?.context.spanId));
            response.on("end", () => {
              seen.push(tracing.activeSpan()?.context.spanId);
              resolve();
            });
          }).end();
        });
        expect(new Set(seen)).toEqual(new Set([span.context.spanId]));
      });
    await once();
    await once();
    agent.destroy();
  });
});
