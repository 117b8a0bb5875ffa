import { describe, expect, it } from "vitest";
import { getTraceState, limitTraceState, parseTraceState, setTraceState } from "./trace-state.ts";

describe("setTraceState", () => {
  it("moves a changed key to the left", () => {
    expect(setTraceState("a=1,b=2,c=3", "b", "9")).toBe("b=9,a=1,c=3");
    expect(setTraceState("a=1", "z", "0")).toBe("z=0,a=1");
    expect(setTraceState("", "z", "0")).toBe("z=0");
  });

  it("removes a key", () => {
    expect(setTraceState("a=1,b=2", "a", undefined)).toBe("b=2");
  });

  it("leaves the state alone where key or value is impossible", () => {
    expect(setTraceState("a=1", "B", "2")).toBe("a=1");
    expect(setTraceState("a=1", "b", "2,3")).toBe("a=1");
    expect(setTraceState("a=1", "b", "")).toBe("a=1");
  });

  it("drops the rightmost entry to make room", () => {
    const full = Array.from({ length: 32 }, (_, i) => `k${i}=v`).join(",");
    const changed = setTraceState(full, "new", "1");
    expect(parseTraceState([changed])).toHaveLength(32);
    expect(changed.startsWith("new=1,k0=v,")).toBe(true);
    expect(changed.endsWith("k30=v")).toBe(true);
  });
});

describe("getTraceState", () => {
  it("finds a value", () => {
    expect(getTraceState("a=1,ot=th:8;rv:00000000000001", "ot")).toBe("th:8;rv:00000000000001");
    expect(getTraceState("a=1", "b")).toBeUndefined();
  });
});

describe("limitTraceState", () => {
  const entry = (key: string, length: number): string => `${key}=${"v".repeat(length - key.length - 1)}`;

  it("removes entries over 128 characters first, from the right", () => {
    const state = [entry("a", 200), entry("b", 100), entry("c", 200), entry("d", 100)].join(",");
    expect(limitTraceState(state, 600)).toBe([entry("a", 200), entry("b", 100), entry("d", 100)].join(","));
    expect(limitTraceState(state, 300)).toBe([entry("b", 100), entry("d", 100)].join(","));
  });

  it("then removes whole entries from the right", () => {
    const state = [entry("a", 100), entry("b", 128), entry("c", 50)].join(",");
    expect(limitTraceState(state, 250)).toBe([entry("a", 100), entry("b", 128)].join(","));
    expect(limitTraceState(state, 90)).toBe("");
  });

  it("leaves 512 characters and whatever fits untouched", () => {
    const state = [entry("a", 128), entry("b", 127), entry("c", 127), entry("d", 127)].join(",");
    expect(state).toHaveLength(512);
    expect(limitTraceState(state)).toBe(state);
  });

  it("leaves at least 512 characters of the largest states", () => {
    const state = Array.from({ length: 32 }, (_, i) => entry(`k${i}`, 512)).join(",");
    const cut = limitTraceState(state);
    expect(cut.length).toBeGreaterThanOrEqual(512);
    expect(cut.length).toBeLessThanOrEqual(2048);
    expect(state.startsWith(cut)).toBe(true);
  });
});
