import { createHash, randomBytes } from "node:crypto";
import { type ClientHttp2Session, connect, constants } from "node:http2";
import { request as httpsRequest } from "node:https";
import { text } from "node:stream/consumers";
import { credentials, Client as GrpcClient, type ServiceError, status } from "@grpc/grpc-js";
import { describe, expect, it, onTestFinished } from "vitest";
import { eventually } from "../../test/support/eventually.ts";
import {
  attributes,
  certificate,
  type Echoed,
  echoHeaders,
  freePort,
  RawConnection,
  startProxy,
  startUpstream,
  sumOf,
  values,
} from "../../test/support/proxy/rig.ts";
import { TEST_CERT } from "../../test/support/tls.ts";
import { STATUS_CODE } from "../model/span.ts";

interface Http2Answer {
  readonly headers: Record<string, unknown>;
  readonly body: string;
  readonly trailers: Record<string, unknown> | undefined;
}

function session(url: string): ClientHttp2Session {
  const client = connect(url, { ca: TEST_CERT });
  client.on("error", () => {});
  onTestFinished(() => client.destroy());
  return client;
}

async function ask(
  client: ClientHttp2Session,
  headers: Record<string, string | string[]>,
  body?: string,
): Promise<Http2Answer> {
  const stream = client.request(headers, { endStream: body === undefined });
  let trailers: Record<string, unknown> | undefined;
  stream.once("trailers", (given) => {
    trailers = { ...given };
  });
  if (body !== undefined) stream.end(body);
  const answered = new Promise<Record<string, unknown>>((resolve, reject) => {
    stream.once("response", (given) => resolve({ ...given })).once("error", reject);
  });
  const [given, sent] = await Promise.all([answered, text(stream)]);
  return { headers: given, body: sent, trailers };
}

