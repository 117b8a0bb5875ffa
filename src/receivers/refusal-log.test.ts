import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { recordingHost } from "../../test/support/host.ts";
import { ReceiverMetrics } from "./receiver-metrics.ts";
import { RefusalLog } from "./refusal-log.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function rig() {
  const host = recordingHost();
  const refusals = new RefusalLog(new ReceiverMetrics(host.metrics, "otlp", "http"), host.logger, "OTLP/HTTP");
  return { refusals, lines: () => host.lines.splice(0).map(({ message, fields }) => [message, fields?.count]) };
}

it("tells the first of a kind, then a count every minute while it goes on, and is done after a quiet one", () => {
  const { refusals, lines } = rig();
  for (let i = 0; i < 3; i++) refusals.refused({ reason: "malformed", message: `span ${i} is wrong` });
  expect(lines()).toEqual([["refused a request: OTLP/HTTP, malformed", undefined]]);
  vi.advanceTimersByTime(60_000);
  expect(lines()).toEqual([["refused further requests: OTLP/HTTP, malformed", 2]]);
  refusals.refused({ reason: "malformed", message: "again" });
  expect(lines()).toEqual([]);
  vi.advanceTimersByTime(60_000);
  expect(lines()).toEqual([["refused further requests: OTLP/HTTP, malformed", 1]]);
  vi.advanceTimersByTime(60_000);
  expect(lines()).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
  refusals.refused({ reason: "malformed", message: "much later" });
  expect(lines()).toEqual([["refused a request: OTLP/HTTP, malformed", undefined]]);
  refusals.close();
  expect(vi.getTimerCount()).toBe(0);
});

it("tells hosts apart, up to eight", () => {
  const { refusals, lines } = rig();
  for (let i = 0; i < 100; i++) refusals.refused({ reason: "host", message: "no", about: `h${i % 20}.example` });
  expect(lines()).toHaveLength(9);
  refusals.close();
  const counts = lines().map(([, count]) => Number(count));
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(91);
});
