import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { joinSignals, onAbort } from "./signals.ts";

describe("onAbort", () => {
  it("runs once, when the signal aborts", () => {
    const stop = new AbortController();
    let runs = 0;
    onAbort(stop.signal, () => runs++);
    expect(runs).toBe(0);
    stop.abort();
    stop.abort();
    expect(runs).toBe(1);
  });

  it("runs soon for a signal that has aborted, not before its caller has the release", async () => {
    let runs = 0;
    const release = onAbort(AbortSignal.abort(), () => {
      release();
      runs++;
    });
    expect(runs).toBe(0);
    await Promise.resolve();
    expect(runs).toBe(1);
  });

  it("runs no more after the release, and leaves nothing on the signal", async () => {
    const stop = new AbortController();
    let runs = 0;
    onAbort(stop.signal, () => runs++)();
    onAbort(AbortSignal.abort(), () => runs++)();
    onAbort(undefined, () => runs++)();
    expect(getEventListeners(stop.signal, "abort")).toEqual([]);
    stop.abort();
    await Promise.resolve();
    expect(runs).toBe(0);
  });
});

describe("joinSignals", () => {
  it("aborts with any, at once where one has", () => {
    const [one, two] = [new AbortController(), new AbortController()];
    const { signal } = joinSignals(one.signal, two.signal);
    expect(signal.aborted).toBe(false);
    two.abort();
    expect(signal.aborted).toBe(true);
    expect(joinSignals(one.signal, two.signal).signal.aborted).toBe(true);
  });

  it("leaves nothing on the signals after the release", () => {
    const long = new AbortController();
    const joined = joinSignals(long.signal, new AbortController().signal);
    expect(getEventListeners(long.signal, "abort")).toHaveLength(1);
    joined.release();
    expect(getEventListeners(long.signal, "abort")).toEqual([]);
    long.abort();
    expect(joined.signal.aborted).toBe(false);
  });
});
