import { describe, expect, it } from "vitest";
import { isRetryableGrpcStatus, isRetryableHttpStatus } from "../component/retry.ts";
import { GRPC_STATUS } from "../model/grpc-status.ts";
import { grpcStatusOfHttp, httpStatusOfGrpc } from "./http-status.ts";

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
