import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { attributeHash } from "../model/attribute-hash.ts";
import { bloomMayContain, buildBloom, checkBloom, narrowByBloom } from "./bloom.ts";

describe("bloom", () => {
  it("has no false negatives, whatever the hashes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.integer(), (seeds, salt) => {
        const hashes = Uint32Array.from(seeds, (seed, i) => Math.imul(seed + 1, 0x9e3779b1 + i) ^ salt);
        const bloom = buildBloom(hashes, hashes.length);
        checkBloom(bloom);
        for (const hash of hashes) expect(bloomMayContain(bloom, hash)).toBe(true);
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it("narrows rows to those that the blooms, asked one by one, leave", () => {
    const some = fc.array(fc.nat({ max: 30 }), { maxLength: 12 });
    fc.assert(
      fc.property(fc.array(some, { minLength: 1, maxLength: 20 }), fc.nat({ max: 40 }), (rows, seed) => {
        const hash = (i: number) => attributeHash("k", `${i}`);
        const blooms = rows.map((seeds) => buildBloom(Uint32Array.from(seeds, hash), seeds.length));
        const offsets = new Float64Array(blooms.length + 1);
        for (const [i, { length }] of blooms.entries()) offsets[i + 1] = (offsets[i] as number) + length;
        const bytes = new Uint8Array(Buffer.concat(blooms));
        const order = Uint32Array.from(rows, (_, i) => rows.length - i);
        const asked = hash(seed);
        const expected = [...order].filter((row) => bloomMayContain(blooms[row - 1] as Uint8Array, asked));
        const left = narrowByBloom({ bytes, offsets, probes: 8 }, order, order.length, asked);
        expect([...order.subarray(0, left)]).toEqual(expected);
      }),
      { seed: 2, numRuns: 300 },
    );
  });

  it("finds the extremes of the hash range", () => {
    const hashes = Uint32Array.of(0, 1, 0x7fffffff, 0x80000000, 0xffffffff);
    const bloom = buildBloom(hashes, hashes.length);
    for (const hash of hashes) expect(bloomMayContain(bloom, hash)).toBe(true);
  });

  for (const count of [40, 1_000, 8_000]) {
    it(`answers yes wrongly for at most 0.6 % with ${count} hashes`, () => {
      let wrong = 0;
      const asked = 20_000;
      const rounds = count < 100 ? 20 : 1;
      for (let round = 0; round < rounds; round++) {
        const hashes = Uint32Array.from({ length: count }, (_, i) => attributeHash("in", `${round}.${i}`));
        const bloom = buildBloom(hashes, count);
        expect(bloom.length).toBeLessThanOrEqual(4 + Math.ceil((count * 12) / 8) + 4);
        for (let i = 0; i < asked / rounds; i++) if (bloomMayContain(bloom, attributeHash("out", `${i}`))) wrong++;
      }
      expect(wrong / asked).toBeLessThanOrEqual(0.006);
    });
  }

  it("uses only the first `count` hashes, and none makes an empty bloom", () => {
    const bloom = buildBloom(Uint32Array.of(7, 8), 1);
    expect(bloomMayContain(bloom, 7)).toBe(true);
    expect(bloomMayContain(bloom, 8)).toBe(false);
    expect(bloomMayContain(buildBloom(new Uint32Array(0), 0), 7)).toBe(false);
  });

  it("refuses bytes that are no bloom", () => {
    expect(() => checkBloom(new Uint8Array(0))).toThrow(/bloom of 0 bytes/);
    expect(() => checkBloom(Uint8Array.of(9, 7, 0, 0))).toThrow(/version 9/);
    expect(() => checkBloom(Uint8Array.of(1, 7, 0, 0, 1))).toThrow(/5 bytes/);
  });
});
