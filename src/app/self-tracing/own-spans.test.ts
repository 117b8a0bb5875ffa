import { expect, it } from "vitest";
import { Metrics } from "../../component/metrics.ts";
import { ownSink } from "./own-spans.ts";

const batch = (source: string) => ({
  format: "otlp_protobuf" as const,
  encoding: "identity" as const,
  bytes: new Uint8Array(),
  maxBytes: 1,
  receivedAtMs: 0,
  source,
});

it("counts what the collector stores itself, by where it comes from", async () => {
  const metrics = new Metrics();
  const sink = ownSink({ append: async () => ({ accepted: 3, rejected: 1, message: "" }) }, metrics);
  const counted = () => metrics.snapshot().map(({ name, labels, value }) => [name, labels.source, value]);
  expect(counted()).toEqual([["spanloom_own_accepted_spans_total", "demo", 0]]);
  await sink.append(batch("demo"));
  await sink.append(batch("proxy"));
  await sink.append(batch("demo"));
  expect(counted()).toEqual([
    ["spanloom_own_accepted_spans_total", "demo", 6],
    ["spanloom_own_accepted_spans_total", "proxy", 3],
  ]);
});
