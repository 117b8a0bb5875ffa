import { createHash } from "node:crypto";
import { createServer as createHttp } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { eventually } from "../../test/support/eventually.ts";
import { connectionPreface, FRAME, frame } from "../../test/support/http2-frames.ts";
import {
  type Echoed,
  echoHeaders,
  RawConnection,
  startProxy,
  startUpstream,
  values,
} from "../../test/support/proxy/rig.ts";

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT = createHash("sha1").update(`${KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
const GET = "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n";
const upgrade = (name: string, key = `Sec-WebSocket-Key: ${KEY}\r\n`): string =>
  `${GET}Upgrade: ${name}\r\nSec-WebSocket-Version: 13\r\n${key}\r\n`;

/** Servers' sockets of this process, as the proxy keeps them. */
function handles(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;
}

/** A peer that never closes its side, whatever it is told. */
function halfOpen(port: number): Socket {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  socket.on("error", () => {}).on("data", () => {});
  onTestFinished(() => void socket.destroy());
  return socket;
}

async function answeredAndEnded(port: number, bytes: string | Buffer): Promise<Socket> {
  const socket = halfOpen(port);
  socket.write(bytes);
  await new Promise<void>((resolve) => socket.once("end", resolve).once("close", () => resolve()));
  return socket;
}

describe("a refused upgrade with bytes behind it leaves no handle", () => {
  const reject = startUpstreamThatSays;
  it.each([
    ["answered 200", "websocket", 200],
    ["answered 502", "websocket", 502],
    ["of another protocol", "foo", 200],
  ])("%s", async (_what, name, status) => {
    const upstream = await reject(status);
    const proxy = await startProxy({ routes: [{ upstream: upstream.url }] });
    const before = handles();
    const peers = await Promise.all(
      Array.from({ length: 8 }, () => answeredAndEnded(proxy.port, `${upgrade(name)}more bytes`)),
    );
    // What is left is theirs, and what the proxy keeps to the upstream.
    await upstream.kill();
    for (const peer of peers) peer.write("and more");
    await eventually("the proxy to let go", async () => handles() <= before + peers.length || false);
    for (const peer of peers) peer.destroy();
    await eventually("the peers to go", async () => handles() <= before || false);
  });
});

async function startUpstreamThatSays(status: number) {
  return startUpstream((_request, response) => void response.writeHead(status).end("no tunnel here"));
}

describe("an HTTP/2 connection that breaks the protocol leaves no handle", () => {
  it.each([
    ["DATA on stream 0", frame(FRAME.data, 0, 0, Buffer.from("x"))],
    ["a broken header block", frame(FRAME.headers, 5, 1, Buffer.alloc(6, 0xff))],
    ["WINDOW_UPDATE of the wrong size", frame(FRAME.windowUpdate, 0, 0, Buffer.alloc(2))],
    ["a window beyond 2^31", frame(FRAME.windowUpdate, 0, 0, Buffer.from([0x7f, 0xff, 0xff, 0xff]))],
  ])("%s", async (_what, bad) => {
    const proxy = await startProxy({ routes: [{ upstream: "http://127.0.0.1:1" }] });
    const before = handles();
    const peers = await Promise.all(
      Array.from({ length: 8 }, () => answeredAndEnded(proxy.port, Buffer.concat([connectionPreface(), bad]))),
    );
    await eventually("the proxy to let go", async () => handles() <= before + peers.length || false);
  });
});

describe("a tunnel opens for a whole handshake alone", () => {
  it.each([
    ["without a key", ""],
    ["with a short key", "Sec-WebSocket-Key: abc\r\n"],
    ["with two keys", `Sec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Key: ${KEY}\r\n`],
  ])("a request %s is refused", async (_what, key) => {
    let asked = 0;
    const upstream = await startUpstream(() => void asked++);
    upstream.server.on("upgrade", (_request, socket: Socket) => {
      asked++;
      socket.end();
    });
    const proxy = await startProxy({ routes: [{ upstream: upstream.url }] });
    const answer = await new RawConnection(proxy.port).send(upgrade("websocket", key)).closed();
    expect(answer).toMatch(/^HTTP\/1\.1 400 [\s\S]*one Sec-WebSocket-Key/);
    expect(asked).toBe(0);
  });

  it.each([
    ["the accept of another key", "Upgrade: websocket\r\nSec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n", 502],
    ["no accept", "Upgrade: websocket\r\n", 502],
    ["another protocol", `Upgrade: foo\r\nSec-WebSocket-Accept: ${ACCEPT}\r\n`, 502],
    ["the right accept", `Upgrade: websocket\r\nSec-WebSocket-Accept: ${ACCEPT}\r\n`, 101],
  ])("a 101 with %s", async (_what, headers, status) => {
    const upstream = createHttp();
    upstream.on("upgrade", (_request, socket: Socket) => {
      socket.on("error", () => {}).end(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n${headers}\r\n`);
    });
    await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void upstream.close());
    const { port } = upstream.address() as AddressInfo;
    const proxy = await startProxy({ routes: [{ upstream: `http://127.0.0.1:${port}`, service: "chat" }] });
    const answer = await new RawConnection(proxy.port).send(upgrade("websocket")).received(/\r\n\r\n/);
    expect(answer.slice(9, 12)).toBe(String(status));
    if (status === 502) await new RawConnection(proxy.port).send(upgrade("websocket")).received(/handshake is wrong/);
  });
});

