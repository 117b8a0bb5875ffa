import { existsSync } from "node:fs";
import { expect, it } from "vitest";
import { Metrics } from "../component/metrics.ts";
import { addProcessMetrics, eventLoopLag } from "./process-metrics.ts";

function read(metrics: Metrics): Record<string, number> {
  return Object.fromEntries(metrics.snapshot().map(({ name, value }) => [name, value]));
}

it("tells CPU time, memory, files and the start of the process", () => {
  const metrics = new Metrics();
  addProcessMetrics(metrics);
  const before = read(metrics);
  for (let i = 0, end = process.cpuUsage().user + 20_000; process.cpuUsage().user < end; i++) Math.sqrt(i);
  const after = read(metrics);
  expect(after.process_cpu_seconds_total).toBeGreaterThanOrEqual((before.process_cpu_seconds_total as number) + 0.02);
  expect(after.process_resident_memory_bytes).toBeGreaterThan(10 * 1024 * 1024);
  expect(after.nodejs_heap_size_used_bytes).toBeGreaterThan(1024 * 1024);
  expect(after.nodejs_external_memory_bytes).toBeGreaterThan(0);
  const age = Date.now() / 1000 - (after.process_start_time_seconds as number);
  expect(Math.abs(age - process.uptime())).toBeLessThan(60);
  if (!existsSync("/proc/self/fd")) return;
  expect(after.process_open_fds).toBeGreaterThan(2);
  expect(after.process_max_fds).toBeGreaterThanOrEqual(after.process_open_fds as number);
});

it("tells how long a busy thread lets others wait", async () => {
  const lag = eventLoopLag("main");
  for (const end = performance.now() + 30; performance.now() < end; );
  const { name, labels, value } = await lag;
  expect([name, labels]).toEqual(["nodejs_eventloop_lag_seconds", { thread: "main" }]);
  expect(value).toBeGreaterThanOrEqual(0.03);
});
