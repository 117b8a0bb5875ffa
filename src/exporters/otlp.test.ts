import { Metadata, Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData, status } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import { fixtureFragments, fragmentOfNames } from "../../test/support/fragments.ts";
import { testHost } from "../../test/support/host.ts";
import { materialiseBody } from "../codec/otlp/cut/materialise.ts";
import type { Exporter, ExportOutcome } from "../component/export.ts";
import { parseGrpcEndpoint } from "./grpc-endpoint.ts";
import { MAX_ANSWER_BYTES } from "./http-sender.ts";
import { type OtlpExporterConfig, otlpExporter } from "./otlp.ts";

type Call = ServerUnaryCall<Buffer, Buffer>;
type Handler = (call: Call, callback: sendUnaryData<Buffer>) => void;

const identity = (bytes: Buffer) => bytes;
const NEVER = new AbortController().signal;
const servers: Server[] = [];
const exporters: Exporter[] = [];

afterEach(async () => {
  for (const exporter of exporters.splice(0)) await exporter.shutdown(NEVER);
  for (const server of servers.splice(0)) server.forceShutdown();
});

/** A TraceService on loopback that hands out raw bytes; gives its port. */
async function peer(handler: Handler, options: object = {}): Promise<number> {
  const server = new Server(options);
  servers.push(server);
  server.addService(
    {
      Export: {
        path: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        requestStream: false,
        responseStream: false,
        requestSerialize: identity,
        requestDeserialize: identity,
        responseSerialize: identity,
        responseDeserialize: identity,
      },
    },
    { Export: handler },
  );
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(port);
      else reject(error);
    });
  });
}

async function started(config: object): Promise<Exporter> {
  const parsed = otlpExporter.config.parse(config) as OtlpExporterConfig;
  const exporter = otlpExporter.create({ name: "otlp/backup", writeStdout: () => {} }, parsed);
  exporters.push(exporter);
  await exporter.start(testHost());
  return exporter;
}

const ONE = [fragmentOfNames(["a", "b"])];

async function outcomeOf(handler: Handler, config: object = {}): Promise<ExportOutcome> {
  const port = await peer(handler);
  const exporter = await started({ endpoint: `127.0.0.1:${port}`, ...config });
  return exporter.export(ONE, NEVER);
}

function failing(code: status, details: string, statusDetails?: string): Handler {
  return (_call, callback) => {
    const metadata = new Metadata();
    if (statusDetails !== undefined) metadata.set("grpc-status-details-bin", Buffer.from(statusDetails, "hex"));
    callback({ name: "error", message: details, code, details, metadata });
  };
}

const RETRY_INFO_TYPE = Buffer.from("type.googleapis.com/google.rpc.RetryInfo").toString("hex");

function varint(value: number): string {
  const bytes: number[] = [];
  let left = value;
  for (; left > 127; left = Math.floor(left / 128)) bytes.push((left % 128) | 128);
  return Buffer.from([...bytes, left]).toString("hex");
}

/** google.rpc.Status { 1: 8, 3: Any { 1: type, 2: RetryInfo { 1: Duration { 1: 2 s, 2: 5e8 ns } } } }, by hand. */
function retryInfo(): string {
  const nested = (tag: string, hex: string) => `${tag}${(hex.length / 2).toString(16).padStart(2, "0")}${hex}`;
  const duration = `080210${varint(500_000_000)}`;
  const any = nested("0a", RETRY_INFO_TYPE) + nested("12", nested("0a", duration));
  return `0808${nested("1a", any)}`;
}

