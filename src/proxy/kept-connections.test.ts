import type { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { eventually } from "../../test/support/eventually.ts";
import { attributes, RawConnection, startProxy, startUpstream, sumOf } from "../../test/support/proxy/rig.ts";

/** An upstream that counts what it gets, and a caller. The connections of the caller and of the proxy are kept. */
async function keptRig(config: { retries?: number } = {}) {
  const seen: string[] = [];
  const sockets: Socket[] = [];
  const upstream = await startUpstream(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    seen.push(`${request.method} ${body}`);
    response.end(`${seen.length}.`);
  });
  upstream.server.on("connection", (socket: Socket) => sockets.push(socket));
  const proxy = await startProxy({ ...config, routes: [{ upstream: upstream.url, service: "shop" }] });
  const caller = new RawConnection(proxy.port);
  const send = (method: string, body = ""): void => {
    const length = body === "" && method !== "POST" ? "" : `Content-Length: ${body.length}\r\n`;
    caller.send(`${method} / HTTP/1.1\r\nHost: localhost\r\n${length}\r\n${body}`);
  };
  send("POST", "first");
  await caller.received(/1\.$/);
  // The proxy has its connection back among the free ones.
  await eventually("the end of the first span", async () => (await proxy.spans("client", 1)).length === 1 || false);
  return { upstream, proxy, caller, send, seen, sockets };
}

const ENDS: readonly [string, (socket: Socket) => void][] = [
  ["closed", (socket) => socket.destroy()],
  ["reset", (socket) => socket.resetAndDestroy()],
];

describe.each(ENDS)("a kept connection that the upstream has %s", (_how, end) => {
  it.each([
    ["POST", "body"],
    ["POST", ""],
    ["PATCH", "body"],
    ["PUT", "body"],
    ["GET", ""],
  ])("is noticed before a %s %s is sent on it", async (method, body) => {
    const { proxy, caller, send, seen, sockets } = await keptRig();
    // Both are in the kernel before the proxy reads either, the request first. So the proxy takes the connection for
    // open.
    send(method, body);
    end(sockets[0] as Socket);
    const answers = await caller.received(/(2\.|502 .*\n)$/);
    expect(answers).toMatch(/2\.$/);
    expect(seen).toEqual(["POST first", `${method} ${body}`]);
    expect(sockets).toHaveLength(2);
    // A GET is sent without a look, and again where that failed. Node has looked itself since 24.22 and 22.23.
    const failed = sumOf(proxy.metrics, "spanloom_proxy_upstream_failures_total");
    expect(failed).toBeLessThanOrEqual(method === "GET" ? 1 : 0);
    const clients = await proxy.spans("client", 2 + failed);
    expect(clients.map((record) => attributes(record)["error.type"]).filter(Boolean)).toHaveLength(failed);
  });

  it("is noticed in the middle of a POST's body, which is sent once", async () => {
    const { caller, seen, sockets } = await keptRig();
    caller.send("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n");
    end(sockets[0] as Socket);
    await eventually("another connection", async () => sockets.length === 2 || false);
    caller.send("3\r\nfgh\r\n0\r\n\r\n");
    expect(await caller.received(/(2\.|502 .*\n)$/)).toMatch(/2\.$/);
    expect(seen).toEqual(["POST first", "POST abcdefgh"]);
  });

  it("is noticed before a GET that may not be tried again", async () => {
    const { caller, send, sockets } = await keptRig({ retries: 0 });
    send("GET");
    end(sockets[0] as Socket);
    expect(await caller.received(/(2\.|502 .*\n)$/)).toMatch(/2\.$/);
  });

  it("leads to the upstream's absence where it is gone as well", async () => {
    const { upstream, proxy, caller, send, sockets } = await keptRig();
    send("POST", "body");
    upstream.server.close();
    end(sockets[0] as Socket);
    await caller.received(/502 Bad Gateway: shop cannot be reached: it refuses connections\n$/);
    expect(sumOf(proxy.metrics, "spanloom_proxy_upstream_failures_total")).toBe(1);
  });
});

describe("a kept connection that breaks while a request with body goes out", () => {
  /** The first connection answers once and is reset by the first bytes of whatever comes next. */
  async function brokenRig() {
    const seen: string[] = [];
    let first: Socket | undefined;
    const upstream = await startUpstream(async (request, response) => {
      if (request.socket === first) {
        first.resetAndDestroy();
        return;
      }
      first ??= request.socket;
      let body = "";
      for await (const chunk of request) body += chunk;
      seen.push(
        `${request.method} ${body.length} ${request.headers["content-length"] ?? request.headers["transfer-encoding"] ?? "none"}`,
      );
      response.end(`${seen.length}.`);
    });
    const proxy = await startProxy({ routes: [{ upstream: upstream.url, service: "shop" }] });
    const caller = new RawConnection(proxy.port);
    caller.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await caller.received(/1\.$/);
    await proxy.spans("client", 1);
    return { proxy, caller, seen };
  }

  it.each([
    ["PUT", 10],
    ["DELETE", 64 * 1024],
  ])("is made good for a %s of %i bytes", async (method, length) => {
    const { proxy, caller, seen } = await brokenRig();
    caller.send(`${method} / HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${length}\r\n\r\n${"a".repeat(length)}`);
    expect(await caller.received(/(2\.|502 .*\n)$/)).toMatch(/2\.$/);
    expect(seen).toEqual(["GET 0 none", `${method} ${length} ${length}`]);
    expect(sumOf(proxy.metrics, "spanloom_proxy_retries_total")).toBe(1);
    const [, failed, again] = await proxy.spans("client", 3);
    expect(attributes(failed as never)["error.type"]).toMatch(/ECONNRESET|EPIPE/);
    expect(attributes(again as never)).toMatchObject({
      "http.request.resend_count": 1,
      "http.response.status_code": 200,
    });
  });

  it("is made good for a body that is still coming", async () => {
    const { proxy, caller, seen } = await brokenRig();
    caller.send("PUT / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n");
    await proxy.spans("client", 2);
    caller.send("3\r\nfgh\r\n0\r\n\r\n");
    expect(await caller.received(/(2\.|502 .*\n)$/)).toMatch(/2\.$/);
    expect(seen).toEqual(["GET 0 none", "PUT 8 chunked"]);
  });

  it.each([
    ["POST", 10],
    ["PUT", 64 * 1024 + 1],
  ])("is told 502 for a %s of %i bytes", async (method, length) => {
    const { proxy, caller, seen } = await brokenRig();
    caller.send(`${method} / HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${length}\r\n\r\n${"a".repeat(length)}`);
    await caller.received(/502 Bad Gateway: shop cannot be reached: it closed the connection\n$/);
    expect(seen).toEqual(["GET 0 none"]);
    expect(sumOf(proxy.metrics, "spanloom_proxy_retries_total")).toBe(0);
  });
});