describe.each(["prior knowledge", "TLS"])("HTTP/2 by %s", (how) => {
  const tls = () => (how === "TLS" ? { tls: certificate() } : {});

  it("goes to an HTTP/1.1 upstream and is traced", async () => {
    const upstream = await startUpstream(echoHeaders);
    const proxy = await startProxy({ ...tls(), routes: [{ upstream: upstream.url, service: "shop" }] });
    const client = session(proxy.url);
    const answer = await ask(client, { ":path": "/a?b", cookie: ["a=1", "b=2"], "x-kept": "1" });
    expect(answer.headers).toMatchObject({ ":status": 200, "content-type": "application/json" });
    expect(Object.keys(answer.headers)).not.toContain("connection");
    const echoed = JSON.parse(answer.body) as Echoed;
    expect([echoed.url, values(echoed, "cookie"), values(echoed, "x-kept")]).toEqual(["/a?b", ["a=1; b=2"], ["1"]]);
    expect(values(echoed, "host")).toEqual([`127.0.0.1:${upstream.port}`]);
    expect(values(echoed, "via")[0]).toMatch(/^2 spanloom-/);
    expect(values(echoed, "x-forwarded-proto")).toEqual([how === "TLS" ? "https" : "http"]);
    expect(echoed.headers.filter(([name]) => name.startsWith(":"))).toEqual([]);
    expect(values(echoed, "transfer-encoding")).toEqual([]);
    expect(attributes((await proxy.spans("server", 1))[0] as never)).toMatchObject({
      "network.protocol.version": "2",
      "url.scheme": how === "TLS" ? "https" : "http",
      "http.response.status_code": 200,
    });
  });

  it("carries bodies, many at once, and trailers", async () => {
    const upstream = await startUpstream(async (request, response) => {
      const body = await text(request);
      response.setHeader("set-cookie", ["a=1", "b=2"]);
      response.write(body.toUpperCase());
      response.addTrailers({ "x-sum": String(body.length) });
      response.end();
    });
    const proxy = await startProxy({ ...tls(), routes: [{ upstream: upstream.url }] });
    const client = session(proxy.url);
    const asked = Array.from({ length: 20 }, (_, i) => ask(client, { ":path": "/", ":method": "POST" }, `body ${i}`));
    for (const [i, answer] of (await Promise.all(asked)).entries()) {
      expect(answer.body).toBe(`BODY ${i}`);
      expect(answer.headers["set-cookie"]).toEqual(["a=1", "b=2"]);
      expect(answer.trailers).toMatchObject({ "x-sum": String(`body ${i}`.length) });
    }
  });

  it("is told 502 in words, and resets streams whose answer broke off", async () => {
    const upstream = await startUpstream((_request, response) => {
      response.write("half");
      setTimeout(() => response.destroy(), 20);
    });
    const proxy = await startProxy({
      ...tls(),
      retries: 0,
      routes: [
        { upstream: upstream.url },
        { prefix: "/down", upstream: `http://127.0.0.1:${await freePort()}`, service: "down" },
      ],
    });
    const client = session(proxy.url);
    const answer = await ask(client, { ":path": "/down" });
    expect([answer.headers[":status"], answer.body]).toEqual([
      502,
      "502 Bad Gateway: down cannot be reached: it refuses connections\n",
    ]);
    await expect(ask(client, { ":path": "/" })).rejects.toThrow(/NGHTTP2_INTERNAL_ERROR/);
    const failed = (await proxy.spans("server", 2)).map(({ span }) => span.status.code);
    expect(failed).toEqual([STATUS_CODE.error, STATUS_CODE.error]);
  });

  it("ends the upstream's work when a stream is cancelled", async () => {
    let ended = false;
    const upstream = await startUpstream((_request, response) => {
      response.write("begin");
      response.once("close", () => {
        ended = true;
      });
    });
    const proxy = await startProxy({ ...tls(), routes: [{ upstream: upstream.url }] });
    const stream = session(proxy.url).request({ ":path": "/" });
    stream.on("error", () => {});
    await new Promise((resolve) => stream.once("data", resolve));
    stream.close(constants.NGHTTP2_CANCEL);
    await eventually("the end upstream", async () => ended || false);
    expect(attributes((await proxy.spans("server", 1))[0] as never)["error.type"]).toBe("connection_lost");
  });

  it("refuses CONNECT, foreign hosts and absolute paths", async () => {
    const upstream = await startUpstream(echoHeaders);
    const proxy = await startProxy({ ...tls(), routes: [{ upstream: upstream.url }] });
    const client = session(proxy.url);
    expect((await ask(client, { ":path": "/", ":authority": "evil.example" })).headers[":status"]).toBe(421);
    await expect(ask(client, { ":path": "http://evil.example/" })).rejects.toThrow(/PROTOCOL_ERROR/);
    expect((await ask(client, { ":path": "/a/../b" })).headers[":status"]).toBe(400);
    const connecting = client.request({ ":method": "CONNECT", ":authority": "evil.example:443" }, { endStream: true });
    expect(await new Promise((resolve) => connecting.once("response", (given) => resolve(given[":status"])))).toBe(405);
  });
});

describe("gRPC", () => {
  it("is told in its own words that it needs HTTP/2 upstream", async () => {
    const upstream = await startUpstream(echoHeaders);
    const proxy = await startProxy({ routes: [{ upstream: upstream.url, service: "shop" }] });
    const client = new GrpcClient(`127.0.0.1:${proxy.port}`, credentials.createInsecure());
    onTestFinished(() => client.close());
    const same = (bytes: Buffer): Buffer => bytes;
    const error = await new Promise<ServiceError | null>((resolve) => {
      client.makeUnaryRequest("/shop.Shop/Buy", same, same, Buffer.from("tea"), resolve);
    });
    expect([error?.code, error?.details]).toEqual([
      status.UNIMPLEMENTED,
      "shop cannot be reached: it does not speak HTTP/2, which gRPC needs",
    ]);
    expect(sumOf(proxy.metrics, "spanloom_proxy_upstream_failures_total")).toBe(3);
  });

  it("is another thing than gRPC-Web, which is any request", async () => {
    const upstream = await startUpstream(echoHeaders);
    const proxy = await startProxy({ routes: [{ upstream: upstream.url }] });
    const headers = { ":path": "/shop.Shop/Buy", ":method": "POST", "content-type": "application/grpc-web+proto" };
    const answer = await ask(session(proxy.url), headers, "tea");
    expect((JSON.parse(answer.body) as Echoed).url).toBe("/shop.Shop/Buy");
  });
});

