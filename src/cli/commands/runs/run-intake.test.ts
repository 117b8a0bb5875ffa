import { expect, it } from "vitest";
import { intakeConfig } from "./run-intake.ts";

const SETTINGS = { label: "pr-42", sendOnTo: undefined, defaultPorts: false };

it("listens on free ports, on OTLP's own where it is told to, and marks every resource", () => {
  const plain = intakeConfig("/nowhere", SETTINGS);
  expect(plain.receivers).toMatchObject({
    otlp: { protocols: { grpc: { endpoint: "127.0.0.1:0" }, http: { endpoint: "127.0.0.1:0" } } },
    zipkin: { enabled: false },
  });
  expect(Object.keys(plain.receivers)).not.toContain("otlp/default");
  expect(plain.processors.resource.attributes).toEqual([{ key: "spanloom.run", action: "upsert", value: "pr-42" }]);
  expect(plain.exporters).toEqual({});
  const ported = intakeConfig("/nowhere", { ...SETTINGS, defaultPorts: true, sendOnTo: "http://127.0.0.1:4318" });
  expect(ported.receivers).toMatchObject({
    otlp: { protocols: { http: { endpoint: "127.0.0.1:0" } } },
    "otlp/default": { protocols: { grpc: { endpoint: "127.0.0.1:4317" }, http: { endpoint: "127.0.0.1:4318" } } },
  });
  expect(ported.exporters).toMatchObject({ otlp_http: { endpoint: "http://127.0.0.1:4318" } });
});
