import { connect as http2Connect, type IncomingHttpHeaders } from "node:http2";
import * as zlib from "node:zlib";
import type { Client } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EXPORT_PATH, grpcCall, grpcClient, type ReceiverRig, startReceiver } from "../../test/support/receiver-rig.ts";
import { describeWhere } from "../../test/support/requires.ts";
import { decodeExportResponse } from "../codec/otlp/message/export-response.ts";
import { healthRequest } from "../codec/rpc/health.ts";
import { decodeRpcStatus } from "../codec/rpc/status.ts";
import { type ErrorCode, PermanentError, type RetryableCode, RetryableError } from "../component/errors.ts";
import type { AppendResult, IncomingBatch } from "../component/ingest.ts";
import { isRetryableGrpcStatus } from "../component/retry.ts";
import { inflateBody } from "../server/inflate.ts";

const { gzipSync } = zlib;
/** Node has it from 22.15 on. */
const zstdCompressSync = zlib.zstdCompressSync as typeof zlib.gzipSync | undefined;
/** Whatever bytes, where Node has no zstd: no test that runs there uses them. */
const zstd = (bytes: Uint8Array): Uint8Array => zstdCompressSync?.(bytes) ?? bytes;
const BODY = Uint8Array.of(10, 0);
const MIB = 1024 * 1024;
/** More than 4 MiB, the most that grpc-js and others read of an answer unless told otherwise. */
const THOUSANDS_OF_REASONS = `200000 spans refused: ${Array.from({ length: 200_000 }, (_, i) => `the span id «${i}» is wrong`).join(", ")}`;

let rig: ReceiverRig;
let client: Client;
beforeEach(async () => {
  rig = await startReceiver({ grpc: { max_recv_msg_size_mib: 1 } });
  client = grpcClient(rig.grpc);
});
afterEach(async () => {
  client.close();
  await rig.close();
});

/** Of a call that a test makes frame by frame. */
const CALL_HEADERS = { ":method": "POST", ":path": EXPORT_PATH, "content-type": "application/grpc", te: "trailers" };
/** What this Node takes. */
const ENCODINGS = ["identity", "gzip", "deflate", ...(zstdCompressSync === undefined ? [] : ["zstd"])];

/** A call with one compressed message, its frame header apart from its bytes. */
async function framedCall(encoding: string, bytes: Uint8Array, path = EXPORT_PATH) {
  const session = http2Connect(`http://${rig.grpc}`);
  const stream = session.request({ ...CALL_HEADERS, ":path": path, "grpc-encoding": encoding });
  const head = Buffer.alloc(5);
  head.writeUInt8(1);
  head.writeUInt32BE(bytes.length, 1);
  stream.write(head);
  stream.end(bytes);
  let headers: IncomingHttpHeaders = {};
  let trailers: IncomingHttpHeaders & { "grpc-status"?: unknown } = {};
  const chunks: Buffer[] = [];
  stream.on("response", (got) => {
    headers = got;
  });
  stream.on("trailers", (got) => {
    trailers = { ...got, "grpc-status": Number(got["grpc-status"]) };
  });
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  await new Promise((resolve) => stream.once("close", resolve));
  session.destroy();
  return { headers, trailers, message: Buffer.concat(chunks).subarray(5) };
}

/** A store that only undoes compression. */
function inflating({ bytes, encoding, maxBytes }: IncomingBatch): AppendResult {
  inflateBody(bytes, encoding, maxBytes);
  return { accepted: 1, rejected: 0, message: "" };
}

const send = (message: Uint8Array) => grpcCall(client, EXPORT_PATH, message);

