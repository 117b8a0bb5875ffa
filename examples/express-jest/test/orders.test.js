const { spawn } = require("node:child_process");
const { once } = require("node:events");
const { createTestCollector } = require("spanloom/testing");

let collector;
let server;
let url;

// The application runs as it does anywhere: a process of its own, whose environment says where its spans go.
beforeAll(async () => {
  collector = await createTestCollector();
  server = spawn(process.execPath, ["--require", "./src/tracing.js", "src/server.js"], {
    env: { ...process.env, ...collector.env, PORT: "0" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await once(server.stdout, "data");
  url = String(line).trim();
});

afterAll(async () => {
  server.kill("SIGTERM");
  await once(server, "exit");
  await collector.close();
});

beforeEach(() => collector.reset());

async function getOrders() {
  const response = await fetch(`${url}/orders`);
  expect(await response.json()).toHaveLength(3);
  return collector.waitForTrace('{ name = "GET /orders" }');
}

it("lists orders with one query for the items of all", async () => {
  const trace = await getOrders();
  expect(trace).toHaveNoErrors();
  expect(trace).toBeWithinBudget({ span: { name: "SELECT items" }, perTrace: 1 });
});

it("answers as a server, with what the database was asked", async () => {
  const trace = await getOrders();
  expect(trace).toHaveSpan({
    name: "GET /orders",
    kind: "server",
    service: "shop",
    attributes: { "http.route": "/orders" },
  });
  expect(trace).toHaveSpan({
    name: "SELECT orders",
    kind: "client",
    attributes: { "db.query.text": expect.stringContaining("FROM orders") },
  });
});
