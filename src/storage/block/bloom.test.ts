import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { attributeHash } from "../../model/attribute-hash.ts";
import { bloomMayContain, buildBloom, checkBloom, filterMayContainAt, firstFilter, narrowByFilter } from "./bloom.ts";

describe("bloom", () => {
  it("has no false negatives, whatever the hashes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.integer(), (seeds, salt) => {
        const hashes = Uint32Array.from(seeds, (seed, i) => Math.imul(seed + 1, 0x9e3779b1 + i) ^ salt);
        const bloom = buildBloom(hashes, hashes.length);
        checkBloom(bloom);
        for (const hash of hashes) expect(bloomMayContain(bloom, hash)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it("narrows rows to those that the first filters, asked one by one, leave", () => {
    const some = fc.array(fc.nat({ max: 30 }), { maxLength: 12 });
    fc.assert(
      fc.property(fc.array(some, { minLength: 1, maxLength: 20 }), fc.nat({ max: 40 }), (rows, seed) => {
        const hash = (i: number) => attributeHash("k", `${i}`);
        const filters = rows.map((seeds) => firstFilter(buildBloom(Uint32Array.from(seeds, hash), seeds.length)));
        const offsets = new Float64Array(filters.length + 1);
        for (const [i, { length }] of filters.entries()) offsets[i + 1] = (offsets[i] as number) + length;
        const bytes = new Uint8Array(Buffer.concat(filters));
        const order = Uint32Array.from(rows, (_, i) => rows.length - i);
        const asked = hash(seed);
        const expected = [...order].filter((row) => mayContain(filters[row - 1] as Uint8Array, asked));
        const left = narrowByFilter({ bytes, offsets, probes: 8 }, order, order.length, asked);
        expect([...order.subarray(0, left)]).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  it("finds the extremes of the hash range", () => {
    const hashes = Uint32Array.of(0, 1, 0x7fffffff, 0x80000000, 0xffffffff);
    const bloom = buildBloom(hashes, hashes.length);
    for (const hash of hashes) expect(bloomMayContain(bloom, hash)).toBe(true);
  });

  for (const count of [40, 1_000, 8_000]) {
    it(`answers yes wrongly for at most 0.6 % in memory and 0.03 % in all with ${count} hashes`, () => {
      const wrong = { first: 0, both: 0 };
      const asked = 40_000;
      const rounds = count < 100 ? 40 : 1;
      for (let round = 0; round < rounds; round++) {
        const hashes = Uint32Array.from({ length: count }, (_, i) => attributeHash("in", `${round}.${i}`));
        const bloom = buildBloom(hashes, count);
        const filter = firstFilter(bloom);
        expect(filter.length).toBeLessThanOrEqual(4 + Math.ceil((count * 12) / 8) + 4);
        expect(bloom.length - filter.length).toBeLessThanOrEqual(8 + count + 8);
        for (let i = 0; i < asked / rounds; i++) {
          const hash = attributeHash("out", `${i}`);
          if (mayContain(filter, hash)) wrong.first++;
          if (bloomMayContain(bloom, hash)) wrong.both++;
        }
      }
      expect(wrong.first / asked).toBeLessThanOrEqual(0.006);
      expect(wrong.both / asked).toBeLessThanOrEqual(0.0003);
    });
  }

  it("reads what older versions wrote: a first filter alone", () => {
    const hashes = Uint32Array.from({ length: 500 }, (_, i) => attributeHash("in", `${i}`));
    const older = firstFilter(buildBloom(hashes, hashes.length)).slice();
    checkBloom(older);
    expect(firstFilter(older)).toEqual(older);
    for (const hash of hashes) expect(bloomMayContain(older, hash)).toBe(true);
    const others = Array.from({ length: 200 }, (_, i) => bloomMayContain(older, attributeHash("out", `${i}`)));
    expect(others.filter(Boolean).length).toBeLessThan(10);
  });

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
    expect(() => checkBloom(Uint8Array.of(1, 0, 0, 0))).toThrow(/bloom of 4 bytes/);
    expect(() => checkBloom(Uint8Array.of(2, 0, 0, 0))).toThrow(/bloom of 4 bytes/);
    const whole = buildBloom(Uint32Array.of(1, 2, 3), 3);
    checkBloom(whole);
    for (let length = 0; length < whole.length; length++) {
      expect(() => checkBloom(whole.subarray(0, length)), `${length} bytes`).toThrow(/bloom of/);
    }
    const foreign = whole.slice();
    foreign[8] = 3;
    expect(() => checkBloom(foreign)).toThrow(/bloom of/);
  });
});

function mayContain(filter: Uint8Array, hash: number): boolean {
  return filterMayContainAt(filter, 0, filter.length, hash);
}
