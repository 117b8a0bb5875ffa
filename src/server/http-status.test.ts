import { describe, expect, it } from "vitest";
import { isRetryableGrpcStatus, isRetryableHttpStatus } from "../component/retry.ts";
import { grpcStatusOfHttp } from "./http-status.ts";

describe("HTTP and gRPC codes", () => {
  it("agree on what may be retried where one is made from the other", () => {
    for (const status of [400, 401, 403, 404, 405, 411, 413, 415, 421, 429, 431, 500, 501, 502, 503, 504]) {
      const code = grpcStatusOfHttp(status);
      expect(isRetryableGrpcStatus(code, false), `HTTP ${status}`).toBe(isRetryableHttpStatus(status));
    }
  });
});
