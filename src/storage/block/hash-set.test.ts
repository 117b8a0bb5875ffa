import { expect, it } from "vitest";
import { HashSet } from "./hash-set.ts";

it("holds each number once, grows, and can be used again", () => {
  const set = new HashSet(4);
  for (const round of [1, 2]) {
    const expected = new Set<number>();
    for (let i = 0; i < 5000; i++) {
      const value = Math.imul(i % 1700, 0x9e3779b1 + round) >>> 0;
      expect(set.add(value)).toBe(!expected.has(value));
      expected.add(value);
    }
    expect([...set.list.subarray(0, set.size)]).toEqual([...expected]);
    set.clear();
    expect(set.size).toBe(0);
  }
});

it("knows zero and the greatest number", () => {
  const set = new HashSet();
  expect([set.add(0), set.add(0), set.add(0xffffffff), set.add(-1)]).toEqual([true, false, true, false]);
});