describe("nothing is read as a request behind an answer that came before its body", () => {
  const POST = "POST /first HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n";
  it.each([
    ["a whole body", `${POST}5\r\nhello\r\n0\r\n\r\n`],
    ["a body without end", POST],
  ])("after %s of another coding", async (_what, request) => {
    const seen: string[] = [];
    const upstream = await startUpstream((asked, response) => {
      seen.push(asked.url as string);
      response.end("hello");
    });
    const proxy = await startProxy({ routes: [{ upstream: upstream.url }] });
    const answer = await new RawConnection(proxy.port)
      .send(`${request}GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n`)
      .closed();
    expect(answer).toMatch(/^HTTP\/1\.1 501 [\s\S]*Connection: close/);
    expect(answer).not.toContain("hello");
    expect(seen).toEqual([]);
  });

  it("the answer of an upstream that does not read the body comes through, and is the last", async () => {
    const upstream = await startUpstream((request, response) => {
      request.on("error", () => {});
      response.end("early");
    });
    const proxy = await startProxy({ routes: [{ upstream: upstream.url }] });
    const raw = new RawConnection(proxy.port);
    raw.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\nabc");
    const answer = await raw.closed();
    expect(answer).toMatch(/^HTTP\/1\.1 200 [\s\S]*early$/);
  });
});

describe("what upstreams see", () => {
  it.each([
    ["a length that Connection lists", "POST", "Connection: content-length\r\nContent-Length: 4\r\n\r\nabcd", "4", []],
    ["a length with a zero before it", "POST", "Content-Length: 04\r\n\r\nabcd", "4", []],
    ["OPTIONS with a body", "OPTIONS", "Content-Length: 4\r\n\r\nabcd", "4", []],
    [
      "a coding that Connection lists",
      "POST",
      "Connection: transfer-encoding\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n",
      undefined,
      ["chunked"],
    ],
  ])("%s", async (_what, method, rest, length, codings) => {
    let body = "";
    const upstream = await startUpstream((request, response) => {
      request.on("data", (chunk: Buffer) => {
        body += chunk;
      });
      request.on("end", () => echoHeaders(request, response));
    });
    const proxy = await startProxy({ routes: [{ upstream: upstream.url }] });
    const text = await new RawConnection(proxy.port)
      .send(`${method} / HTTP/1.1\r\nHost: localhost\r\n${rest}`)
      .received(/\}/);
    const echoed = JSON.parse(/\{.*\}/s.exec(text)?.[0] as string) as Echoed;
    expect(body).toBe("abcd");
    expect(values(echoed, "content-length")).toEqual(length === undefined ? [] : [length]);
    expect(values(echoed, "transfer-encoding")).toEqual(codings);
    expect(values(echoed, "connection")).toEqual(["keep-alive"]);
  });

  it("no Proxy header", async () => {
    const upstream = await startUpstream(echoHeaders);
    const proxy = await startProxy({ routes: [{ upstream: upstream.url }] });
    const echoed = (await (await fetch(proxy.url, { headers: { proxy: "http://evil.example:1" } })).json()) as Echoed;
    expect(values(echoed, "proxy")).toEqual([]);
  });

  it.each(["GET /nine HTTP/0.9\r\nHost: localhost\r\n\r\n", "GET /nine\r\n\r\n"])(
    "no HTTP/0.9: %j",
    async (request) => {
      let asked = 0;
      const upstream = await startUpstream((_request, response) => {
        asked++;
        response.end();
      });
      const proxy = await startProxy({ routes: [{ upstream: upstream.url }] });
      expect(await new RawConnection(proxy.port).send(request).closed()).toMatch(/^HTTP\/1\.1 505 /);
      expect(asked).toBe(0);
    },
  );
});

describe("an answer with long headers", () => {
  const long = (bytes: number) =>
    startUpstream((_request, response) => void response.writeHead(200, { "x-long": "a".repeat(bytes) }).end());
  it("passes", async () => {
    const proxy = await startProxy({ routes: [{ upstream: (await long(17 * 1024)).url }] });
    const text = await new RawConnection(proxy.port)
      .send("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
      .closed();
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    expect(text.length).toBeGreaterThan(17 * 1024);
  });

  it("beyond the setting is a 502 that names it", async () => {
    const proxy = await startProxy({
      limits: { answer_header_kibibytes: 20 },
      routes: [{ upstream: (await long(21 * 1024)).url, service: "wordy" }],
    });
    const answer = await fetch(proxy.url);
    expect([answer.status, await answer.text()]).toEqual([
      502,
      "502 Bad Gateway: wordy cannot be reached: the headers of its answer are longer than proxy.limits.answer_header_kibibytes allows\n",
    ]);
  });
});

it("a peer that is told its request cannot be read, and stays, is let go of", async () => {
  const proxy = await startProxy({ routes: [{ upstream: "http://127.0.0.1:1" }] });
  const before = handles();
  const peer = await answeredAndEnded(proxy.port, "not http\r\n\r\n");
  await eventually("the proxy to let go", async () => handles() <= before + 1 || false);
  peer.destroy();
});
