import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "vitest";
import { relay } from "./relay.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function listening(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

/** A server that relays everything to another that answers with `behind`. */
async function relayed(behind: RequestListener): Promise<{ port: number; inner: Server }> {
  const inner = createServer(behind);
  const innerPort = await listening(inner);
  const outer = createServer((asked, response) => {
    response.setHeader("x-outer", "kept");
    relay(asked, response, connect(innerPort, "127.0.0.1"), `/inner${asked.url}`);
  });
  return { port: await listening(outer), inner };
}

async function ask(port: number, options: object, body?: string): Promise<IncomingMessage> {
  const asked = request({ host: "127.0.0.1", port, agent: false, ...options });
  asked.end(body);
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  return response;
}

describe("relay", () => {
  it("passes on method, path, headers and body, and the answer likewise", async () => {
    const { port } = await relayed(async (asked, response) => {
      const body = await text(asked);
      const { host, connection, "x-two": two } = asked.headers;
      response.setHeader("set-cookie", ["a=1", "b=2"]);
      response.writeHead(418, { "x-inner": "yes" });
      response.end(JSON.stringify({ method: asked.method, url: asked.url, host, connection, two, body }));
    });
    const headers = { host: "tracing.example", "x-two": ["1", "2"], "content-type": "text/plain" };
    const answer = await ask(port, { method: "PUT", path: "/a%2Fb?c=d", headers }, "the body");
    expect(answer.statusCode).toBe(418);
    expect(answer.headers).toMatchObject({ "x-outer": "kept", "x-inner": "yes", "set-cookie": ["a=1", "b=2"] });
    expect(JSON.parse(await text(answer))).toEqual({
      method: "PUT",
      url: "/inner/a%2Fb?c=d",
      host: "tracing.example",
      connection: "close",
      two: "1, 2",
      body: "the body",
    });
  });

  it("passes on answers without a body", async () => {
    const { port } = await relayed((asked, response) => {
      response.statusCode = asked.method === "DELETE" ? 204 : 200;
      response.setHeader("content-length", asked.method === "DELETE" ? 0 : 5);
      response.end("12345");
    });
    expect((await ask(port, { method: "DELETE" })).statusCode).toBe(204);
    const head = await ask(port, { method: "HEAD" });
    expect([head.headers["content-length"], await text(head)]).toEqual(["5", ""]);
  });

  it("tells a sender that waits for it to go on", async () => {
    const { port } = await relayed(async (asked, response) => response.end(await text(asked)));
    const asked = request({ host: "127.0.0.1", port, method: "POST", headers: { expect: "100-continue" } });
    asked.flushHeaders();
    await once(asked, "continue");
    asked.end("now");
    const [response] = (await once(asked, "response")) as [IncomingMessage];
    expect(await text(response)).toBe("now");
  });

  it("passes on the head of an event stream at once, and ends it with the client", async () => {
    let gone = false;
    const { port } = await relayed((_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
      response.once("close", () => {
        gone = true;
      });
    });
    const answer = await ask(port, {});
    expect(answer.headers["content-type"]).toBe("text/event-stream");
    answer.destroy();
    await expect.poll(() => gone).toBe(true);
  });

  it("answers 503 where the other server goes without an answer, and cuts what it had begun", async () => {
    const { port } = await relayed((asked, response) => {
      if (asked.url === "/inner/begun") {
        response.writeHead(200, { "content-length": 100 });
        response.write("some", () => asked.socket.destroy());
      } else asked.socket.destroy();
    });
    const refused = await ask(port, { path: "/none" });
    expect([refused.statusCode, await text(refused)]).toEqual([503, "not answered: the collector is stopping\n"]);
    await expect(text(await ask(port, { path: "/begun" }))).rejects.toThrow("aborted");
  });
});