describe("what is taken", () => {
  it("hands an owned copy of the message on", async () => {
    const { error, response } = await send(BODY);
    expect(error).toBeUndefined();
    expect(response).toHaveLength(0);
    const [batch] = rig.sink.batches;
    expect(batch).toMatchObject({ format: "otlp_protobuf", encoding: "identity", maxBytes: MIB, source: "otlp_grpc" });
    expect(batch?.bytes).toEqual(BODY);
    expect(batch?.bytes.buffer.byteLength).toBe(2);
    expect(rig.inFlight.usedBytes).toBe(0);
    expect(rig.count("spanloom_receiver_accepted_spans_total", { transport: "grpc" })).toBe(1);
  });

  it("hands a long message on in the memory that it was put together in", async () => {
    const body = new Uint8Array(100_000).fill(7);
    expect((await send(body)).error).toBeUndefined();
    const bytes = rig.sink.batches[0]?.bytes as Uint8Array;
    expect(Buffer.compare(bytes, body)).toBe(0);
    expect(bytes.buffer.byteLength - bytes.length).toBe(5);
    structuredClone(bytes, { transfer: [bytes.buffer as ArrayBuffer] });
    expect(bytes).toHaveLength(0);
    expect((await send(BODY)).error).toBeUndefined();
  });

  it.each([
    ["gzip", 2],
    ["deflate", 1],
  ])("hands %s on as it came, and counts what it inflates to", async (encoding, algorithm) => {
    const compressing = grpcClient(rig.grpc, { "grpc.default_compression_algorithm": algorithm });
    const body = Buffer.concat([Uint8Array.of(10, 0xa0, 0x9c, 1), new Uint8Array(20_000)]);
    let held = 0;
    rig.sink.answer = () => {
      held = rig.inFlight.usedBytes;
      return { accepted: 1, rejected: 0, message: "" };
    };
    const { error } = await grpcCall(compressing, EXPORT_PATH, body);
    compressing.close();
    expect(error).toBeUndefined();
    expect(rig.inFlight.usedBytes).toBe(0);
    const batch = rig.sink.batches[0] as IncomingBatch;
    expect(batch).toMatchObject({ encoding });
    expect(held).toBe(batch.bytes.length + (encoding === "gzip" ? body.length : 8 * batch.bytes.length));
    expect(Buffer.compare(inflateBody(batch.bytes, batch.encoding, MIB), body)).toBe(0);
  });

  it("takes an empty request without troubling the store", async () => {
    expect((await send(new Uint8Array(0))).error).toBeUndefined();
    expect(rig.sink.batches).toEqual([]);
  });

  it("tells a partial success", async () => {
    rig.sink.answer = () => ({ accepted: 1, rejected: 2, message: "2 spans refused" });
    const { response } = await send(BODY);
    expect(decodeExportResponse(response as Uint8Array)).toEqual({ rejectedSpans: 2, errorMessage: "2 spans refused" });
  });

  it("cuts a partial success with more reasons than a client's 4 MiB hold", async () => {
    rig.sink.answer = () => ({ accepted: 0, rejected: 200_000, message: THOUSANDS_OF_REASONS });
    const { error, response } = await send(BODY);
    expect(error).toBeUndefined();
    const partial = decodeExportResponse(response as Uint8Array);
    expect(partial?.rejectedSpans).toBe(200_000);
    expect(partial?.errorMessage).toMatch(/^200000 spans refused: the span id «0» .*…$/);
    expect((response as Uint8Array).length).toBeLessThan(32_768);
  });
});

