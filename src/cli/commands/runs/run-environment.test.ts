import { expect, it } from "vitest";
import { runEnvironment } from "./run-environment.ts";

const URL = "http://127.0.0.1:41873";
const of = (env: NodeJS.ProcessEnv) => runEnvironment(env, URL, "pr 4,2=ü");

it.each([
  [undefined, "spanloom.run=pr%204%2C2%3D%C3%BC"],
  ["", "spanloom.run=pr%204%2C2%3D%C3%BC"],
  ["team=a, spanloom.run = old ,zone=b", "team=a,zone=b,spanloom.run=pr%204%2C2%3D%C3%BC"],
])("adds the label to the resource attributes %j", (before, after) => {
  expect(of(before === undefined ? {} : { OTEL_RESOURCE_ATTRIBUTES: before }).OTEL_RESOURCE_ATTRIBUTES).toBe(after);
});

it("keeps what the caller chose of sampling and protocol, and sends everything here", () => {
  const chosen = {
    OTEL_TRACES_SAMPLER: "traceidratio",
    OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
    PATH: "/bin",
    OTEL_SDK_DISABLED: "true",
  };
  expect(of(chosen)).toMatchObject({
    ...{ PATH: "/bin", OTEL_TRACES_SAMPLER: "traceidratio", OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" },
    ...{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: URL, OTEL_SDK_DISABLED: "false", SPANLOOM_RUN: "pr 4,2=ü" },
  });
  expect(of({})).toMatchObject({
    ...{ OTEL_EXPORTER_OTLP_ENDPOINT: URL, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${URL}/v1/traces` },
    ...{ OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf", OTEL_TRACES_SAMPLER: "parentbased_always_on" },
  });
});
