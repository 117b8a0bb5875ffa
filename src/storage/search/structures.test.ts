import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteLru } from "./byte-lru.ts";
import { Heap } from "./heap.ts";
import { TraceTable } from "./trace-table.ts";

describe("TraceTable", () => {
  it("gives the rows of a hash, whatever was added in whatever steps", () => {
    const hash = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constantFrom(0xffffffff, 0xfffffffe, 0x80000000));
    fc.assert(
      fc.property(fc.array(fc.array(hash, { maxLength: 6 }), { maxLength: 60 }), (rows) => {
        const table = new TraceTable();
        for (const [row, hashes] of rows.entries())
          table.add(
            hashes,
            hashes.map(() => row),
          );
        for (const asked of [0, 3, 5, 6, 0x80000000, 0xfffffffe, 0xffffffff]) {
          const expected = rows.flatMap((hashes, row) => hashes.filter((h) => h === asked).map(() => row));
          expect(table.rows(asked)).toEqual(expected);
        }
      }),
      { seed: 3, numRuns: 200 },
    );
  });

  it("still gives rows beyond 2^21, among others to be checked", () => {
    const table = new TraceTable();
    table.add([7, 7], [3, 2 ** 21 + 4]);
    expect(table.rows(7)).toEqual([3, 4, 2 ** 21 + 3, 2 ** 21 + 4]);
  });
});

describe("Heap", () => {
  it("gives items in order, also after its top was replaced", () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.array(fc.integer()), (pushed, replacing) => {
        const heap = new Heap<number>((a, b) => a > b);
        const model: number[] = [];
        for (const value of pushed) {
          heap.push(value);
          model.push(value);
        }
        for (const value of pushed.length > 0 ? replacing : []) {
          model.sort((a, b) => b - a)[0] = value;
          heap.replaceTop(value);
        }
        model.sort((a, b) => b - a);
        expect(heap.size).toBe(model.length);
        expect(model.map(() => heap.pop())).toEqual(model);
        expect(heap.pop()).toBeUndefined();
      }),
      { seed: 4, numRuns: 200 },
    );
  });
});

describe("ByteLru", () => {
  it("lets go of what was used longest ago, by bytes", () => {
    const lru = new ByteLru<string>(10);
    lru.set(1, "a", 4);
    lru.set(2, "b", 4);
    expect(lru.get(1)).toBe("a");
    lru.set(3, "c", 4);
    expect(lru.get(2)).toBeUndefined();
    expect(lru.get(1)).toBe("a");
    expect(lru.bytes).toBe(8);
    lru.set(1, "larger", 9);
    expect(lru.get(3)).toBeUndefined();
    expect(lru.bytes).toBe(9);
    lru.set(4, "too large", 11);
    expect(lru.get(4)).toBeUndefined();
    expect(lru.get(1)).toBe("larger");
    lru.removeWhere((key) => key === 1);
    expect(lru.bytes).toBe(0);
  });
});
