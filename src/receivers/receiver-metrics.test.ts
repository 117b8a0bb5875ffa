import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Metadata } from "@grpc/grpc-js";
import { expect, it } from "vitest";
import { Metrics } from "../component/metrics.ts";
import type { RawUnaryHandler } from "../server/grpc/grpc-unary.ts";
import { ReceiverMetrics } from "./receiver-metrics.ts";

function measured(metrics: Metrics): number | undefined {
  const name = "spanloom_receiver_request_duration_seconds_count";
  return metrics.snapshot().find((sample) => sample.name === name)?.value;
}

it("measures a request over HTTP once, when its answer is sent", async () => {
  const metrics = new Metrics();
  const handler = new ReceiverMetrics(metrics, "otlp", "http").timedHandler((_request, response) => {
    expect(measured(metrics)).toBe(0);
    response.end("x");
  });
  const server = createServer();
  const closed = new Promise((done) => server.on("request", (_request, response) => response.once("close", done)));
  server.on("request", handler);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    await (await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)).text();
    await closed;
    await new Promise(setImmediate);
    expect(measured(metrics)).toBe(1);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

it("measures a call over gRPC once, whichever way it ends, and passes its answer on", () => {
  const metrics = new Metrics();
  const calls: Record<string, RawUnaryHandler> = {
    Good: (message, reply) => reply.succeed(message),
    Bad: (_message, reply) => reply.fail({ code: 3, details: "no", metadata: new Metadata() }),
  };
  const { name, methods } = new ReceiverMetrics(metrics, "otlp", "grpc").timedService({ name: "a.B", methods: calls });
  const answers: unknown[] = [];
  const reply = {
    source: "",
    succeed: (bytes: unknown) => answers.push(bytes),
    fail: (status: unknown) => answers.push(status),
  };
  methods.Good?.(Uint8Array.of(7), reply, "identity");
  methods.Bad?.(Uint8Array.of(7), reply, "identity");
  expect([name, ...answers]).toMatchObject(["a.B", Uint8Array.of(7), { code: 3, details: "no" }]);
  expect(measured(metrics)).toBe(2);
});
