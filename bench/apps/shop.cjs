// A small shop over real HTTP with OpenTelemetry's SDK: a front, a stock service, a table in SQLite. It asks itself
// REQUESTS times, one request after the other, and ends. SLOW_RATING=1.2 makes one operation take so many times as
// long; EACH=1 asks for each line of an order by itself. How the spans leave is up to the environment.
const { NodeSDK } = require("@opentelemetry/sdk-node");
const { getNodeAutoInstrumentations } = require("@opentelemetry/auto-instrumentations-node");

const off = { enabled: false };
const sdk = new NodeSDK({
  serviceName: "shop",
  instrumentations: [
    getNodeAutoInstrumentations({
      "@opentelemetry/instrumentation-fs": off,
      "@opentelemetry/instrumentation-dns": off,
      "@opentelemetry/instrumentation-net": off,
    }),
  ],
});
sdk.start();

const { createHash } = require("node:crypto");
const http = require("node:http");
const { trace, SpanKind } = require("@opentelemetry/api");
const Database = require("better-sqlite3");

const tracer = trace.getTracer("shop");
const requests = Number(process.env.REQUESTS ?? 200);
const slowRating = Number(process.env.SLOW_RATING ?? 1);
const each = process.env.EACH === "1";

const database = new Database(":memory:");
database.exec("CREATE TABLE items (id INTEGER PRIMARY KEY, sku TEXT, price REAL, words TEXT)");
const insert = database.prepare("INSERT INTO items (sku, price, words) VALUES (?, ?, ?)");
for (let i = 0; i < 5_000; i++) insert.run(`sku-${i % 500}`, i / 7, `desk lamp ${i} oak ${i * 31}`);
const byWords = database.prepare("SELECT id, sku, price FROM items WHERE words LIKE ? ORDER BY price LIMIT 20");
const bySku = database.prepare("SELECT id, price FROM items WHERE sku = ?");

const traced = (name, work, kind = SpanKind.INTERNAL) =>
  tracer.startActiveSpan(name, { kind }, (span) => {
    try {
      return work();
    } finally {
      span.end();
    }
  });
const query = (name, statement, value) => traced(name, () => statement.all(value), SpanKind.CLIENT);
const hashed = (rounds, text) => {
  let value = text;
  for (let i = 0; i < rounds; i++) value = createHash("sha256").update(value).digest("hex");
  return value;
};

const ROUTES = {
  "/search": async () => {
    const found = query("SELECT items by words", byWords, "%oak 3%");
    traced("rate items", () => hashed(400 * slowRating, JSON.stringify(found)));
    return traced("render page", () =>
      found.map(({ sku, price }) => `<li>${sku} ${hashed(8, String(price))}`).join(""),
    );
  },
  "/order": async () => {
    const skus = ["sku-1", "sku-2", "sku-3", "sku-4", "sku-5"];
    traced("check cart", () => hashed(150, skus.join()));
    if (each) for (const sku of skus) query("SELECT items by sku", bySku, sku);
    else query("SELECT items by sku", bySku, skus[0]);
    await get("/stock");
    await traced("wait for payment", () => new Promise((resolve) => setTimeout(resolve, 3)));
    return traced("render receipt", () => hashed(200, "receipt"));
  },
  "/stock": async () => {
    const free = query("SELECT stock", byWords, "%lamp 4%");
    return traced("count stock", () => hashed(250, String(free.length)));
  },
};

const server = http.createServer((request, response) => {
  const route = new URL(request.url, "http://shop").pathname;
  trace.getActiveSpan()?.updateName(`${request.method} ${route}`);
  ROUTES[route]().then((text) => response.end(text));
});

// On a busy machine a kept connection may rest for longer than the default of five seconds, and be cut.
server.keepAliveTimeout = 300_000;

function get(path) {
  return new Promise((resolve, reject) => {
    http
      .get({ host: "127.0.0.1", port: server.address().port, path }, (answer) => {
        answer.resume();
        answer.once("end", resolve);
      })
      .once("error", reject);
  });
}

server.listen(0, "127.0.0.1", async () => {
  for (let i = 0; i < requests; i++) await get(i % 2 === 0 ? "/search" : "/order");
  server.close();
  await sdk.shutdown();
});
