import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SpanColumns } from "../../model/span-columns.ts";
import { Heap } from "../search/heap.ts";
import { BlockTraces } from "./block-traces.ts";
import { ByteLru } from "./byte-lru.ts";
import { PackedTraceTable } from "./packed-trace-table.ts";
import { TraceTable } from "./trace-table.ts";

describe("TraceTable", () => {
  const hash = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constantFrom(0xffffffff, 0xfffffffe, 0x80000000));
  const ASKED = [0, 3, 5, 6, 0x80000000, 0xfffffffe, 0xffffffff];

  function tableOf(rows: readonly (readonly number[])[]): TraceTable {
    const table = new TraceTable();
    for (const [row, hashes] of rows.entries()) for (const one of hashes) table.add(one, row);
    return table;
  }

  it("gives the rows of a hash, whatever was added", () => {
    fc.assert(
      fc.property(fc.array(fc.array(hash, { maxLength: 6 }), { maxLength: 60 }), (rows) => {
        const table = tableOf(rows);
        for (const asked of ASKED) {
          const expected = rows.flatMap((hashes, row) => hashes.filter((h) => h === asked).map(() => row));
          expect(table.rows(asked)).toEqual(expected);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("gives the same packed, and others only where the bits are short", () => {
    fc.assert(
      fc.property(fc.array(fc.array(hash, { maxLength: 6 }), { maxLength: 60 }), (rows) => {
        const packed = tableOf(rows).pack();
        for (const asked of ASKED) {
          const found = packed.rows(asked);
          const right = (h: number) => h === asked;
          // Fewer than 64 rows take 6 bits of a word at most.
          const near = (h: number) => h >>> 6 === asked >>> 6;
          expect(found).toEqual([...found].sort((a, b) => a - b));
          for (const row of rows.keys()) {
            const times = found.filter((one) => one === row).length;
            expect(times).toBeGreaterThanOrEqual((rows[row] as number[]).filter(right).length);
            expect(times).toBeLessThanOrEqual((rows[row] as number[]).filter(near).length);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it("is exact for a segment's worth of traces, growing and packed", () => {
    const table = new TraceTable();
    const rowsOf = new Map<number, number[]>();
    const ROWS = 1_000;
    for (let row = 0; row < ROWS; row++) {
      for (let i = 0; i < 40; i++) {
        // Each of these hashes lies in several rows.
        const one = Math.imul((row * 7 + i * i * 31) % 9_001, 0x9e3779b1) >>> 0;
        table.add(one, row);
        rowsOf.set(one, [...(rowsOf.get(one) ?? []), row]);
      }
    }
    const packed = table.pack();
    for (const [one, rows] of rowsOf) {
      expect(table.rows(one)).toEqual(rows);
      expect(packed.rows(one)).toEqual(rows);
      expect(table.rows(one ^ 1)).toEqual(rowsOf.get(one ^ 1) ?? []);
    }
    expect(packed.bytes).toBeLessThan(ROWS * 40 * 5 + 1_000);
    expect(new TraceTable().pack().rows(7)).toEqual([]);
  });
});

describe("PackedTraceTable", () => {
  it("takes three bytes a pair where the rows hold many traces, and tells 28 bits of a hash apart", () => {
    const [ROWS, TRACES] = [200, 300];
    const table = new TraceTable();
    const rowsOf = new Map<number, number[]>();
    for (let row = 0; row < ROWS; row++) {
      for (let i = 0; i < TRACES; i++) {
        const one = Math.imul((row * 97 + i) % 30_000, 0x9e3779b1) >>> 0;
        table.add(one, row);
        rowsOf.set(one >>> 4, [...(rowsOf.get(one >>> 4) ?? []), row]);
      }
    }
    const packed = table.pack();
    expect(packed.bytes).toBeLessThan(ROWS * TRACES * 3.6);
    for (let i = 0; i < 40_000; i++) {
      const one = Math.imul(i, 0x9e3779b1) >>> 0;
      const found = packed.rows(one);
      expect(found).toEqual(expect.arrayContaining(table.rows(one)));
      const near = rowsOf.get(one >>> 4) ?? [];
      if (found.some((row) => !near.includes(row)) || found.length > near.length)
        throw new Error(`hash ${one}: ${found}`);
    }
  });

  it("takes four where three would not tell enough apart", () => {
    const rows = Uint32Array.from({ length: 50_000 }, (_, row) => row);
    const hashes = rows.map((row) => Math.imul(row + 1, 0x9e3779b1));
    const packed = new PackedTraceTable(hashes, rows);
    for (const row of rows)
      if (!packed.rows(hashes[row] as number).includes(row)) throw new Error(`row ${row} is lost`);
    expect(packed.bytes).toBeGreaterThanOrEqual(rows.length * 4);
  });
});

describe("BlockTraces", () => {
  it("gives the rows of each trace of a block, and none of others", () => {
    // Ids that differ in one byte only, at either end.
    const id = fc.record({ at: fc.constantFrom(0, 15), byte: fc.integer({ min: 0, max: 40 }) });
    const bytesOf = ({ at, byte }: { at: number; byte: number }) => {
      const bytes = new Uint8Array(16).fill(7);
      bytes[at] = byte;
      return bytes;
    };
    fc.assert(
      fc.property(fc.uniqueArray(id, { selector: (one) => bytesOf(one).join() }), fc.array(fc.nat()), (ids, picks) => {
        const traceIndex = ids.length === 0 ? [] : picks.map((pick) => pick % ids.length);
        const traceIds = Uint8Array.from(ids.flatMap((one) => [...bytesOf(one)]));
        const columns = { count: traceIndex.length, traceIds, traceIndex: Uint16Array.from(traceIndex) };
        const traces = new BlockTraces(columns as unknown as SpanColumns);
        for (const [i, one] of ids.entries()) {
          expect(traces.rows(bytesOf(one))).toEqual([...traceIndex.keys()].filter((row) => traceIndex[row] === i));
        }
        expect(traces.rows(new Uint8Array(16).fill(8))).toEqual([]);
      }),
      { numRuns: 200 },
    );
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
      { numRuns: 200 },
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
