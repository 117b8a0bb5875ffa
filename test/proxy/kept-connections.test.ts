import type { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { until } from "../e2e/until.ts";
import { attributes, RawConnection, startProxy, startUpstream, sumOf } from "./rig.ts";

/** An upstream that counts what it gets, and a caller whose connection to the proxy is kept, as is the proxy's to the upstream. */
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
  await until(
    "the end of the first span",
    async () => (await proxy.spans("client", 1)).length === 1 || undefined,
    5_000,
  );
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
    // Both are in the kernel before the proxy reads either, the request first: so it takes the connection for open.
    send(method, body);
    end(sockets[0] as Socket);
    const answers = await caller.received(/(2\.|502 .*\n)$/);
    expect(answers).toMatch(/2\.$/);
    expect(seen).toEqual(["POST first", `${method} ${body}`]);
    expect(sockets).toHaveLength(2);
    const retried = method === "GET" ? 1 : 0;
    const clients = await proxy.spans("client", 2 + retried);
    expect(clients.map((record) => attributes(record)["error.type"]).filter(Boolean)).toHaveLength(retried);
    expect(sumOf(proxy.metrics, "spanloom_proxy_upstream_failures_total")).toBe(retried);
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
