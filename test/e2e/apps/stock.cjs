// One instance of the stock service, which tells its parent of every health check.
const { subscribe } = require("node:diagnostics_channel");

const { REGISTRY_URL, OTLP_URL, INTERVAL_MS } = process.env;

subscribe("http.server.request.start", ({ request }) => {
  if (request.url === "/health") process.send({ checked: true });
});

import("spanloom").then(async ({ service }) => {
  const stock = service(
    "stock",
    {
      discovery_enabled: true,
      discovery_tags: ["production"],
      health_check: { http: { path: "/health", interval_ms: Number(INTERVAL_MS) } },
      tracing: true,
    },
    { whoami: () => stock.id },
    { registryUrl: REGISTRY_URL, exporter: { type: "otlp", endpoint: `${OTLP_URL}/v1/traces` } },
  );
  process.once("message", () => stock.stop().then(() => process.exit(0)));
  await stock.start();
  process.send({ id: stock.id });
});
