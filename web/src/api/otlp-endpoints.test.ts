import { describe, expect, it } from "vitest";
import type { UiStatusResponse } from "../../../src/query/ui/status-types.ts";
import { otlpEndpoints } from "./otlp-endpoints.ts";

describe("the collector's endpoints", () => {
  it("falls back to the standard ports of the page's host", () => {
    expect(otlpEndpoints(undefined, "tracing.local")).toEqual({
      grpc: "http://tracing.local:4317",
      http: "http://tracing.local:4318",
    });
  });

  it("names the listeners that run, by a name that reaches them", () => {
    const status = { endpoints: { otlpHttp: "http://0.0.0.0:14318", otlpGrpc: "[::1]:14317", ui: "" } };
    expect(otlpEndpoints(status as UiStatusResponse, "box")).toEqual({
      grpc: "http://[::1]:14317",
      http: "http://box:14318",
    });
  });
});