describe("what is refused", () => {
  const retryable: RetryableCode[] = ["overloaded", "storage_full", "storage_unavailable", "cancelled", "unreachable"];
  it.each(retryable)("RetryableError %s is UNAVAILABLE with RetryInfo", async (code) => {
    rig.sink.answer = () => {
      throw new RetryableError(code, "später \ud800", 1_500);
    };
    const { error } = await send(BODY);
    expect(error?.code).toBe(14);
    const status = decodeRpcStatus(error?.metadata.get("grpc-status-details-bin")[0] as Buffer);
    expect(status).toEqual({ code: 14, message: "später \ufffd", retryDelayMs: 1_500 });
    expect(isRetryableGrpcStatus(14, status.retryDelayMs !== undefined)).toBe(true);
  });

  const permanent: [ErrorCode, number][] = [
    ["malformed", 3],
    ["too_large", 8],
    ["internal", 13],
    ["cancelled", 13],
  ];
  it.each(permanent)("PermanentError %s is final: code %i without RetryInfo", async (code, grpc) => {
    rig.sink.answer = () => {
      throw new PermanentError(code, "byte 7 is wrong");
    };
    const { error } = await send(BODY);
    expect(error).toMatchObject({ code: grpc, details: "byte 7 is wrong" });
    expect(error?.metadata.get("grpc-status-details-bin")).toEqual([]);
    expect(isRetryableGrpcStatus(grpc, false)).toBe(false);
    expect(rig.count("spanloom_receiver_refused_requests_total", { reason: code, transport: "grpc" })).toBe(1);
  });

  it.each([
    ["RetryableError", (text: string) => new RetryableError("overloaded", text)],
    ["PermanentError", (text: string) => new PermanentError("malformed", text)],
  ])("%s with a message of megabytes, cut to what a client's trailers hold", async (_type, failure) => {
    rig.sink.answer = () => {
      throw failure(THOUSANDS_OF_REASONS);
    };
    const { error } = await send(BODY);
    expect(error?.details).toMatch(/^200000 spans refused: /);
    expect(error?.details.length).toBeLessThanOrEqual(1_024);
  });

  it("does not show a fault of the collector's own", async () => {
    rig.sink.answer = () => {
      throw new TypeError("secret is not a function");
    };
    const { error } = await send(BODY);
    expect(error?.code).toBe(13);
    expect(error?.details).not.toContain("secret");
  });

  it("RESOURCE_EXHAUSTED without RetryInfo for a message over the limit", async () => {
    const { error } = await send(new Uint8Array(MIB + 1));
    expect(error?.code).toBe(8);
    expect(rig.count("spanloom_receiver_refused_requests_total", { reason: "too_large", transport: "grpc" })).toBe(1);
    expect(error?.metadata.get("grpc-status-details-bin")).toEqual([]);
    expect(rig.sink.batches).toEqual([]);
  });

  it("RESOURCE_EXHAUSTED for a small message that inflates over the limit", async () => {
    rig.sink.answer = inflating;
    const gzip = grpcClient(rig.grpc, { "grpc.default_compression_algorithm": 2 });
    const { error } = await grpcCall(gzip, EXPORT_PATH, new Uint8Array(16 * MIB));
    gzip.close();
    expect(error?.code).toBe(8);
    expect(rig.count("spanloom_receiver_refused_requests_total", { reason: "too_large", transport: "grpc" })).toBe(1);
    expect(rig.inFlight.usedBytes).toBe(0);
  });

  it("UNAVAILABLE with RetryInfo for compressed messages beyond what may be in flight, before they are inflated", async () => {
    const room = await startReceiver({ inFlightBytes: 40 * MIB });
    const waiting: (() => void)[] = [];
    room.sink.answer = () =>
      new Promise((resolve) => waiting.push(() => resolve({ accepted: 1, rejected: 0, message: "" })));
    const session = http2Connect(`http://${room.grpc}`);
    const body = gzipSync(new Uint8Array(16 * MIB));
    const codes: (number | undefined)[] = [];
    const answers = Array.from({ length: 10 }, async () => {
      const stream = session.request({ ...CALL_HEADERS, "grpc-encoding": "gzip" });
      stream.end(Buffer.concat([Uint8Array.of(1, 0, 0, body.length >> 8, body.length & 255), body]));
      stream.on("data", () => {});
      const refused = await new Promise<boolean>((resolve) => {
        stream.on("response", (headers) => {
          if (headers["grpc-status"] === undefined) return;
          codes.push(Number(headers["grpc-status"]));
          resolve(headers["grpc-status-details-bin"] !== undefined);
        });
        stream.on("trailers", (trailers) => {
          codes.push(Number(trailers["grpc-status"]));
          resolve(false);
        });
      });
      if (refused && codes.length === 8) for (const done of waiting) done();
    });
    await Promise.all(answers);
    session.destroy();
    await room.close();
    expect(codes.sort()).toEqual([0, 0, 14, 14, 14, 14, 14, 14, 14, 14].sort());
    expect(room.sink.batches.length).toBe(2);
    expect(room.inFlight.usedBytes).toBe(0);
  });

  it("UNAVAILABLE with RetryInfo when the bytes in flight are used up", async () => {
    const held = rig.inFlight.take(rig.inFlight.maxBytes, "others");
    const { error } = await send(BODY);
    expect(error?.code).toBe(14);
    expect(decodeRpcStatus(error?.metadata.get("grpc-status-details-bin")[0] as Buffer).retryDelayMs).toBe(1_000);
    expect(rig.count("spanloom_receiver_refused_requests_total", { reason: "overloaded", transport: "grpc" })).toBe(1);
    held.release();
    expect((await send(BODY)).error).toBeUndefined();
  });

  it("UNIMPLEMENTED for other services", async () => {
    const profiles = "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export";
    expect((await grpcCall(client, profiles, BODY)).error?.code).toBe(12);
  });

  it("DEADLINE_EXCEEDED for a message that does not arrive in time", async () => {
    const hasty = await startReceiver({ grpc: { read_timeout_ms: 50 } });
    const session = http2Connect(`http://${hasty.grpc}`);
    const stream = session.request(CALL_HEADERS);
    stream.write(Uint8Array.of(0, 0, 0, 0, 9, 1));
    const code = await new Promise((resolve) => {
      stream.on("response", (headers) => resolve(headers["grpc-status"]));
      stream.on("trailers", (headers) => resolve(headers["grpc-status"]));
    });
    session.destroy();
    expect(code).toBe("4");
    expect(hasty.count("spanloom_receiver_refused_requests_total", { reason: "timeout" })).toBe(1);
    expect(hasty.inFlight.usedBytes).toBe(0);
    await hasty.close();
  });

  it.each([
    ["two messages", [Uint8Array.of(0, 0, 0, 0, 2, 10, 0), Uint8Array.of(0, 0, 0, 0, 2, 10, 0)]],
    ["no message", []],
  ])("UNIMPLEMENTED for a call with %s", async (_what, messages) => {
    const session = http2Connect(`http://${rig.grpc}`);
    const stream = session.request(CALL_HEADERS);
    stream.end(Buffer.concat(messages));
    const code = await new Promise((resolve) => {
      stream.on("response", (headers) => resolve(headers["grpc-status"]));
    });
    expect(code).toBe("12");
    expect(rig.sink.batches).toEqual([]);
    expect(rig.inFlight.usedBytes).toBe(0);
    session.destroy();
    expect((await send(BODY)).error).toBeUndefined();
  });

  it("counts a message while it arrives, and gives its bytes back when the sender goes away", async () => {
    const session = http2Connect(`http://${rig.grpc}`);
    const stream = session.request(CALL_HEADERS);
    stream.on("error", () => {});
    stream.write(Buffer.concat([Uint8Array.of(0, 0, 8, 0, 0), new Uint8Array(40_000)]));
    await expect.poll(() => rig.inFlight.usedBytes).toBe(40_005);
    stream.close(8);
    await expect.poll(() => rig.inFlight.usedBytes).toBe(0);
    session.destroy();
    expect(rig.sink.batches).toEqual([]);
  });

  it("UNAVAILABLE for a message that outgrows what is left while it arrives", async () => {
    const held = rig.inFlight.take(rig.inFlight.maxBytes - 100_000, "others");
    const { error } = await send(new Uint8Array(500_000));
    expect(error?.code).toBe(14);
    expect(rig.inFlight.usedBytes).toBe(held.bytes);
    held.release();
    expect(rig.sink.batches).toEqual([]);
  });

  it.each([
    ["cut off", "gzip", gzipSync(new Uint8Array(100)).subarray(0, 20), 3, "malformed"],
    ["corrupt", "gzip", Uint8Array.of(1, 2, 3, 4), 3, "malformed"],
    ["of an unknown encoding", "snappy", Uint8Array.of(1, 2, 3, 4), 12, "unsupported_media_type"],
    ["corrupt under HTTP's name for deflate", "zlib", Uint8Array.of(1, 2, 3, 4), 3, "malformed"],
  ] as const)("compressed data that is %s, counted", async (_what, encoding, body, expected, reason) => {
    rig.sink.answer = inflating;
    const session = http2Connect(`http://${rig.grpc}`);
    const stream = session.request({ ...CALL_HEADERS, "grpc-encoding": encoding });
    stream.end(Buffer.concat([Uint8Array.of(1, 0, 0, 0, body.length), body]));
    const code = await new Promise<number>((resolve) => {
      stream.on("response", (headers) => resolve(Number(headers["grpc-status"])));
    });
    session.destroy();
    expect(code).toBe(expected);
    expect(isRetryableGrpcStatus(code, false)).toBe(false);
    expect(rig.count("spanloom_receiver_refused_requests_total", { reason, transport: "grpc" })).toBe(1);
    expect(rig.inFlight.usedBytes).toBe(0);
  });

  it("names the encodings that are taken, in words and in the header of gRPC", async () => {
    const { headers } = await framedCall("snappy", Uint8Array.of(1, 2, 3, 4));
    expect(String(headers["grpc-accept-encoding"]).split(",").sort()).toEqual([...ENCODINGS].sort());
    const message = decodeURIComponent(String(headers["grpc-message"]));
    for (const encoding of ENCODINGS) expect(message).toContain(encoding);
  });
});

