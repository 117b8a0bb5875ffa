import { createHash, randomBytes } from "node:crypto";
import { Agent, request as httpRequest, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import express from "express";
import { describe, expect, it, onTestFinished } from "vitest";
import { eventually } from "../../test/support/eventually.ts";
import {
  attributes,
  type Echoed,
  echoHeaders,
  freePort,
  RawConnection,
  startProxy,
  startUpstream,
  sumOf,
  values,
} from "../../test/support/proxy/rig.ts";
import { STATUS_CODE } from "../model/span.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PARENT = "b7ad6b7169203331";

/** A shop that knows nothing of tracing. */
function shop() {
  const app = express();
  app.get("/shop/items/:id", (request, response) => {
    response.set("x-item", request.params.id).json({ id: request.params.id, q: request.query.q });
  });
  app.post("/shop/items", express.json(), (request, response) => {
    response.status(201).json({ made: request.body });
  });
  app.get("/shop/boom", (_request, response) => {
    response.status(500).send("boom");
  });
  app.get("/shop/missing", (_request, response) => {
    response.status(404).send("missing");
  });
  return app;
}

describe("an uninstrumented express app behind the proxy", () => {
  it("answers as it does by itself, and every request has a server and a client span", async () => {
    const upstream = await startUpstream(shop());
    const proxy = await startProxy({ routes: [{ prefix: "/shop", upstream: upstream.url, service: "shop" }] });
    const answer = await fetch(`${proxy.url}/shop/items/7?q=a%20b&sig=secret`, { headers: { "user-agent": "tester" } });
    expect([answer.status, answer.headers.get("x-item"), await answer.json()]).toEqual([
      200,
      "7",
      { id: "7", q: "a b" },
    ]);
    const [server] = await proxy.spans("server", 1);
    const [client] = await proxy.spans("client", 1);
    expect(server?.service).toBe("shop");
    expect(server?.span.name).toBe("GET /shop");
    expect(client?.span.name).toBe("GET /shop");
    expect(server?.span.parentSpanId).toBe("");
    expect(client?.span.parentSpanId).toBe(server?.span.spanId);
    expect(client?.span.traceId).toBe(server?.span.traceId);
    expect(attributes(server as never)).toEqual({
      "http.request.method": "GET",
      "http.route": "/shop",
      "http.response.status_code": 200,
      "url.path": "/shop/items/7",
      "url.query": "q=a%20b&sig=REDACTED",
      "url.scheme": "http",
      "server.address": "127.0.0.1",
      "server.port": proxy.port,
      "client.address": "127.0.0.1",
      "network.peer.address": "127.0.0.1",
      "network.peer.port": expect.any(Number),
      "network.protocol.version": "1.1",
      "user_agent.original": "tester",
    });
    expect(attributes(client as never)).toEqual({
      "http.request.method": "GET",
      "http.response.status_code": 200,
      "url.full": `${upstream.url}/shop/items/7?q=a%20b&sig=REDACTED`,
      "server.address": "127.0.0.1",
      "server.port": upstream.port,
      "network.protocol.version": "1.1",
    });
    expect(server?.span.status.code).toBe(STATUS_CODE.unset);
    expect(sumOf(proxy.metrics, "spanloom_proxy_requests_total", { service: "shop", code: "2xx" })).toBe(1);
  });

  it("passes bodies there and back", async () => {
    const upstream = await startUpstream(shop());
    const proxy = await startProxy({ routes: [{ upstream: upstream.url }] });
    const answer = await fetch(`${proxy.url}/shop/items`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"name":"tea"}',
    });
    expect([answer.status, await answer.json()]).toEqual([201, { made: { name: "tea" } }]);
    expect((await proxy.spans("server", 1))[0]?.service).toBe("127.0.0.1");
  });

  it("takes 5xx for an error of both spans and 4xx for one of the client span alone", async () => {
    const upstream = await startUpstream(shop());
    const proxy = await startProxy({ routes: [{ upstream: upstream.url }] });
    expect((await fetch(`${proxy.url}/shop/boom`)).status).toBe(500);
    expect((await fetch(`${proxy.url}/shop/missing`)).status).toBe(404);
    const codes = (list: Awaited<ReturnType<typeof proxy.spans>>) =>
      list.map((record) => [attributes(record)["error.type"], record.span.status.code]);
    expect(codes(await proxy.spans("server", 2))).toEqual([
      ["500", STATUS_CODE.error],
      [undefined, STATUS_CODE.unset],
    ]);
    expect(codes(await proxy.spans("client", 2))).toEqual([
      ["500", STATUS_CODE.error],
      ["404", STATUS_CODE.error],
    ]);
  });

  it("is asked with methods that nobody knows, which the spans call _OTHER", async () => {
    const upstream = await startUpstream(echoHeaders);
    const proxy = await startProxy({ routes: [{ upstream: upstream.url }] });
    const request = httpRequest(proxy.url, { method: "PROPFIND" });
    const answered = new Promise<IncomingMessage>((resolve) => request.once("response", resolve));
    request.end();
    expect((JSON.parse(await text(await answered)) as Echoed).method).toBe("PROPFIND");
    for (const kind of ["server", "client"] as const) {
      const [record] = await proxy.spans(kind, 1);
      expect(record?.span.name).toBe("HTTP /");
      expect(attributes(record as never)).toMatchObject({
        "http.request.method": "_OTHER",
        "http.request.method_original": "PROPFIND",
      });
    }
  });

  it("keeps connections to it open", async () => {
    let connections = 0;
    const upstream = await startUpstream(shop());
    upstream.server.on("connection", () => connections++);
    const proxy = await startProxy({ routes: [{ upstream: upstream.url }] });
    for (let i = 0; i < 5; i++) await (await fetch(`${proxy.url}/shop/items/${i}`)).text();
    expect(connections).toBe(1);
  });
});

