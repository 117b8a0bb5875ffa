import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, it } from "vitest";
import { relay } from "./relay.ts";
import { isFromThisMachine } from "./same-machine.ts";

const tell = (request: IncomingMessage, response: ServerResponse): unknown =>
  response.end(String(isFromThisMachine(request)));
const inner = createServer(tell);
const portOf = (server: typeof inner): number => (server.address() as AddressInfo).port;
/** As the UI port: what it is asked another server answers. */
const outer = createServer((request, response) => relay(request, response, connect(portOf(inner), "127.0.0.1")));

beforeAll(async () => {
  for (const server of [inner, outer]) await once(server.listen(0, "127.0.0.1"), "listening");
});
afterAll(() => {
  for (const server of [inner, outer]) server.close();
});

/** What is thought of a request with this head, directly and by way of a relay. */
function judged(head: readonly string[]): Promise<string[]> {
  return Promise.all(
    [inner, outer].map(async (server) => {
      const socket = connect(portOf(server), "127.0.0.1");
      socket.write(`${[...head, "Connection: close"].join("\r\n")}\r\n\r\n`);
      return (await text(socket)).includes("true") ? "own" : "foreign";
    }),
  );
}

it.each(["127.0.0.1", "127.0.0.1:16686", "[::1]:16686", "localhost:16686", "LOCALHOST"])(
  "is what asks by the name %s",
  async (host) => {
    expect(await judged(["GET / HTTP/1.1", `Host: ${host}`])).toEqual(["own", "own"]);
  },
);

it.each(["traces.example.org", "192.0.2.7:16686", "localhost.example.org", "host.docker.internal:16686", ""])(
  "is not what asks by the name '%s', as proxies pass it on",
  async (host) => {
    expect(await judged(["GET / HTTP/1.1", `Host: ${host}`])).toEqual(["foreign", "foreign"]);
  },
);

it.each([
  "Forwarded: for=192.0.2.7",
  "X-Forwarded-For: 192.0.2.7",
  "X-Forwarded-Proto: https",
  "X-Forwarded-Prefix: /tracing",
  "X-Real-IP: 192.0.2.7",
  "Via: 1.1 proxy",
])("is not what is forwarded with %s", async (header) => {
  expect(await judged(["GET / HTTP/1.1", "Host: 127.0.0.1:16686", header])).toEqual(["foreign", "foreign"]);
});

it("is not what comes as HTTP/1.0, as from an nginx that was told nothing", async () => {
  expect(await judged(["GET / HTTP/1.0", "Host: 127.0.0.1:16686"])).toEqual(["foreign", "foreign"]);
  expect(await judged(["GET / HTTP/1.0"])).toEqual(["foreign", "foreign"]);
});
