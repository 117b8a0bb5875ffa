import { expect, it } from "vitest";
import { destinationOf } from "./destination-of.ts";

it("names the destination of an exporter, without what is secret in it", () => {
  expect(destinationOf({ endpoint: "https://key:secret@otel.example:4318/v1/traces?token=x#y" })).toBe(
    "https://otel.example:4318/v1/traces",
  );
  expect(destinationOf({ endpoint: "collector:4317" })).toBe("collector:4317");
  expect(destinationOf({ endpoint: "key@collector:4317" })).toBe("collector:4317");
  expect(destinationOf({ endpoint: "discover://otel/v1?tag=eu" })).toBe("discover://otel/v1");
  expect(destinationOf({ path: "spans.jsonl" })).toBe("spans.jsonl");
  expect(destinationOf({})).toBeUndefined();
  expect(destinationOf(undefined)).toBeUndefined();
});
