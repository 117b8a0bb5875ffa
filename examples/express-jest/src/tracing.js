// Loaded before everything else, by `node --require`. Where spans go is said by the environment: OTEL_EXPORTER_OTLP_….
const { ExpressInstrumentation } = require("@opentelemetry/instrumentation-express");
const { HttpInstrumentation } = require("@opentelemetry/instrumentation-http");
const { NodeSDK } = require("@opentelemetry/sdk-node");

const sdk = new NodeSDK({
  serviceName: "shop",
  instrumentations: [new HttpInstrumentation(), new ExpressInstrumentation()],
});
sdk.start();
process.once("SIGTERM", () => sdk.shutdown().finally(() => process.exit()));
