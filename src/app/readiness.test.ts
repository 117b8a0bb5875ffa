import { describe, expect, it } from "vitest";
import { PermanentError, RetryableError } from "../component/errors.ts";
import type { BatchSink, IncomingBatch } from "../component/ingest.ts";
import { InFlightBudget } from "../server/limits/in-flight.ts";
import { Readiness } from "./readiness.ts";

const BATCH = {} as IncomingBatch;

describe("readiness", () => {
  it("is lost while the store refuses, and comes back with a batch that is taken, or by itself", async () => {
    let nowMs = 0;
    let fault: Error | undefined;
    const readiness = new Readiness(() => nowMs);
    const inner: BatchSink = {
      append: async () => {
        if (fault !== undefined) throw fault;
        return { accepted: 1, rejected: 0, message: "" };
      },
    };
    const sink = readiness.ofSink(inner);
    expect(readiness.reason).toBeUndefined();
    fault = new RetryableError("storage_full", "the disk is full");
    await expect(sink.append(BATCH)).rejects.toBe(fault);
    expect(readiness.reason).toBe("spans are refused: the disk is full");
    fault = undefined;
    await sink.append(BATCH);
    expect(readiness.reason).toBeUndefined();
    for (const harmless of [new PermanentError("malformed", "m"), new RetryableError("cancelled", "gone")]) {
      fault = harmless;
      await expect(sink.append(BATCH)).rejects.toBe(harmless);
      expect(readiness.reason).toBeUndefined();
    }
    fault = new RetryableError("storage_unavailable", "the disk failed");
    await expect(sink.append(BATCH)).rejects.toBe(fault);
    nowMs = 9_999;
    expect(readiness.reason).toBeDefined();
    nowMs = 10_000;
    expect(readiness.reason).toBeUndefined();
  });

  it("is lost for a moment where there is no room for more requests", () => {
    let nowMs = 0;
    const readiness = new Readiness(() => nowMs);
    const budget = readiness.ofBudget(new InFlightBudget(10));
    budget.assertRoom("a");
    const held = budget.take(10, "a");
    expect(readiness.reason).toBeUndefined();
    expect(() => budget.assertRoom("a")).toThrow(RetryableError);
    expect(readiness.reason).toMatch(/^spans are refused: requests in flight hold 10 bytes/);
    held.release();
    nowMs = 2_000;
    expect(readiness.reason).toBeUndefined();
  });
});