describe("otlp", () => {
  it.each(["gzip", "none"])("sends what was stored, byte for byte, with compression %s", async (compression) => {
    let seen: { body: Buffer; metadata: Metadata } | undefined;
    const port = await peer((call, callback) => {
      seen = { body: call.request, metadata: call.metadata };
      callback(null, Buffer.alloc(0));
    });
    const headers = { "x-scope-orgid": "tenant" };
    const exporter = await started({ endpoint: `http://127.0.0.1:${port}`, headers, compression });
    const fragments = fixtureFragments("node-shop", 4);
    expect(await exporter.export(fragments, NEVER)).toEqual({ type: "delivered" });
    expect(seen?.body.equals(Buffer.from(materialiseBody(fragments)))).toBe(true);
    expect(seen?.metadata.get("x-scope-orgid")).toEqual(["tenant"]);
    expect(String(seen?.metadata.get("user-agent")[0])).toMatch(/^OTel-OTLP-Exporter-spanloom\/test /);
  });

  it.each([
    ["0a08080112046e6f7065", { type: "rejected", count: 1, reason: "nope" }],
    ["0a0612046e6f7065", { type: "delivered", warning: "nope" }],
    ["", { type: "delivered" }],
  ])("reads the answer %j", async (hex, expected) => {
    expect(await outcomeOf((_call, callback) => callback(null, Buffer.from(hex, "hex")))).toEqual(expected);
  });

  it.each([
    status.CANCELLED,
    status.DEADLINE_EXCEEDED,
    status.ABORTED,
    status.OUT_OF_RANGE,
    status.UNAVAILABLE,
    status.DATA_LOSS,
    status.UNKNOWN,
    status.NOT_FOUND,
    status.PERMISSION_DENIED,
    status.UNIMPLEMENTED,
    status.INTERNAL,
    status.UNAUTHENTICATED,
  ])("retries status %i", async (code) => {
    const outcome = await outcomeOf(failing(code, "later"));
    expect(outcome).toEqual({ type: "retry", reason: `gRPC ${status[code]}: later` });
  });

  it.each([status.INVALID_ARGUMENT, status.ALREADY_EXISTS])("rejects status %i", async (code) => {
    const outcome = await outcomeOf(failing(code, "no"));
    expect(outcome).toEqual({ type: "rejected", count: 2, reason: `gRPC ${status[code]}: no` });
  });

  it("retries RESOURCE_EXHAUSTED with RetryInfo, when it says, splits what is too large, and holds for quotas", async () => {
    const busy = failing(status.RESOURCE_EXHAUSTED, "busy", retryInfo());
    expect(await outcomeOf(busy)).toEqual({ type: "retry", reason: "gRPC RESOURCE_EXHAUSTED: busy", afterMs: 2500 });
    const large = failing(status.RESOURCE_EXHAUSTED, "large");
    expect(await outcomeOf(large)).toEqual({ type: "split", reason: "gRPC RESOURCE_EXHAUSTED: large" });
    const quota = failing(status.RESOURCE_EXHAUSTED, "quota used up");
    expect(await outcomeOf(quota)).toEqual({ type: "retry", reason: "gRPC RESOURCE_EXHAUSTED: quota used up" });
  });

  it("waits as RetryInfo says for the other statuses too, and survives details that are none", async () => {
    expect(await outcomeOf(failing(status.UNAVAILABLE, "x", retryInfo()))).toMatchObject({
      type: "retry",
      afterMs: 2500,
    });
    const broken = await outcomeOf(failing(status.UNAVAILABLE, "x", "ffff"));
    expect(broken).toEqual({ type: "retry", reason: "gRPC UNAVAILABLE: x" });
  });

  it("splits where the peer finds the message too large", async () => {
    const port = await peer((_call, callback) => callback(null, Buffer.alloc(0)), {
      "grpc.max_receive_message_length": 16,
    });
    const exporter = await started({ endpoint: `127.0.0.1:${port}`, compression: "none" });
    expect(await exporter.export(ONE, NEVER)).toMatchObject({ type: "split" });
  });

  it("takes an answer that is too long for a delivery", async () => {
    expect(await outcomeOf((_call, callback) => callback(null, Buffer.alloc(MAX_ANSWER_BYTES + 100)))).toEqual({
      type: "delivered",
      warning: `gRPC answer longer than ${MAX_ANSWER_BYTES} bytes`,
    });
  });

  it("retries a peer that does not answer in time or is not there", async () => {
    expect(await outcomeOf(() => {}, { timeout_ms: 100 })).toMatchObject({
      type: "retry",
      reason: expect.stringContaining("DEADLINE_EXCEEDED"),
    });
    const port = await peer(() => {});
    servers.pop()?.forceShutdown();
    const exporter = await started({ endpoint: `127.0.0.1:${port}`, timeout_ms: 2000 });
    expect(await exporter.export(ONE, NEVER)).toMatchObject({ type: "retry" });
  });

  it("gives up when its caller does, and finishes what is under way when it is shut down", async () => {
    const stop = new AbortController();
    let answer = () => {};
    const port = await peer((_call, callback) => {
      answer = () => callback(null, Buffer.alloc(0));
      if (!stop.signal.aborted) stop.abort();
    });
    const exporter = await started({ endpoint: `127.0.0.1:${port}` });
    expect(await exporter.export(ONE, stop.signal)).toEqual({ type: "retry", reason: "stopped while it was sent" });
    answer = () => {};
    const idle = answer;
    const sending = exporter.export(ONE, NEVER);
    await expect.poll(() => answer).not.toBe(idle);
    const stopping = exporter.shutdown(NEVER);
    answer();
    expect(await sending).toEqual({ type: "delivered" });
    await stopping;
    await exporter.shutdown(NEVER);
    expect(await exporter.export(ONE, NEVER)).toMatchObject({ type: "retry" });
  });
});

describe("config of otlp", () => {
  it.each([
    ["localhost:4317", { address: "localhost:4317", secure: undefined }],
    ["http://otel:4317", { address: "otel:4317", secure: false }],
    ["https://otel.example/", { address: "otel.example:4317", secure: true }],
    ["[::1]:4317", { address: "[::1]:4317", secure: undefined }],
    ["localhost", undefined],
    ["http://h:4317/path", undefined],
    ["grpc://h:1", undefined],
    ["h:99999", undefined],
    ["unix:/x", undefined],
  ])("endpoint %s", (text, target) => {
    expect(parseGrpcEndpoint(text)).toEqual(target);
  });

  it.each([
    [{ endpoint: "nowhere" }, /expected host:port or http\(s\):\/\/host:port/],
    [{ endpoint: "169.254.169.254:80" }, /link-local/],
    [{ endpoint: "http://h:1", tls: {} }, /begins with http/],
    [{ headers: { "a-bin": "x" } }, /-bin/],
    [{ compresion: "gzip" }, /compresion/],
  ])("refuses %j", (config, message) => {
    const result = otlpExporter.config.safeParse(config);
    expect(JSON.stringify(result.error?.issues)).toMatch(message);
  });
});
