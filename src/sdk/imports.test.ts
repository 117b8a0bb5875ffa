import { describe, expect, it } from "vitest";
import { loadedBy, othersOf } from "../../test/support/loaded-by.ts";

describe("the SDK's entry", () => {
  const entry = loadedBy("sdk/index.ts");

  it("loads nothing but Node's own modules", () => {
    expect(entry.files.length).toBeGreaterThan(40);
    expect(othersOf(entry)).toEqual([]);
    expect([...entry.packages]).toContain("node:http");
  });

  it("loads gRPC and clients of other registries only when they are used", () => {
    expect([...entry.lazy].sort()).toEqual(["../../discovery/declared-backend.ts", "@grpc/grpc-js"]);
  });

  it("loads no database, web server or gRPC for another registry", () => {
    const loaded = loadedBy("discovery/declared-backend.ts");
    const { files } = loaded;
    expect(files).toContain("discovery/backends/etcd.ts");
    expect(othersOf(loaded)).toEqual(["zod"]);
    const folders = new Set(files.map((file) => file.split("/")[0]));
    expect([...folders].sort()).toEqual(["component", "discovery", "model", "server"]);
  });

  it("loads none of the collector", () => {
    const folders = new Set(entry.files.map((file) => file.split("/")[0]));
    expect([...folders].sort()).toEqual(["codec", "component", "model", "propagation", "sdk"]);
    expect(entry.files).not.toContain("codec/rpc/definitions.ts");
  });

  it("leaves @opentelemetry/api to its own entry", () => {
    expect(othersOf(loadedBy("sdk/otel-api.ts"))).toEqual(["@opentelemetry/api"]);
  });
});
