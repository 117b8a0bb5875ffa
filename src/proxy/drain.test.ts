import { connect as connectHttp2 } from "node:http2";
import { connect as connectTcp } from "node:net";
import { expect, it } from "vitest";
import { startProxy, startUpstream } from "../../test/support/proxy/rig.ts";

it("ends without being hurried after HTTP/2 connections broke off in the middle of requests", async () => {
  const upstream = await startUpstream((request) => void request.resume());
  const proxy = await startProxy({ routes: [{ prefix: "/", upstream: upstream.url, service: "shop" }] });
  for (let round = 0; round < 20; round++) {
    const socket = connectTcp(proxy.port, "127.0.0.1");
    const session = connectHttp2(proxy.url, { createConnection: () => socket });
    session.on("error", () => {});
    const streams = Array.from({ length: 5 }, (_, i) => {
      const stream = session.request({ ":method": "POST", ":path": `/${i}` });
      stream.on("error", () => {});
      stream.write(Buffer.alloc(60_000));
      return stream;
    });
    await new Promise((resolve) => session.once("remoteSettings", resolve));
    if (round % 2 === 0) streams[0]?.close();
    const gone = new Promise((resolve) => socket.once("close", resolve));
    if (round % 3 === 0) socket.destroy();
    else socket.resetAndDestroy();
    await gone;
  }
  await proxy.stop(new AbortController().signal);
  await expect(fetch(proxy.url)).rejects.toThrow();
});

it("waits for what is under way, and ends the rest when it is hurried", async () => {
  const upstream = await startUpstream((_request, response) => void response.write("a"));
  const proxy = await startProxy({ routes: [{ prefix: "/", upstream: upstream.url, service: "shop" }] });
  const response = await fetch(proxy.url);
  const hurry = new AbortController();
  let stopped = false;
  const stopping = proxy.stop(hurry.signal).then(() => {
    stopped = true;
  });
  await expect(fetch(proxy.url)).rejects.toThrow();
  expect(stopped).toBe(false);
  hurry.abort();
  await stopping;
  await expect(response.text()).rejects.toThrow();
});
