import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { attributeHash } from "../../model/attribute-hash.ts";
import { buildBloom } from "../block/bloom.ts";
import type { BlockSource } from "../cache/hash-blocks.ts";
import { SegmentBlocks } from "../cache/segment-blocks.ts";
import type { BlockHead } from "../log/segment-source.ts";
import { candidateBlocks } from "./candidate-blocks.ts";

const hash = (value: number) => attributeHash("k", `${value}`);

/** A segment of a block for each list of values, which begin at `starts`. */
function segmentOf(blocks: readonly { readonly values: readonly number[]; readonly start: number }[]): SegmentBlocks {
  const segment = new SegmentBlocks(1, 1);
  for (const [i, { values, start }] of blocks.entries())
    segment.add([new Uint8Array(0)], [headOf(i + 1, values, start)]);
  return segment;
}

function headOf(row: number, values: readonly number[], start: number): BlockHead {
  return {
    segment: 1,
    block: row,
    sequence: row,
    spans: 1,
    spansThrough: row,
    minStart: BigInt(start),
    maxStart: BigInt(start),
    maxEnd: BigInt(start),
    receivedAtMs: 0,
    index: new Uint8Array(0),
    bloom: buildBloom(Uint32Array.from(values, hash), values.length),
  };
}

function all(rows: BlockSource): number[] {
  const found: number[] = [];
  for (let row = rows.get(0); row !== undefined; row = rows.get(found.length)) found.push(row);
  return found;
}

describe("candidateRows", () => {
  const block = fc.record({ values: fc.array(fc.nat({ max: 5 }), { maxLength: 4 }), start: fc.nat({ max: 1000 }) });
  const required = fc.array(fc.nat({ max: 7 }).map(hash), { maxLength: 3 });

  it("gives the rows whose filters may contain every hash, newest first, whoever asked before and how far", () => {
    fc.assert(
      fc.property(
        fc.array(block, { minLength: 1, maxLength: 60 }),
        fc.array(fc.record({ required, upTo: fc.nat({ max: 70 }) }), { minLength: 1, maxLength: 30 }),
        fc.boolean(),
        (blocks, searches, finished) => {
          const segment = segmentOf(blocks);
          if (finished) segment.finish();
          for (const { required, upTo } of searches) {
            const expected = [...segment.newestFirst()].filter((row) =>
              required.every((one) => segment.mayContain(row, one)),
            );
            const rows = candidateBlocks(segment, required);
            expect(rows.get(upTo)).toBe(expected[upTo]);
            expect(all(rows)).toEqual(expected);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it("asks the filters of a segment that is complete once for a hash that many searches begin with", () => {
    const segment = segmentOf(Array.from({ length: 200 }, (_, i) => ({ values: [i % 3], start: i })));
    const narrow = vi.spyOn(segment, "narrow");
    const asked = () => {
      const calls = narrow.mock.calls.length;
      const rows = all(candidateBlocks(segment, [hash(1)]));
      expect(rows.length).toBeGreaterThanOrEqual(66);
      return narrow.mock.calls.length - calls;
    };
    expect(asked()).toBeGreaterThan(0);
    expect(asked()).toBeGreaterThan(0);
    segment.finish();
    expect(asked()).toBeGreaterThan(0);
    expect(asked()).toBe(0);
    // Others take its place.
    for (let value = 2; value < 30; value++) all(candidateBlocks(segment, [hash(value)]));
    expect(asked()).toBeGreaterThan(0);
  });

  it("finds rows that were added, and all of them once the filters were released", () => {
    const segment = segmentOf([{ values: [1], start: 1 }]);
    const before = candidateBlocks(segment, [hash(1)]);
    segment.add([new Uint8Array(0)], [headOf(2, [1], 2)]);
    expect(all(candidateBlocks(segment, [hash(1)]))).toEqual([2, 1]);
    expect(all(before)).toEqual([1]);
    segment.finish();
    expect(all(candidateBlocks(segment, [hash(9)]))).toEqual([]);
    segment.release();
    expect(all(candidateBlocks(segment, [hash(9)]))).toEqual([2, 1]);
  });
});
