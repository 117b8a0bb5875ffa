import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { expect, it, onTestFinished } from "vitest";
import { certificate } from "../../test/support/proxy/rig.ts";
import { SILENT_LOGGER } from "../component/logger.ts";
import { HttpListener } from "./http-listener.ts";

/** Answers at once, whatever body comes. Gives what a peer reads until the end, and the paths that were looked at. */
async function exchange(bytes: string, overTls = false): Promise<{ text: string; paths: string[] }> {
  const paths: string[] = [];
  const listener = new HttpListener({
    access: undefined,
    needOf: () => "nothing",
    name: { title: "test", configKey: "test.endpoint", usualOccupant: "another" },
    endpoint: "127.0.0.1:0",
    ...(overTls ? { tls: { ...certificate(), min_version: "1.2" as const } } : {}),
    logger: SILENT_LOGGER,
    handler: (request, response) => {
      paths.push(request.url as string);
      response.end("answered");
    },
  });
  const { port } = await listener.start();
  onTestFinished(() => listener.shutdown(AbortSignal.abort()));
  const to = { port, host: "127.0.0.1" };
  const socket = overTls ? connectTls({ ...to, rejectUnauthorized: false }) : connect(to);
  socket.on("error", () => {});
  let text = "";
  socket.setEncoding("latin1").on("data", (chunk: string) => {
    text += chunk;
  });
  socket.write(bytes);
  await new Promise<void>((resolve) => socket.once("close", () => resolve()));
  return { text, paths };
}

const NEXT = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n";
const CODED = "POST /first HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n";

it.each([
  ["another coding with a whole body", `${CODED}1\r\na\r\n0\r\n\r\n${NEXT}`, 501],
  ["another coding without a body", `${CODED}${NEXT}`, 501],
  ["a coding over HTTP/1.0", `POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${NEXT}`, 400],
  ["HTTP/0.9", "GET /nine\r\n\r\n", 505],
  ["HTTP/0.9 by its number", "GET /nine HTTP/0.9\r\n\r\n", 505],
])("%s is refused, and ends the connection", async (_what, bytes, status) => {
  const { text, paths } = await exchange(bytes);
  expect(text.match(/HTTP\/1\.1 \d{3}/g)).toEqual([`HTTP/1.1 ${status}`]);
  expect(text).toMatch(/\r\nconnection: close\r\n/i);
  expect(paths).toEqual([]);
});

it.each([
  ["TCP", false],
  ["TLS", true],
])("an answer that comes before the body ends the connection over %s", async (_over, overTls) => {
  const { text, paths } = await exchange(
    `POST /first HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${NEXT.length}\r\n\r\n${NEXT}${NEXT}`,
    overTls,
  );
  expect(text.match(/answered/g)).toHaveLength(1);
  expect(text).toMatch(/\r\nconnection: close\r\n/i);
  expect(paths).toEqual(["/first"]);
});

it("a request without body keeps its connection", async () => {
  const { paths } = await exchange(
    "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\nGET /b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
  );
  expect(paths).toEqual(["/a", "/b"]);
});

it("tells a request of HTTP/1.1 without a Host header what it lacks", async () => {
  const { text, paths } = await exchange("GET /first HTTP/1.1\r\n\r\n");
  expect(text).toMatch(/^HTTP\/1\.1 400 /);
  expect(text).toContain("Host header");
  expect(paths).toEqual([]);
});

it("refuses TLS on a port without in words of TLS", async () => {
  const seen = exchange("\u0016\u0003\u0001\u0000\u0005\u0001\u0000\u0000\u0001\u0000");
  expect((await seen).text).toBe("\u0015\u0003\u0001\u0000\u0002\u0002(");
});
