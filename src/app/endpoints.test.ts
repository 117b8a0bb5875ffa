import { expect, it } from "vitest";
import { type CollectorEndpoints, listedEndpoints } from "./endpoints.ts";

const RECEIVER = { receiver: "otlp", listener: "grpc", title: "OTLP/gRPC" };
const ENDPOINTS: CollectorEndpoints = {
  otlpHttp: undefined,
  otlpGrpc: "127.0.0.1:4317",
  receivers: [{ ...RECEIVER, address: "127.0.0.1:4317", listensOn: "0.0.0.0:4317" }],
  ui: "http://127.0.0.1:16686/",
  queryGrpc: "127.0.0.1:16685",
  tempo: "http://127.0.0.1:3200",
  registry: "http://127.0.0.1:8500",
  proxy: undefined,
  listensOn: { ui: "127.0.0.1:16686", registry: "127.0.0.1:8500", proxy: undefined },
};

it("lists all that listens, with the real address where that is another one", () => {
  expect(listedEndpoints(ENDPOINTS).map((one) => [one.title, one.address, one.listensOn])).toEqual([
    ["web UI and Jaeger API", "http://127.0.0.1:16686/", undefined],
    ["Jaeger API (gRPC)", "127.0.0.1:16685", undefined],
    ["Tempo API", "http://127.0.0.1:3200", undefined],
    ["OTLP/gRPC", "127.0.0.1:4317", "0.0.0.0:4317"],
    ["registry (Consul API)", "http://127.0.0.1:8500", undefined],
  ]);
  const proxy = listedEndpoints({ ...ENDPOINTS, tempo: undefined, proxy: "http://127.0.0.1:8088" });
  expect(proxy.find(({ title }) => title === "Tempo API")?.address).toBeUndefined();
  expect(proxy.at(-1)).toMatchObject({ title: "traced proxy", address: "http://127.0.0.1:8088" });
});
