import { request as httpRequest } from "node:http";
import { connect } from "node:http2";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { eventually } from "../../test/support/eventually.ts";
import { attributes, RawConnection, startProxy, startUpstream, sumOf } from "../../test/support/proxy/rig.ts";
import { STATUS_CODE } from "../model/span.ts";

const MIB = 1 << 20;

/** Writes until nothing moves any more. Resolves with the bytes that were taken. */
async function writtenUntilStuck(stream: NodeJS.WritableStream, most: number): Promise<number> {
  const chunk = Buffer.alloc(MIB);
  let written = 0;
  const more = (): void => {
    while (written < most) {
      written += chunk.length;
      if (!stream.write(chunk)) return void stream.once("drain", more);
    }
  };
  more();
  let before = -1;
  await eventually("the writer to wait", async () => {
    const same = before === written;
    before = written;
    await new Promise((resolve) => setTimeout(resolve, 150));
    return !!same;
  });
  return written;
}

describe("a caller that sends faster than the upstream reads", () => {
  it.each(["HTTP/1.1", "HTTP/2"])("is slowed down over %s, and nothing is gathered", async (protocol) => {
    const upstream = await startUpstream((request) => void request.pause());
    const proxy = await startProxy({ routes: [{ upstream: upstream.url }] });
    let stream: NodeJS.WritableStream;
    if (protocol === "HTTP/2") {
      const client = connect(proxy.url);
      onTestFinished(() => client.destroy());
      stream = client.request({ ":path": "/", ":method": "PUT" });
    } else stream = httpRequest(proxy.url, { method: "PUT" });
    stream.on("error", () => {});
    expect(await writtenUntilStuck(stream, 256 * MIB)).toBeLessThan(64 * MIB);
    (stream as unknown as { destroy(): void }).destroy();
  });
});

describe("a stall", () => {
  it("of a caller that does not send its body is the caller's: 408, and no instance suffers", async () => {
    const upstream = await startUpstream((request) => void request.resume());
    const proxy = await startProxy({
      timeouts: { idle_ms: 80 },
      routes: [{ upstream: upstream.url, service: "shop" }],
    });
    const raw = new RawConnection(proxy.port);
    raw.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc");
    expect(await raw.received(/\n$/)).toMatch(/^HTTP\/1\.1 408 [\s\S]*the request took too long to arrive\n$/);
    const [client] = await proxy.spans("client", 1);
    expect(attributes(client as never)["error.type"]).toBe("cancelled");
    const [server] = await proxy.spans("server", 1);
    expect(attributes(server as never)["http.response.status_code"]).toBe(408);
    expect(server?.span.status.code).toBe(STATUS_CODE.unset);
    expect(sumOf(proxy.metrics, "spanloom_proxy_upstream_failures_total")).toBe(0);
  });

  it("of a caller that does not read the answer is the caller's: cut off, and no instance suffers", async () => {
    let closed = false;
    const upstream = await startUpstream((_request, response) => {
      response.write(Buffer.alloc(64 * MIB));
      response.once("close", () => {
        closed = true;
      });
    });
    const proxy = await startProxy({
      timeouts: { idle_ms: 500 },
      routes: [{ upstream: upstream.url, service: "shop" }],
    });
    await new RawConnection(proxy.port).send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").readsOnly(/200 OK/);
    await eventually("the end upstream", async () => closed || false);
    const [server] = await proxy.spans("server", 1);
    expect(attributes(server as never)).toMatchObject({ "error.type": "timeout", "http.response.status_code": 200 });
    expect(server?.span.status).toEqual({
      code: STATUS_CODE.error,
      message: "the caller did not read the answer in time",
    });
    expect(sumOf(proxy.metrics, "spanloom_proxy_upstream_failures_total")).toBe(0);
  });

  it("of an upstream in the middle of its answer breaks the answer off and counts", async () => {
    const upstream = await startUpstream((_request, response) => void response.write("half"));
    const proxy = await startProxy({ timeouts: { idle_ms: 500 }, routes: [{ upstream: upstream.url }] });
    const answer = await fetch(proxy.url);
    await expect(answer.text()).rejects.toThrow();
    const [client] = await proxy.spans("client", 1);
    expect(attributes(client as never)).toMatchObject({ "error.type": "timeout", "http.response.status_code": 200 });
    expect(sumOf(proxy.metrics, "spanloom_proxy_upstream_failures_total")).toBe(1);
  });

  it("of a connection that never comes to stand is a 504", async () => {
    // Takes the connection, and never answers the TLS handshake.
    const silent = createServer((socket) => void socket.on("error", () => {}).resume());
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void silent.close());
    const { port } = silent.address() as AddressInfo;
    const proxy = await startProxy({
      retries: 0,
      timeouts: { connect_ms: 80 },
      routes: [{ upstream: `https://127.0.0.1:${port}`, service: "deaf" }],
    });
    const answer = await fetch(proxy.url);
    expect([answer.status, await answer.text()]).toEqual([
      504,
      "504 Gateway Timeout: deaf cannot be reached: it does not accept connections in time\n",
    ]);
    const [client] = await proxy.spans("client", 1);
    expect(attributes(client as never)["error.type"]).toBe("connect_timeout");
  });
});
