import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { Metrics } from "../../component/metrics.ts";
import { timedRequests } from "./request-times.ts";

const server = createServer();
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

it("measures requests by hundreds of their status, and no streams", async () => {
  const metrics = new Metrics();
  const closed: Promise<void>[] = [];
  const handle = timedRequests((request, response) => {
    response.writeHead(request.url === "/missing" ? 404 : 200).end("x");
  }, metrics);
  server.on("request", (request, response) => {
    handle(request, response);
    closed.push(new Promise((done) => response.once("close", done)));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (const path of ["/", "/search?limit=1", "/missing", "/api/registry/watch?service=x"]) {
    await (await fetch(`${base}${path}`)).text();
  }
  await Promise.all(closed);
  const counts = metrics.snapshot().filter(({ name }) => name === "spanloom_query_request_duration_seconds_count");
  expect(counts.map(({ labels, value }) => [labels.code, value])).toEqual([
    ["2xx", 2],
    ["4xx", 1],
  ]);
});
