import fc from "fast-check";
import protobuf from "protobufjs";
import { describe, expect, it } from "vitest";
import { isRetryableGrpcStatus, isRetryableHttpStatus } from "../component/retry.ts";
import {
  decodeExportResponse,
  encodeExportResponse,
  exportResponseJson,
  parseExportResponseJson,
  partialSuccessOf,
} from "./export-response.ts";
import { readFields, WireWriter } from "./proto-wire.ts";
import {
  decodeRpcStatus,
  encodeRpcStatus,
  GRPC_STATUS,
  grpcStatusOfHttp,
  httpStatusOfGrpc,
  parseRpcStatusJson,
  rpcStatusJson,
} from "./rpc-status.ts";

/** google/rpc/status.proto and error_details.proto, for a second opinion. */
const root = protobuf.parse(`syntax = "proto3";
message Duration { int64 seconds = 1; int32 nanos = 2; }
message RetryInfo { Duration retry_delay = 1; }
message Any { string type_url = 1; bytes value = 2; }
message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
message Partial { int64 rejected_spans = 1; string error_message = 2; }
message Response { Partial partial_success = 1; }`).root;
const plain = (type: string, bytes: Uint8Array) => {
  const message = root.lookupType(type);
  return message.toObject(message.decode(bytes), { longs: Number });
};

const anyStatus = fc.record(
  {
    code: fc.integer({ min: 0, max: 16 }),
    message: fc.string({ unit: "grapheme" }),
    retryDelayMs: fc.integer({ min: 0, max: 10_000_000 }),
  },
  { requiredKeys: ["code", "message"] },
);

describe("google.rpc.Status", () => {
  it("survives protobuf and JSON", () => {
    fc.assert(
      fc.property(anyStatus, (status) => {
        expect(decodeRpcStatus(encodeRpcStatus(status))).toEqual(status);
        expect(parseRpcStatusJson(rpcStatusJson(status))).toEqual(status);
      }),
    );
  });

  it("is what another protobuf library reads", () => {
    const bytes = encodeRpcStatus({ code: 14, message: "später", retryDelayMs: 1_250 });
    const status = plain("Status", bytes);
    expect(status).toMatchObject({ code: 14, message: "später" });
    const [any] = status.details as { type_url?: string; typeUrl?: string; value: Uint8Array }[];
    expect(any?.typeUrl ?? any?.type_url).toBe("type.googleapis.com/google.rpc.RetryInfo");
    expect(Object.values(plain("RetryInfo", any?.value as Uint8Array))).toEqual([{ seconds: 1, nanos: 250_000_000 }]);
  });

  it("has RetryInfo in JSON as the protobuf mapping writes it", () => {
    expect(JSON.parse(rpcStatusJson({ code: 14, message: "m", retryDelayMs: 1_500 }))).toEqual({
      code: 14,
      message: "m",
      details: [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "1.5s" }],
    });
  });

  it("passes over details it does not know", () => {
    const other = new WireWriter()
      .string(1, "type.googleapis.com/google.rpc.Help")
      .message(2, Uint8Array.of(255))
      .finish();
    expect(decodeRpcStatus(new WireWriter().varint(1, 3).message(3, other).finish())).toEqual({ code: 3, message: "" });
    expect(parseRpcStatusJson('{"code":3,"details":[null,{"@type":"x"}]}')).toEqual({ code: 3, message: "" });
  });
});

describe("HTTP and gRPC codes", () => {
  it("agree on what may be retried wherever one is made from the other", () => {
    for (const code of Object.values(GRPC_STATUS)) {
      const status = httpStatusOfGrpc(code);
      expect(status).toBeGreaterThanOrEqual(200);
      if (isRetryableHttpStatus(status)) expect(isRetryableGrpcStatus(code, true), `gRPC ${code}`).toBe(true);
    }
    for (const status of [400, 401, 403, 404, 405, 411, 413, 415, 421, 429, 431, 500, 501, 502, 503, 504]) {
      const code = grpcStatusOfHttp(status);
      expect(isRetryableGrpcStatus(code, false), `HTTP ${status}`).toBe(isRetryableHttpStatus(status));
    }
  });
});

describe("ExportTraceServiceResponse", () => {
  const anyPartial = fc.record({ rejectedSpans: fc.nat(), errorMessage: fc.string({ unit: "grapheme" }) });

  it("survives protobuf and JSON", () => {
    fc.assert(
      fc.property(anyPartial, (partial) => {
        expect(decodeExportResponse(encodeExportResponse(partial))).toEqual(partial);
        expect(parseExportResponseJson(exportResponseJson(partial))).toEqual(partial);
      }),
    );
  });

  it("is empty on full success and unset says so", () => {
    expect(partialSuccessOf({ accepted: 5, rejected: 0, message: "" })).toBeUndefined();
    expect(encodeExportResponse(undefined)).toHaveLength(0);
    expect(decodeExportResponse(new Uint8Array(0))).toBeUndefined();
    expect(parseExportResponseJson("{}")).toBeUndefined();
  });
});

describe("readFields", () => {
  it("never fails but with RangeError, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          readFields(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });

  it("refuses a length beyond the end", () => {
    expect(() => readFields(Uint8Array.of(10, 200, 1, 0))).toThrow("field 1 ends after byte 4");
  });
});
