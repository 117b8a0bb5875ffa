import { describe, expect, it } from "vitest";
import { IdSource } from "./id-source.ts";
import { alwaysOff, alwaysOn, parentBased, ratio, type Sampler, type SamplingInput } from "./sampler.ts";
import type { SpanContext } from "./span-context.ts";

const source = new IdSource();
const newTraceId = (): string => source.traceId();

function input(change: Partial<SamplingInput> = {}): SamplingInput {
  return {
    traceId: newTraceId(),
    parent: undefined,
    parentDecision: "defer",
    name: "x",
    kind: "internal",
    attributes: {},
    links: [],
    ...change,
  };
}

function parentOf(change: Partial<SpanContext>): SpanContext {
  return {
    traceId: newTraceId(),
    spanId: "b7ad6b7169203331",
    flags: 1,
    traceState: "",
    isRemote: true,
    debug: false,
    ...change,
  };
}

describe("ratio", () => {
  it("keeps about its share, and a higher ratio keeps all that a lower one does", () => {
    const ids = Array.from({ length: 4000 }, newTraceId);
    const kept = (share: number) => new Set(ids.filter((traceId) => ratio(share).sample(input({ traceId })).sampled));
    const tenth = kept(0.1);
    const half = kept(0.5);
    expect(tenth.size).toBeGreaterThan(280);
    expect(tenth.size).toBeLessThan(520);
    expect([...tenth].every((id) => half.has(id))).toBe(true);
    expect(kept(0).size).toBe(0);
    expect(kept(1).size).toBe(ids.length);
  });

  it("decides at the threshold exactly", () => {
    const at = (last: string) => ratio(0.5).sample(input({ traceId: `${"1".repeat(18)}${last}` })).sampled;
    expect(at("80000000000000")).toBe(true);
    expect(at("7fffffffffffff")).toBe(false);
  });

  it("uses rv before the trace id, and the trace id where rv is none", () => {
    const half = ratio(0.5);
    const kept = (traceId: string, traceState: string) =>
      half.sample(input({ traceId, parent: parentOf({ traceState }) })).sampled;
    const [low, high] = [`${"f".repeat(18)}${"0".repeat(14)}`, "f".repeat(32)];
    expect(kept(low, "ot=th:4;rv:ffffffffffffff")).toBe(true);
    expect(kept(high, "ot=th:4;rv:00000000000000")).toBe(false);
    expect(kept(low, "ot=rv:ffff")).toBe(false);
    expect(kept(high, "ot=rv:0000")).toBe(true);
  });

  it("says in the trace state what a kept span stands for", () => {
    const parent = parentOf({ traceState: "a=1,ot=rv:ffffffffffffff;th:0" });
    expect(ratio(0.25).sample(input({ parent })).traceState).toBe("ot=th:c;rv:ffffffffffffff,a=1");
    const low = parentOf({ traceState: "ot=rv:00000000000000;th:0" });
    expect(ratio(0.25).sample(input({ parent: low }))).toEqual({ sampled: false, traceState: "ot=rv:00000000000000" });
  });

  it.each([-0.1, 1.1, Number.NaN])("refuses %d", (share) => {
    expect(() => ratio(share)).toThrow("expected a number from 0.0 to 1.0");
  });
});

describe("parent-based sampling", () => {
  const named = (name: string): Sampler => ({
    description: name,
    sample: () => ({ sampled: true, traceState: `by=${name}` }),
  });
  const sampler = parentBased({
    root: named("root"),
    remoteSampled: named("rs"),
    remoteNotSampled: named("rn"),
    localSampled: named("ls"),
    localNotSampled: named("ln"),
  });

  it.each([
    [undefined, "defer", "root"],
    [true, "defer", "root"],
    [true, "keep", "rs"],
    [true, "drop", "rn"],
    [false, "keep", "ls"],
    [false, "drop", "ln"],
  ] as const)("remote %s and %s asks %s", (isRemote, parentDecision, by) => {
    const parent = isRemote === undefined ? undefined : parentOf({ isRemote });
    expect(sampler.sample(input({ parent, parentDecision })).traceState).toBe(`by=${by}`);
  });

  it("follows the parent and its trace state unless told otherwise", () => {
    const plain = parentBased({ root: alwaysOff });
    const parent = parentOf({ traceState: "ot=th:8" });
    expect(plain.sample(input({ parent, parentDecision: "keep" }))).toEqual({ sampled: true, traceState: "ot=th:8" });
    expect(plain.sample(input({ parent, parentDecision: "drop" })).sampled).toBe(false);
    expect(plain.sample(input()).sampled).toBe(false);
    expect(parentBased({ root: alwaysOn }).sample(input())).toEqual({ sampled: true, traceState: "ot=th:0" });
  });

  it("keeps what carries a debug flag", () => {
    const never = parentBased({ root: alwaysOff, remoteSampled: alwaysOff });
    expect(never.sample(input({ parent: parentOf({}), parentDecision: "debug" })).sampled).toBe(true);
  });
});
