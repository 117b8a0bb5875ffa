import { once } from "node:events";
import { createTracing } from "spanloom";
import { createTestCollector } from "spanloom/testing";
import "spanloom/vitest";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { createApp } from "../src/app.js";

let collector;
let tracing;
let server;
let url;

beforeAll(async () => {
  collector = await createTestCollector();
  tracing = createTracing({
    service: "shop",
    exporter: { type: "otlp", endpoint: `${collector.url}/v1/traces` },
  });
  server = createApp(tracing).listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${server.address().port}`;
});

afterAll(async () => {
  server.close();
  await tracing.shutdown();
  await collector.close();
});

beforeEach(() => collector.reset());

/** The answer to a request, and its trace. */
async function get(path, root) {
  const response = await fetch(`${url}${path}`);
  const body = await response.json();
  await tracing.flush();
  return { status: response.status, body, trace: await collector.waitForTrace(`{ name = "${root}" }`) };
}

it("lists orders with one query for the items of all", async () => {
  const { body, trace } = await get("/orders", "GET /orders");
  expect(body).toHaveLength(3);
  expect(trace).toHaveNoErrors();
  expect(trace).toBeWithinBudget({ span: { name: "SELECT items" }, perTrace: 1 });
});

it("asks the database for nothing else", async () => {
  const { trace } = await get("/orders", "GET /orders");
  expect(trace).toHaveTraceShape({
    name: "GET /orders",
    kind: "server",
    children: ["SELECT orders", "SELECT items"],
  });
});

it("says so where an order is not there", async () => {
  const { status, trace } = await get("/orders/4", "GET /orders/:id");
  expect(status).toBe(404);
  expect(trace).toHaveSpan({ kind: "server", attributes: { "http.response.status_code": 404 } });
});