describeWhere(zstdCompressSync !== undefined, "this Node has no zstd", "zstd", () => {
  const body = Buffer.concat([Uint8Array.of(10, 0xa0, 0x9c, 1), new Uint8Array(20_000)]);

  it("is handed on as it came, whatever frames it arrives in", async () => {
    const zipped = zstd(body);
    const { headers, trailers } = await framedCall("zstd", zipped);
    expect(trailers["grpc-status"]).toBe(0);
    expect(String(headers["grpc-accept-encoding"]).split(",")).toContain("zstd");
    const batch = rig.sink.batches[0] as IncomingBatch;
    expect(batch.encoding).toBe("zstd");
    expect(Buffer.compare(batch.bytes, zipped)).toBe(0);
    expect(Buffer.compare(inflateBody(batch.bytes, batch.encoding, MIB), body)).toBe(0);
    expect(rig.inFlight.usedBytes).toBe(0);
  });

  it("of logs is counted", async () => {
    const path = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
    const logs = zstd(Buffer.from("0a06120412001200", "hex"));
    const { trailers, message } = await framedCall("zstd", logs, path);
    expect(trailers["grpc-status"]).toBe(0);
    expect(decodeExportResponse(message)?.rejectedSpans).toBe(2);
  });

  it.each([
    ["cut off", zstd(body).subarray(0, 12), 3],
    ["corrupt", Uint8Array.of(1, 2, 3, 4), 3],
    ["larger than the limit once inflated", zstd(new Uint8Array(2 * MIB)), 8],
  ])("that is %s is refused for good", async (_what, bytes, code) => {
    rig.sink.answer = inflating;
    const { headers } = await framedCall("zstd", bytes);
    expect(Number(headers["grpc-status"])).toBe(code);
    expect(rig.inFlight.usedBytes).toBe(0);
  });
});

it("keeps connections alive both ways: pings are answered, and a silent connection is pinged", async () => {
  const lively = await startReceiver({ grpc: { keepalive: { server_parameters: { time_ms: 20 } } } });
  const session = http2Connect(`http://${lively.grpc}`);
  const pinged = new Promise((resolve) => session.once("ping", resolve));
  await new Promise((resolve) => session.once("connect", resolve));
  for (let i = 0; i < 5; i++) {
    await new Promise<void>((resolve, reject) => {
      session.ping((error) => (error === null ? resolve() : reject(error)));
    });
  }
  await pinged;
  expect(session.destroyed).toBe(false);
  session.destroy();
  await lively.close();
});

describe("grpc.health.v1", () => {
  const check = (service: string) =>
    grpcCall(client, "/grpc.health.v1.Health/Check", healthRequest.encode({ service }));

  it.each(["", "opentelemetry.proto.collector.trace.v1.TraceService"])("serves %j", async (service) => {
    expect((await check(service)).response).toEqual(Buffer.from([8, 1]));
  });

  it("says NOT_FOUND for a service it does not have", async () => {
    expect((await check("jaeger.api_v2.CollectorService")).error?.code).toBe(5);
  });
});