describe("TLS", () => {
  it("serves HTTP/1.1 too", async () => {
    const upstream = await startUpstream(echoHeaders);
    const proxy = await startProxy({ tls: certificate(), routes: [{ upstream: upstream.url }] });
    const answer = await new Promise<string>((resolve, reject) => {
      httpsRequest(`${proxy.url}/one`, { ca: TEST_CERT, agent: false }, (given) => resolve(text(given)))
        .once("error", reject)
        .end();
    });
    expect(values(JSON.parse(answer) as Echoed, "x-forwarded-proto")).toEqual(["https"]);
    expect(values(JSON.parse(answer) as Echoed, "via")[0]).toMatch(/^1\.1 /);
  });
});

describe("WebSocket", () => {
  const KEY = randomBytes(16).toString("base64");
  const HANDSHAKE = `GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Protocol: chat\r\n`;

  /** Accepts as RFC 6455 asks and sends every frame's payload back, unmasked. */
  async function echoServer() {
    const seen: Record<string, unknown>[] = [];
    const upstream = await startUpstream((_request, response) => response.writeHead(426).end("upgrade, please"));
    upstream.server.on("upgrade", (request, socket, head: Buffer) => {
      seen.push(request.headers);
      const accept = createHash("sha1").update(
        `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`,
      );
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept.digest("base64")}\r\nSec-WebSocket-Protocol: chat\r\n\r\n`,
      );
      const echo = (chunk: Buffer): void => {
        const length = (chunk[1] as number) & 0x7f;
        const mask = chunk.subarray(2, 6);
        const payload = Buffer.from(chunk.subarray(6, 6 + length).map((byte, i) => byte ^ (mask[i % 4] as number)));
        socket.write(Buffer.concat([Buffer.from([0x81, length]), payload]));
      };
      if (head.length > 0) echo(head);
      socket
        .on("data", echo)
        .on("error", () => {})
        .on("end", () => socket.end());
    });
    return { upstream, seen };
  }

  function frame(message: string): Buffer {
    const mask = randomBytes(4);
    const payload = Buffer.from(message).map((byte, i) => byte ^ (mask[i % 4] as number));
    return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length]), mask, payload]);
  }

  it("is opened, echoes both ways and is traced as a handshake", async () => {
    const { upstream, seen } = await echoServer();
    const proxy = await startProxy({ routes: [{ prefix: "/ws", upstream: upstream.url, service: "chat" }] });
    const raw = new RawConnection(proxy.port).send(
      `${HANDSHAKE}traceparent: 00-${"a".repeat(32)}-${"b".repeat(16)}-01\r\n\r\n`,
    );
    const head = await raw.received(/\r\n\r\n/);
    expect(head).toMatch(/^HTTP\/1\.1 101 /);
    const accept = createHash("sha1").update(`${KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
    expect(head).toContain(`Sec-WebSocket-Accept: ${accept}`);
    expect(head.match(/connection: upgrade/gi)).toHaveLength(1);
    raw.send(frame("hello"));
    await raw.received(/hello/);
    raw.send(frame("again"));
    await raw.received(/again/);
    const [server] = await proxy.spans("server", 1);
    expect([server?.span.name, server?.span.traceId]).toEqual(["GET /ws", "a".repeat(32)]);
    expect(attributes(server as never)["http.response.status_code"]).toBe(101);
    const [client] = await proxy.spans("client", 1);
    expect(seen[0]?.traceparent).toBe(`00-${"a".repeat(32)}-${client?.span.spanId}-01`);
    expect(sumOf(proxy.metrics, "spanloom_proxy_open_websockets")).toBe(1);
    expect(await proxy.spans("internal", 0)).toEqual([]);
    raw.socket.end();
    await raw.closed();
    await eventually("no open tunnel", async () => sumOf(proxy.metrics, "spanloom_proxy_open_websockets") === 0);
    const [life] = await proxy.spans("internal", 1);
    expect([life?.span.name, life?.span.parentSpanId, life?.span.traceId]).toEqual([
      "WebSocket /ws",
      server?.span.spanId,
      "a".repeat(32),
    ]);
    expect(life?.span.status.code).toBe(STATUS_CODE.unset);
    expect(attributes(life as never)).toEqual({
      "spanloom.websocket.from_caller_bytes": 2 * (2 + 4 + 5),
      "spanloom.websocket.from_upstream_bytes": 2 * (2 + 5),
    });
    expect(Number(life?.span.endTimeUnixNano)).toBeGreaterThan(Number(server?.span.endTimeUnixNano));
  });

  it("that falls silent is closed, and its span says so", async () => {
    const { upstream } = await echoServer();
    const proxy = await startProxy({ timeouts: { tunnel_idle_ms: 60 }, routes: [{ upstream: upstream.url }] });
    const raw = new RawConnection(proxy.port).send(`${HANDSHAKE}\r\n`);
    await raw.closed();
    const [life] = await proxy.spans("internal", 1);
    expect(attributes(life as never)["error.type"]).toBe("timeout");
    expect(life?.span.status).toEqual({ code: STATUS_CODE.error, message: "nothing was said within 60 ms" });
  });

  it("goes to another instance where the first refuses connections", async () => {
    const { upstream } = await echoServer();
    const down = `http://127.0.0.1:${await freePort()}`;
    const proxy = await startProxy({ routes: [{ upstream: [down, upstream.url] }] });
    const raw = new RawConnection(proxy.port).send(`${HANDSHAKE}\r\n`);
    await raw.received(/ 101 /);
    const clients = await proxy.spans("client", 2);
    expect(clients.map((record) => attributes(record)["error.type"])).toEqual(["ECONNREFUSED", undefined]);
  });

  it("gets what was sent right after the handshake", async () => {
    const { upstream } = await echoServer();
    const proxy = await startProxy({ routes: [{ upstream: upstream.url }] });
    const raw = new RawConnection(proxy.port).send(Buffer.concat([Buffer.from(`${HANDSHAKE}\r\n`), frame("early")]));
    await raw.received(/early/);
  });

  it("hands on a refusal of the upstream, and says when there is none", async () => {
    const upstream = await startUpstream((_request, response) => response.writeHead(401).end("who are you?"));
    const proxy = await startProxy({
      routes: [
        { upstream: upstream.url },
        { prefix: "/ws/down", upstream: `http://127.0.0.1:${await freePort()}`, service: "chat" },
      ],
    });
    expect(await new RawConnection(proxy.port).send(`${HANDSHAKE}\r\n`).closed()).toMatch(
      /^HTTP\/1\.1 401 [\s\S]*who are you\?/,
    );
    const down = await new RawConnection(proxy.port).send(`${HANDSHAKE.replace("/ws", "/ws/down")}\r\n`).closed();
    expect(down).toMatch(/^HTTP\/1\.1 502 [\s\S]*chat cannot be reached: it refuses connections\n$/);
  });

  it("is guarded like any request, and closed when the proxy stops", async () => {
    const { upstream } = await echoServer();
    const proxy = await startProxy({ routes: [{ upstream: upstream.url }] });
    expect(
      await new RawConnection(proxy.port).send(`${HANDSHAKE.replace("localhost", "evil.example")}\r\n`).closed(),
    ).toMatch(/ 421 /);
    expect(await new RawConnection(proxy.port).send(`${HANDSHAKE}Content-Length: 3\r\n\r\nabc`).closed()).toMatch(
      / 400 /,
    );
    const raw = new RawConnection(proxy.port).send(`${HANDSHAKE}\r\n`);
    await raw.received(/ 101 /);
    await proxy.stop();
    await raw.closed();
  });
});
