import { expect, it } from "vitest";
import type { LogFields, Logger } from "../../component/logger.ts";
import { SILENT_LOGGER } from "../../component/logger.ts";
import { Metrics } from "../../component/metrics.ts";
import { InFlightBudget } from "./in-flight.ts";
import { MemoryGuard, memoryLimitBytes } from "./memory-guard.ts";

const MIB = 1024 * 1024;

function guarded(maxPercent: number | null = 75) {
  const state = { resident: 100 * MIB, now: 0 };
  const lines: [string, string, LogFields | undefined][] = [];
  const say = (level: string) => (message: string, fields?: LogFields) => void lines.push([level, message, fields]);
  const logger: Logger = { ...SILENT_LOGGER, info: say("info"), warn: say("warn") };
  const metrics = new Metrics();
  const guard = new MemoryGuard({
    maxPercent,
    limitBytes: 1_000 * MIB,
    residentBytes: () => state.resident,
    now: () => state.now,
    logger,
    metrics,
  });
  const become = (mib: number) => {
    state.resident = mib * MIB;
    state.now += 1_000;
  };
  const refusing = () => metrics.snapshot().find(({ name }) => name === "spanloom_memory_refusing")?.value;
  return { budget: guard.ofBudget(new InFlightBudget(1_000)), become, lines, refusing };
}

it("refuses from its share of the memory on, and takes again below nine tenths of it, each said once", () => {
  const { budget, become, lines, refusing } = guarded();
  const begun = budget.take(10, "a");
  become(749);
  budget.assertRoom("a");
  expect([refusing(), lines]).toEqual([0, []]);
  become(750);
  const refusal = { code: "overloaded", retryAfterMs: 2_000 };
  expect(() => budget.assertRoom("a")).toThrow(expect.objectContaining(refusal));
  expect(() => budget.take(1, "b")).toThrow("holds 750 MiB of memory, and spans are refused from 75 % of 1000 MiB on");
  expect(() => begun.grow(1)).toThrow(expect.objectContaining(refusal));
  begun.release();
  become(676);
  expect(() => budget.assertRoom("a")).toThrow(expect.objectContaining(refusal));
  expect(refusing()).toBe(1);
  become(674);
  budget.take(1, "a").grow(5);
  expect(refusing()).toBe(0);
  become(749);
  budget.assertRoom("a");
  expect(lines.map(([level]) => level)).toEqual(["warn", "info"]);
  expect(lines[0]?.[2]).toEqual({ resident_mib: 750, limit_mib: 1_000, memory_percent: 75 });
});

it("refuses nothing where it is turned off", () => {
  const { budget, become } = guarded(null);
  become(2_000);
  budget.take(1, "a");
});

it("takes the limit of the control group where it is the lower one", () => {
  expect(memoryLimitBytes(512 * MIB, 8_192 * MIB)).toBe(512 * MIB);
  expect(memoryLimitBytes(0, 8_192 * MIB)).toBe(8_192 * MIB);
  expect(memoryLimitBytes(2 ** 64, 8_192 * MIB)).toBe(8_192 * MIB);
});
