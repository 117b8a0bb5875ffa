#!/usr/bin/env node
// Runs the order service and the inventory service, places orders, and prints a link to the trace.
import { parseArgs } from "node:util";
import { createTracing, tracedFetch } from "spanloom";
import { inventoryService, orderService } from "./services.mjs";

const HELP = `Runs the order service and the inventory service, places orders, and prints a link to each trace.

  node examples/order-service/run.mjs              with a collector of its own, until Ctrl-C
  node examples/order-service/run.mjs --running    with a collector that runs already, on its usual ports

  --otlp URL, --registry URL, --ui URL   a collector elsewhere
  --orders N                             how many orders (3)
  --once                                 end when they are placed
  --free-ports                           any ports instead of 8080 and 8081
  --json                                 print one JSON object
`;

const flags = readFlags({
  running: { type: "boolean", default: false },
  otlp: { type: "string" },
  registry: { type: "string" },
  ui: { type: "string" },
  orders: { type: "string", default: "3" },
  once: { type: "boolean", default: false },
  "free-ports": { type: "boolean", default: false },
  json: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
});
if (flags.help) {
  process.stdout.write(HELP);
  process.exit(0);
}

const collector = await findCollector();
const logger = {
  debug() {},
  info() {},
  warn: (message, fields) => console.error(message, fields),
  error: console.error,
};
const exporter = { type: "otlp", endpoint: `${collector.otlpHttp}/v1/traces` };
const runtime = { registryUrl: collector.registry, exporter, logger };
const inventory = inventoryService(runtime, flags["free-ports"] ? 0 : 8081);
const orders = orderService(runtime, flags["free-ports"] ? 0 : 8080);
const customer = createTracing({ service: "customer", exporter, logger });

process.once("SIGINT", stop);
process.once("SIGTERM", stop);
try {
  await inventory.start();
  await orders.start();
} catch (error) {
  console.error(`${error.message}; --free-ports takes any`);
  process.exitCode = 1;
  await stop();
}
if (process.exitCode !== 1) await placeOrders();
if (flags.once) await stop();

async function placeOrders() {
  const traces = [];
  for (let i = 0; i < Number(flags.orders); i++) traces.push(await placeOrder(["tea", "cup"]));
  await Promise.all([customer, orders.tracing, inventory.tracing].map((tracing) => tracing.flush()));
  const link = (traceId) => `${collector.ui}trace/${traceId}`;
  if (flags.json) {
    const summary = {
      orders: orders.url,
      inventory: inventory.url,
      ui: collector.ui,
      traces: traces.map(({ traceId }) => traceId),
    };
    console.log(JSON.stringify(summary));
    return;
  }
  console.log(`order service      ${orders.url}   (health: ${orders.url}/health)`);
  console.log(`inventory service  ${inventory.url}`);
  console.log(`registry           ${collector.registry}`);
  for (const { traceId, order } of traces) console.log(`order ${order.id}   ${link(traceId)}`);
  if (!flags.once) console.log("Ctrl-C ends it");
}

/** One order as a customer with tracing of its own places it. */
function placeOrder(items) {
  const fetch = tracedFetch(customer);
  return customer.tracer().trace("place order", async (span) => {
    const answer = await fetch(`${orders.url}/create_order`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ items }),
    });
    const order = await answer.json();
    if (!answer.ok) throw new Error(`the order was refused: ${order.error}`);
    return { traceId: span.context.traceId, order };
  });
}

/** A collector in this process, in memory, unless a running one is named. */
async function findCollector() {
  if (flags.running || flags.otlp || flags.registry || flags.ui) {
    return {
      otlpHttp: flags.otlp ?? "http://127.0.0.1:4318",
      registry: flags.registry ?? "http://127.0.0.1:8500",
      ui: `${flags.ui ?? "http://127.0.0.1:16686"}/`.replace(/\/+$/, "/"),
      shutdown: async () => {},
    };
  }
  const { createCollector } = await import("spanloom/collector");
  const made = await createCollector();
  return { ...made.endpoints, shutdown: () => made.shutdown() };
}

async function stop() {
  await orders.stop();
  await inventory.stop();
  await customer.shutdown();
  await collector.shutdown();
}

function readFlags(options) {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    process.stderr.write(`${error.message}\n(--help lists the flags)\n`);
    process.exit(2);
  }
}
