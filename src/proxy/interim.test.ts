import { once } from "node:events";
import { connect, constants } from "node:http2";
import { text } from "node:stream/consumers";
import { describe, expect, it, onTestFinished } from "vitest";
import { RawConnection, startProxy, startUpstream } from "../../test/support/proxy/rig.ts";

const GET = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
const HINTS = { link: "</style.css>; rel=preload; as=style", "x-hop": "1", connection: "x-hop", "x-kept": "2" };

/** Sends two interim responses before the final one, then the body. */
async function hinting() {
  return startUpstream((_request, response) => {
    response.writeProcessing();
    response.writeEarlyHints(HINTS, () => {
      response.setHeader("x-final", "1");
      response.end("done");
    });
  });
}

describe("interim answers", () => {
  it("reach an HTTP/1.1 caller in order, without what belongs to the upstream's connection", async () => {
    const proxy = await startProxy({ routes: [{ upstream: (await hinting()).url }] });
    const answers = (await new RawConnection(proxy.port).send(GET).closed()).split(/(?=HTTP\/1\.1 )/);
    expect(answers.map((answer) => answer.split("\r\n")[0])).toEqual([
      "HTTP/1.1 102 Processing",
      "HTTP/1.1 103 Early Hints",
      "HTTP/1.1 200 OK",
    ]);
    expect(answers[1]?.toLowerCase()).toContain(`link: ${HINTS.link}`);
    expect(answers[1]?.toLowerCase()).toContain("x-kept: 2");
    expect(answers[1]?.toLowerCase()).not.toContain("x-hop");
    expect(answers[2]).toMatch(/x-final: 1[\s\S]*\r\n\r\ndone$/);
    const [server] = await proxy.spans("server", 1);
    expect(server?.span.attributes).toContainEqual({
      key: "http.response.status_code",
      value: { type: "int", value: 200n },
    });
  });

  it("reach an HTTP/2 caller as HEADERS of their own", async () => {
    const proxy = await startProxy({ routes: [{ upstream: (await hinting()).url }] });
    const client = connect(proxy.url);
    onTestFinished(() => client.destroy());
    const stream = client.request({ ":path": "/" });
    const interim: Record<string, unknown>[] = [];
    stream.on("headers", (headers) => interim.push({ ...headers }));
    const [final] = (await once(stream, "response")) as [Record<string, unknown>];
    expect(await text(stream)).toBe("done");
    expect(interim.map((headers) => headers[":status"])).toEqual([102, 103]);
    expect(interim[1]).toMatchObject({ link: HINTS.link, "x-kept": "2" });
    expect(Object.keys(interim[1] ?? {})).not.toContain("x-hop");
    expect(final).toMatchObject({ ":status": 200, "x-final": "1" });
  });

  it("of a status that nobody knows yet are passed on too", async () => {
    const upstream = await startUpstream((_request, response) => {
      response.socket?.write("HTTP/1.1 104 Upload Resumption Supported\r\nX-Offset: 7\r\n\r\n");
      response.end("done");
    });
    const proxy = await startProxy({ routes: [{ upstream: upstream.url }] });
    const answer = await new RawConnection(proxy.port).send(GET).closed();
    expect(answer).toMatch(/^HTTP\/1\.1 104 [^\r]+\r\nX-Offset: 7\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
  });

  it("are kept from HTTP/1.0 callers, who know none", async () => {
    const proxy = await startProxy({ routes: [{ upstream: (await hinting()).url }] });
    const answer = await new RawConnection(proxy.port).send("GET / HTTP/1.0\r\nHost: localhost\r\n\r\n").closed();
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK/);
    expect(answer).not.toMatch(/ 10[23] /);
  });
});

describe("100 Continue", () => {
  it("is told once, although the upstream says it without being asked", async () => {
    const upstream = await startUpstream((request, response) => {
      response.writeContinue();
      request.pipe(response);
    });
    const proxy = await startProxy({ routes: [{ upstream: upstream.url }] });
    const raw = new RawConnection(proxy.port).send(
      "POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
    );
    const answer = await raw.closed();
    expect(answer.match(/HTTP\/1\.1 \d{3}/g)).toEqual(["HTTP/1.1 100", "HTTP/1.1 200"]);
    expect(answer).toContain("hello");
  });

  it("goes both ways over HTTP/2: the body waits until the upstream asks for it", async () => {
    const expected: unknown[] = [];
    const upstream = await startUpstream(() => {});
    upstream.server.on("checkContinue", (request, response) => {
      expected.push(request.headers.expect);
      response.writeContinue();
      request.pipe(response);
    });
    const proxy = await startProxy({ routes: [{ upstream: upstream.url }] });
    const client = connect(proxy.url);
    onTestFinished(() => client.destroy());
    const stream = client.request({ ":path": "/", ":method": "POST", expect: "100-continue" });
    await once(stream, "continue");
    stream.end("hello");
    const [final] = (await once(stream, "response")) as [Record<string, unknown>];
    expect([final[":status"], await text(stream), expected]).toEqual([200, "hello", ["100-continue"]]);
  });

  it("is not told when the upstream refuses over HTTP/2", async () => {
    const upstream = await startUpstream(() => {});
    upstream.server.on("checkContinue", (_request, response) => response.writeHead(403).end("no"));
    const proxy = await startProxy({ routes: [{ upstream: upstream.url }] });
    const client = connect(proxy.url);
    onTestFinished(() => client.destroy());
    const stream = client.request({ ":path": "/", ":method": "POST", expect: "100-continue" });
    stream.on("error", () => {});
    let continued = false;
    stream.on("continue", () => {
      continued = true;
    });
    const [final] = (await once(stream, "response")) as [Record<string, unknown>];
    expect([final[":status"], await text(stream), continued]).toEqual([403, "no", false]);
    stream.close(constants.NGHTTP2_CANCEL);
  });
});

it("a 101 that nobody asked for is no answer", async () => {
  const upstream = await startUpstream((_request, response) => {
    response.socket?.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n");
  });
  const proxy = await startProxy({ routes: [{ upstream: upstream.url, service: "shop" }] });
  const answer = await fetch(proxy.url, { method: "POST" });
  expect([answer.status, await answer.text()]).toEqual([
    502,
    "502 Bad Gateway: shop cannot be reached: the connection to it failed\n",
  ]);
});
