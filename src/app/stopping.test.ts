import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { eventually } from "../../test/support/eventually.ts";
import { createCollector } from "./collector.ts";

function talk(url: string, text: string): Socket {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  socket.on("error", () => {}).on("data", () => {});
  onTestFinished(() => void socket.destroy());
  if (text !== "") socket.write(text);
  return socket;
}

async function accepts(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const connected = await new Promise<boolean>((resolve) => {
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
  });
  socket.destroy();
  return connected;
}

/** An upstream that takes requests and never answers. */
async function silentUpstream(): Promise<string> {
  const asked = createServer(() => {});
  await new Promise<void>((resolve) => asked.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    asked.closeAllConnections();
    asked.close();
  });
  return `http://127.0.0.1:${(asked.address() as AddressInfo).port}`;
}

describe("a collector that is stopped", () => {
  it("accepts nothing more on any port while one connection is stuck, and ends in its time", async () => {
    const collector = await createCollector({
      proxy: { endpoint: "127.0.0.1:0", routes: [{ upstream: await silentUpstream() }] },
      discovery: { server: { endpoint: "127.0.0.1:0" } },
    });
    const { ui, otlpHttp, otlpGrpc, proxy, registry } = collector.endpoints;
    const ports = [ui, otlpHttp, `http://${otlpGrpc}`, proxy, registry].filter((url) => url !== undefined);
    expect(ports).toHaveLength(5);
    const stuck = talk(proxy as string, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    talk(ui, "GET /api/serv");
    await eventually("the proxied request", async () => stuck.bytesWritten > 0 || false);

    const began = performance.now();
    const stopped = collector.shutdown(4_000);
    await eventually("all ports to be closed", async () => {
      const open = await Promise.all(ports.map(accepts));
      return open.includes(true) ? undefined : true;
    });
    expect(performance.now() - began).toBeLessThan(1_900);
    await stopped;
    expect(performance.now() - began).toBeLessThan(3_900);
  });

  it("does not wait for connections that never said anything", async () => {
    const collector = await createCollector({
      discovery: { server: { endpoint: "127.0.0.1:0" } },
    });
    const { ui, otlpHttp, otlpGrpc, registry } = collector.endpoints;
    const silent = [ui, otlpHttp as string, `http://${otlpGrpc}`, registry as string].map((url) => talk(url, ""));
    await Promise.all(silent.map((socket) => new Promise((resolve) => socket.once("connect", resolve))));
    // The other side may not have accepted yet what has connected.
    await Promise.all([ui, otlpHttp as string].map((url) => fetch(url).then((answer) => answer.text())));
    const began = performance.now();
    await collector.shutdown(20_000);
    expect(performance.now() - began).toBeLessThan(9_000);
  });
});
