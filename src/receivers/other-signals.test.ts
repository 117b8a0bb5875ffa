import { deflateSync, gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { recordingHost } from "../../test/support/host.ts";
import { grpcCall, grpcClient, type ReceiverRig, startReceiver } from "../../test/support/receiver-rig.ts";
import { decodeExportResponse } from "../codec/otlp/message/export-response.ts";
import { decodeRpcStatus } from "../codec/rpc/status.ts";

let rig: ReceiverRig | undefined;
afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

/** A resource with a scope of two log records. */
const LOGS = Buffer.from("0a06120412001200", "hex");
/** A resource with a scope of a gauge with two data points, and a name. */
const METRICS = Buffer.from("0a0d120b12090a016d2a040a000a00", "hex");
const PROTO = "application/x-protobuf";
const DROPPED = "spanloom_receiver_dropped_other_records_total";

const post = (base: string, path: string, body: Uint8Array<ArrayBuffer> | string, headers: Record<string, string>) =>
  fetch(`${base}${path}`, { method: "POST", body, headers });

const bytesOf = async (response: Response) => new Uint8Array(await response.arrayBuffer());

describe("logs and metrics", () => {
  it.each([
    ["logs", LOGS, "identity"],
    ["logs", gzipSync(LOGS), "gzip"],
    ["metrics", METRICS, "identity"],
    ["metrics", deflateSync(METRICS), "deflate"],
  ])("are answered over HTTP with the number that was not kept: %s", async (signal, body, encoding) => {
    rig = await startReceiver();
    const response = await post(rig.http, `/v1/${signal}`, body, {
      "content-type": PROTO,
      "content-encoding": encoding,
    });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe(PROTO);
    const message = expect.stringContaining("traces only");
    expect(decodeExportResponse(await bytesOf(response))).toMatchObject({ rejectedSpans: 2, errorMessage: message });
    expect(rig.count(DROPPED, { signal, transport: "http" })).toBe(2);
    expect(rig.inFlight.usedBytes).toBe(0);
    expect(rig.sink.batches).toEqual([]);
  });

  it.each([
    ["logs", { resourceLogs: [{ scopeLogs: [{ logRecords: [{}, {}, {}] }] }] }, { rejectedLogRecords: "3" }],
    [
      "metrics",
      {
        resourceMetrics: [
          { scopeMetrics: [{ metrics: [{ sum: { dataPoints: [{}] } }, { histogram: { dataPoints: [{}, {}] } }] }] },
        ],
      },
      { rejectedDataPoints: "3" },
    ],
  ])("are answered as JSON: %s", async (signal, body, rejected) => {
    rig = await startReceiver();
    const headers = { "content-type": "application/json" };
    const response = await post(rig.http, `/v1/${signal}`, JSON.stringify(body), headers);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      partialSuccess: { ...rejected, errorMessage: expect.stringContaining("traces only") },
    });
    expect(await (await post(rig.http, `/v1/${signal}`, "{}", headers)).json()).toEqual({});
  });

  it.each([
    ["logs", "logs.v1.LogsService", LOGS],
    ["metrics", "metrics.v1.MetricsService", METRICS],
  ])("are answered over gRPC: %s", async (signal, service, body) => {
    rig = await startReceiver();
    const client = grpcClient(rig.grpc);
    const { error, response } = await grpcCall(client, `/opentelemetry.proto.collector.${service}/Export`, body);
    client.close();
    expect(error).toBeUndefined();
    expect(decodeExportResponse(response as Uint8Array)?.rejectedSpans).toBe(2);
    expect(rig.count(DROPPED, { signal, transport: "grpc" })).toBe(2);
    expect(rig.inFlight.usedBytes).toBe(0);
  });

  it("are in the log once a signal", async () => {
    const host = recordingHost();
    rig = await startReceiver({ logger: host.logger });
    for (let i = 0; i < 5; i++) await post(rig.http, "/v1/logs", LOGS, { "content-type": PROTO });
    const told = host.lines.filter(({ level }) => level === "warn");
    expect(told.map(({ fields }) => fields)).toEqual([
      { receiver: "otlp", transport: "http", signal: "logs", setting: "receivers.otlp.other_signals" },
    ]);
  });

  it("are refused where the config says so", async () => {
    rig = await startReceiver({ otherSignals: "refuse" });
    const response = await post(rig.http, "/v1/metrics", METRICS, { "content-type": PROTO });
    expect(response.status).toBe(404);
    expect(decodeRpcStatus(await bytesOf(response)).message).toContain("receivers.otlp.other_signals");
    const client = grpcClient(rig.grpc);
    const path = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
    expect((await grpcCall(client, path, METRICS)).error?.code).toBe(12);
    client.close();
  });

  it.each([
    ["no protobuf", Buffer.from("ff", "hex"), "identity", 400],
    ["a cut message", LOGS.subarray(0, 4), "identity", 400],
    ["no gzip", LOGS, "gzip", 400],
    ["a bomb", gzipSync(new Uint8Array(17 * 1024 * 1024)), "gzip", 413],
  ])("with a body that is %s are refused", async (_what, body, encoding, status) => {
    rig = await startReceiver();
    const response = await post(rig.http, "/v1/logs", body, { "content-type": PROTO, "content-encoding": encoding });
    expect(response.status).toBe(status);
    expect(rig.inFlight.usedBytes).toBe(0);
  });
});