describe("trace context", () => {
  const incoming: [string, Record<string, string>][] = [
    ["w3c", { traceparent: `00-${TRACE}-${PARENT}-01`, tracestate: "vendor=1" }],
    ["b3", { "X-B3-TraceId": TRACE, "X-B3-SpanId": PARENT, "X-B3-Sampled": "1" }],
    ["b3_single", { b3: `${TRACE}-${PARENT}-1` }],
    ["jaeger", { "uber-trace-id": `${TRACE}:${PARENT}:0:1` }],
  ];
  const outgoing = [
    ["w3c", "traceparent"],
    ["b3", "x-b3-traceid"],
    ["b3_single", "b3"],
    ["jaeger", "uber-trace-id"],
  ] as const;

  it.each(incoming)("of a caller that speaks %s is continued and told on in every format", async (_name, headers) => {
    const upstream = await startUpstream(echoHeaders);
    const routes = outgoing.map(([format]) => ({ prefix: `/${format}`, upstream: upstream.url, propagation: format }));
    const proxy = await startProxy({ routes });
    for (const [format, header] of outgoing) {
      const echoed = (await (await fetch(`${proxy.url}/${format}`, { headers })).json()) as Echoed;
      expect(values(echoed, header), format).toHaveLength(1);
      expect(values(echoed, header)[0], format).toContain(TRACE);
      const others = outgoing.filter(([other]) => other !== format).flatMap(([, name]) => values(echoed, name));
      expect(others, format).toEqual([]);
    }
    for (const { span } of await proxy.spans("server", 4))
      expect([span.traceId, span.parentSpanId]).toEqual([TRACE, PARENT]);
    const clients = await proxy.spans("client", 4);
    expect(new Set(clients.map(({ span }) => span.traceId))).toEqual(new Set([TRACE]));
  });

  it("names the client span as parent, keeps trace state and carries baggage of any format", async () => {
    const upstream = await startUpstream(echoHeaders);
    const proxy = await startProxy({ routes: [{ upstream: upstream.url }] });
    const headers = {
      traceparent: `00-${TRACE}-${PARENT}-01`,
      tracestate: "vendor=1",
      baggage: "a=1",
      "uberctx-b": "2",
    };
    const echoed = (await (await fetch(proxy.url, { headers })).json()) as Echoed;
    const [client] = await proxy.spans("client", 1);
    expect(values(echoed, "traceparent")).toEqual([`00-${TRACE}-${client?.span.spanId}-01`]);
    expect(values(echoed, "tracestate")).toEqual(["vendor=1"]);
    expect(values(echoed, "baggage")[0]?.split(",").sort()).toEqual(["a=1", "b=2"]);
    expect(values(echoed, "uberctx-b")).toEqual([]);
  });

  it("leaves baggage alone where no format carries it", async () => {
    const upstream = await startUpstream(echoHeaders);
    const proxy = await startProxy({ propagation: "w3c", routes: [{ upstream: upstream.url }] });
    const echoed = (await (await fetch(proxy.url, { headers: { baggage: "a=1;p" } })).json()) as Echoed;
    expect(values(echoed, "baggage")).toEqual(["a=1;p"]);
  });

  it("follows a caller that does not record, and still tells on", async () => {
    const upstream = await startUpstream(echoHeaders);
    const proxy = await startProxy({ routes: [{ upstream: upstream.url }] });
    const echoed = (await (
      await fetch(proxy.url, { headers: { traceparent: `00-${TRACE}-${PARENT}-00` } })
    ).json()) as Echoed;
    expect(values(echoed, "traceparent")[0]).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-00$`));
    await proxy.stop();
    expect(proxy.records).toEqual([]);
  });

  it("names the same client span in all formats at once", async () => {
    const upstream = await startUpstream(echoHeaders);
    const proxy = await startProxy({
      propagation: ["w3c", "b3", "b3_single", "jaeger"],
      routes: [{ upstream: upstream.url }],
    });
    const headers = { "uber-trace-id": `${TRACE}:${PARENT}:0:1` };
    const echoed = (await (await fetch(proxy.url, { headers })).json()) as Echoed;
    const [client] = await proxy.spans("client", 1);
    const id = client?.span.spanId;
    expect([
      values(echoed, "traceparent"),
      values(echoed, "x-b3-spanid"),
      values(echoed, "b3"),
      values(echoed, "uber-trace-id"),
    ]).toEqual([[`00-${TRACE}-${id}-01`], [id], [`${TRACE}-${id}-1`], [`${TRACE}:${id}:0:1`]]);
  });

  it("says not to record: a lone decision without ids is followed and told on", async () => {
    const upstream = await startUpstream(echoHeaders);
    const proxy = await startProxy({ propagation: "b3_single", routes: [{ upstream: upstream.url }] });
    const echoed = (await (await fetch(proxy.url, { headers: { b3: "0" } })).json()) as Echoed;
    expect(values(echoed, "b3")[0]).toMatch(/^[0-9a-f]{32}-[0-9a-f]{16}-0$/);
    await proxy.stop();
    expect(proxy.records).toEqual([]);
  });

  it.each<[string, Record<string, string>]>([
    ["B3's", { "X-B3-TraceId": TRACE, "X-B3-SpanId": PARENT, "X-B3-Flags": "1" }],
    ["Jaeger's", { "uber-trace-id": `${TRACE}:${PARENT}:0:3` }],
  ])(
    "keeps a trace with %s debug flag, whatever sampling says, and tells on that it is one",
    async (_name, headers) => {
      const upstream = await startUpstream(echoHeaders);
      const proxy = await startProxy({
        sampling: 0,
        propagation: ["b3", "jaeger"],
        routes: [{ upstream: upstream.url }],
      });
      const echoed = (await (await fetch(proxy.url, { headers })).json()) as Echoed;
      expect(values(echoed, "x-b3-flags")).toEqual(["1"]);
      expect(values(echoed, "uber-trace-id")[0]).toMatch(/:3$/);
      expect((await proxy.spans("client", 1))[0]?.span.traceId).toBe(TRACE);
    },
  );

  it.each([
    [["b3", "w3c"], "b"],
    [["w3c", "b3"], "a"],
    [["jaeger"], "c"],
    [["b3_single"], "b"],
  ] as const)("of three traces is decided by the order of %s, and the others are links", async (propagation, first) => {
    const upstream = await startUpstream(echoHeaders);
    const proxy = await startProxy({ routes: [{ upstream: upstream.url, propagation: [...propagation] }] });
    const headers = {
      traceparent: `00-${"a".repeat(32)}-${PARENT}-01`,
      "X-B3-TraceId": "b".repeat(32),
      "X-B3-SpanId": PARENT,
      "X-B3-Sampled": "1",
      "uber-trace-id": `${"c".repeat(32)}:${PARENT}:0:1`,
    };
    await (await fetch(proxy.url, { headers })).json();
    const [server] = await proxy.spans("server", 1);
    expect(server?.span.traceId).toBe(first.repeat(32));
    expect(server?.span.links.map(({ traceId }) => traceId.charAt(0)).sort()).toEqual(
      ["a", "b", "c"].filter((one) => one !== first),
    );
    expect(proxy.logged.filter(({ message }) => message.includes("several traces"))).toHaveLength(1);
  });

  it("of one trace in several formats has no links, also where one has the low half of the id", async () => {
    const upstream = await startUpstream(echoHeaders);
    const proxy = await startProxy({ routes: [{ upstream: upstream.url }] });
    const headers = { traceparent: `00-${TRACE}-${PARENT}-01`, b3: `${TRACE.slice(16)}-${PARENT}-1` };
    await (await fetch(proxy.url, { headers })).json();
    const [server] = await proxy.spans("server", 1);
    expect([server?.span.traceId, server?.span.links]).toEqual([TRACE, []]);
    expect(proxy.logged).toEqual([]);
  });

  it("begins a new trace for what is no valid context", async () => {
    const upstream = await startUpstream(echoHeaders);
    const proxy = await startProxy({ routes: [{ upstream: upstream.url }] });
    await (await fetch(proxy.url, { headers: { traceparent: "00-zz-zz-01" } })).json();
    expect((await proxy.spans("server", 1))[0]?.span.parentSpanId).toBe("");
  });
});

describe("streaming", () => {
  it("shows a chunk of the answer before the answer ends", async () => {
    let finish = (): void => {};
    const upstream = await startUpstream((_request, response) => {
      response.write("first");
      finish = () => response.end("last");
    });
    const proxy = await startProxy({ routes: [{ upstream: upstream.url }] });
    const answer = await fetch(proxy.url);
    const reader = answer.body?.getReader();
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe("first");
    finish();
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe("last");
  });

  it("shows headers of an event stream that has said nothing yet", async () => {
    const upstream = await startUpstream((_request, response) => {
      response.setHeader("content-type", "text/event-stream");
      response.flushHeaders();
    });
    const proxy = await startProxy({ routes: [{ upstream: upstream.url }] });
    const answer = await fetch(proxy.url);
    expect(answer.headers.get("content-type")).toBe("text/event-stream");
    await answer.body?.cancel();
  });

  it("hands the upstream a chunk of the request before the request ends", async () => {
    const seen: string[] = [];
    const upstream = await startUpstream((request, response) => {
      request.on("data", (chunk: Buffer) => seen.push(chunk.toString()));
      request.on("end", () => response.end(seen.join("|")));
    });
    const proxy = await startProxy({ routes: [{ upstream: upstream.url }] });
    const request = httpRequest(proxy.url, { method: "POST" });
    const answered = new Promise<IncomingMessage>((resolve) => request.once("response", resolve));
    request.write("one");
    await eventually("the first chunk upstream", async () => seen[0] ?? false);
    request.end("two");
    expect(await text(await answered)).toBe("one|two");
  });

  it("carries 8 MiB both ways unchanged, and slows the sender down to the reader", async () => {
    const body = randomBytes(8 << 20);
    const upstream = await startUpstream((request, response) => {
      request.pipe(response);
    });
    const proxy = await startProxy({ routes: [{ upstream: upstream.url }] });
    const request = httpRequest(proxy.url, { method: "PUT", headers: { "content-length": body.length } });
    const answered = new Promise<IncomingMessage>((resolve) => request.once("response", resolve));
    request.end(body);
    const hash = createHash("sha256");
    for await (const chunk of await answered) hash.update(chunk as Buffer);
    expect(hash.digest("hex")).toBe(createHash("sha256").update(body).digest("hex"));
  });

  it("does not gather what a caller is slow to read", async () => {
    let written = 0;
    const upstream = await startUpstream((_request, response) => {
      const chunk = Buffer.alloc(1 << 20);
      const more = (): void => {
        while (written < 256 << 20) {
          written += chunk.length;
          if (!response.write(chunk)) return void response.once("drain", more);
        }
        response.end();
      };
      more();
    });
    const proxy = await startProxy({ routes: [{ upstream: upstream.url }] });
    await new RawConnection(proxy.port).send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").readsOnly(/200 OK/);
    let before = -1;
    await eventually("the upstream to wait", async () => {
      const same = before === written;
      before = written;
      await new Promise((resolve) => setTimeout(resolve, 150));
      return !!same;
    });
    expect(written).toBeLessThan(64 << 20);
  });

  it("passes trailers there and back", async () => {
    const upstream = await startUpstream((request, response) => {
      request.resume().on("end", () => {
        response.setHeader("trailer", "x-sum");
        response.write("body");
        response.addTrailers({ "x-sum": `got ${request.trailers["x-check"]}` });
        response.end();
      });
    });
    const proxy = await startProxy({ routes: [{ upstream: upstream.url }] });
    const request = httpRequest(proxy.url, { method: "POST", headers: { trailer: "x-check", te: "trailers" } });
    const answered = new Promise<IncomingMessage>((resolve) => request.once("response", resolve));
    request.write("x");
    request.addTrailers({ "x-check": "42" });
    request.end();
    const answer = await answered;
    expect(await text(answer)).toBe("body");
    expect(answer.headers.trailer).toBe("x-sum");
    expect(answer.trailers).toEqual({ "x-sum": "got 42" });
  });
});

describe("Expect: 100-continue", () => {
  it("asks for the body when the upstream does", async () => {
    const upstream = await startUpstream((request, response) => {
      request.pipe(response);
    });
    const proxy = await startProxy({ routes: [{ upstream: upstream.url }] });
    const raw = new RawConnection(proxy.port);
    raw.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    await raw.received(/^HTTP\/1\.1 100 Continue\r\n\r\n$/);
    raw.send("hello");
    expect(await raw.received(/hello/)).toMatch(/200 OK/);
  });

  it("passes a refusal on without asking for the body", async () => {
    const upstream = await startUpstream(() => {});
    upstream.server.on("checkContinue", (_request, response) => {
      response.writeHead(403, { connection: "close" });
      response.end("no");
    });
    const proxy = await startProxy({ routes: [{ upstream: upstream.url }] });
    const raw = new RawConnection(proxy.port);
    raw.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    expect(await raw.received(/403 Forbidden/)).not.toMatch(/100 Continue/);
  });
});

describe("what goes wrong", () => {
  it("tells a caller that the upstream is down, in words, and marks both spans", async () => {
    const port = await freePort();
    const proxy = await startProxy({ retries: 0, routes: [{ upstream: `http://127.0.0.1:${port}`, service: "shop" }] });
    const answer = await fetch(proxy.url);
    expect([answer.status, await answer.text()]).toEqual([
      502,
      "502 Bad Gateway: shop cannot be reached: it refuses connections\n",
    ]);
    const [server] = await proxy.spans("server", 1);
    expect(server?.span.status).toEqual({
      code: STATUS_CODE.error,
      message: "shop cannot be reached: it refuses connections",
    });
    expect(attributes(server as never)).toMatchObject({
      "error.type": "ECONNREFUSED",
      "http.response.status_code": 502,
    });
    const [client] = await proxy.spans("client", 1);
    expect(client?.span.status.message).toContain(`127.0.0.1:${port}`);
    expect(proxy.logged).toContainEqual(
      expect.objectContaining({ message: "an upstream failed", service: "shop", upstream: `127.0.0.1:${port}` }),
    );
  });

  it("gives up on an upstream that does not answer in time", async () => {
    const upstream = await startUpstream(() => {});
    const proxy = await startProxy({
      timeouts: { idle_ms: 60 },
      routes: [{ upstream: upstream.url, service: "slow" }],
    });
    const answer = await fetch(proxy.url);
    expect([answer.status, await answer.text()]).toEqual([
      504,
      "504 Gateway Timeout: slow cannot be reached: it does not answer in time\n",
    ]);
    expect(attributes((await proxy.spans("client", 1))[0] as never)["error.type"]).toBe("timeout");
  });

  it.each([
    ["closes without an answer", ""],
    ["speaks no HTTP", "SSH-2.0-hello\r\n"],
    ["sends two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"],
    [
      "sends a length and chunks",
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
  ])("answers 502 for an upstream that %s", async (_what, bytes) => {
    const upstream = await startUpstream(() => {});
    upstream.server.removeAllListeners("connection");
    upstream.server.on("connection", (socket) => socket.on("error", () => {}).once("data", () => socket.end(bytes)));
    const proxy = await startProxy({ routes: [{ upstream: upstream.url }] });
    const answer = await fetch(proxy.url, { method: "POST", body: "x" });
    expect([answer.status, await answer.text()]).toEqual([502, expect.stringMatching(/cannot be reached: /)]);
  });

  it("cuts the answer off when the upstream breaks off, so that nobody takes it for whole", async () => {
    let breakOff = (): void => {};
    const upstream = await startUpstream((_request, response) => {
      response.write("half");
      breakOff = () => void response.destroy();
    });
    const proxy = await startProxy({ routes: [{ upstream: upstream.url }] });
    const answer = await fetch(proxy.url);
    breakOff();
    await expect(answer.text()).rejects.toThrow();
    const [server] = await proxy.spans("server", 1);
    expect(server?.span.status.code).toBe(STATUS_CODE.error);
    expect(attributes(server as never)["http.response.status_code"]).toBe(200);
  });

  it("ends the upstream's work when the caller goes away", async () => {
    let ended: "no" | "yes" = "no";
    const upstream = await startUpstream((_request, response) => {
      response.write("begin");
      response.once("close", () => {
        ended = "yes";
      });
    });
    const proxy = await startProxy({ routes: [{ upstream: upstream.url }] });
    const raw = new RawConnection(proxy.port).send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await raw.received(/begin/);
    raw.socket.destroy();
    await eventually("the end upstream", async () => ended === "yes");
    const [server] = await proxy.spans("server", 1);
    expect(attributes(server as never)["error.type"]).toBe("connection_lost");
    expect(attributes((await proxy.spans("client", 1))[0] as never)["error.type"]).toBe("cancelled");
  });

  it("ends the upstream's request when the caller breaks off its own", async () => {
    let aborted = false;
    const upstream = await startUpstream((request) => {
      request.resume().once("error", () => {
        aborted = true;
      });
    });
    const proxy = await startProxy({ routes: [{ upstream: upstream.url }] });
    const raw = new RawConnection(proxy.port);
    raw.send("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    await new Promise((resolve) => upstream.server.once("request", resolve));
    raw.socket.destroy();
    await eventually("the end of the request upstream", async () => aborted || false);
  });

  it("refuses bodies beyond the limit, whether their length is told or not", async () => {
    const upstream = await startUpstream((request, response) => {
      request.resume().on("end", () => response.end("taken"));
    });
    const proxy = await startProxy({ limits: { body_mebibytes: 0.001 }, routes: [{ upstream: upstream.url }] });
    const told = await fetch(proxy.url, { method: "POST", body: Buffer.alloc(2_000) });
    expect([told.status, await told.text()]).toEqual([
      413,
      expect.stringContaining("the body has more than 1048.576 bytes"),
    ]);
    const stream = new Blob([Buffer.alloc(400_000)]).stream();
    const untold = await fetch(proxy.url, { method: "POST", body: stream, duplex: "half" } as RequestInit);
    expect(untold.status).toBe(413);
    const within = await fetch(proxy.url, { method: "POST", body: Buffer.alloc(1_000) });
    expect(await within.text()).toBe("taken");
  });

  it("finishes requests under way when it stops", async () => {
    let finish = (): void => {};
    const upstream = await startUpstream((_request, response) => {
      finish = () => response.end("done");
    });
    const agent = new Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    const proxy = await startProxy({ routes: [{ upstream: upstream.url }] });
    const request = httpRequest(proxy.url, { agent });
    const answered = new Promise<IncomingMessage>((resolve) => request.once("response", resolve));
    request.end();
    await new Promise((resolve) => upstream.server.once("request", resolve));
    const stopped = proxy.stop();
    finish();
    expect(await text(await answered)).toBe("done");
    await stopped;
    await expect(fetch(proxy.url)).rejects.toThrow();
  });
});
