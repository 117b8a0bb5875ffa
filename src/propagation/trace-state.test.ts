import { describe, expect, it } from "vitest";
import { limitTraceState } from "./trace-state.ts";

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
