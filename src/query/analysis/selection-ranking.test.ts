import { describe, expect, it } from "vitest";
import type { WeighedAttribute } from "../../model/attribute-query.ts";
import { chanceOf, likelihoodRatio, outcomesLast, rankSelection } from "./selection-ranking.ts";

/** A value of 100 selected traces and 900 others. */
const one = (key: string, text: string | undefined, selected: number, rest: number, more = {}): WeighedAttribute => ({
  scope: "span",
  key,
  ...(text === undefined ? {} : { value: { type: "string", value: text } }),
  selected,
  rest,
  missed: 0,
  distinct: 5,
  traces: key.length * 1_000 + selected * 7 + (text ?? "").length,
  ...more,
});
const ranked = (values: readonly WeighedAttribute[], selected = 100, rest = 900, distinct = values.length) =>
  rankSelection(
    { selected: { found: selected, counted: selected }, rest: { found: rest, counted: rest }, values, distinct },
    20,
  );
const names = (values: readonly WeighedAttribute[]) =>
  ranked(values).map(({ key, value }) =>
    value === undefined ? key : `${key}=${value.type === "string" && value.value}`,
  );

describe("ranking what selected traces have", () => {
  it("goes by how much it tells of the side, not by how common it is", () => {
    expect(
      names([
        one("region", "eu", 60, 300),
        one("sku", "desk", 98, 60),
        one("route", "/pay", 100, 500),
        one("all", "1", 100, 900),
      ]),
    ).toEqual(["sku=desk", "route=/pay", "region=eu"]);
  });

  it("has the ratio of a table that was worked out by hand", () => {
    // 30 of 40 against 10 of 60: 2 × Σ observed × ln(observed / expected).
    const by = (observed: number, expected: number) => 2 * observed * Math.log(observed / expected);
    expect(likelihoodRatio(30, 40, 10, 60)).toBeCloseTo(by(30, 16) + by(10, 24) + by(10, 24) + by(50, 36), 9);
    expect(likelihoodRatio(10, 40, 15, 60)).toBeCloseTo(0, 9);
    expect(likelihoodRatio(0, 40, 0, 60)).toBe(0);
  });

  it("has the chance of drawing as many, from tables that were worked out by hand", () => {
    // Both of two among 8 of 700: C(698, 6) / C(700, 8) = 8 × 7 / (700 × 699); of both sides twice.
    expect(chanceOf(2, 8, 0, 692)).toBeCloseTo((2 * 8 * 7) / (700 * 699), 12);
    // None of ten among 5 of 20: C(10, 5) / C(20, 5) = 252 / 15504.
    expect(chanceOf(0, 5, 10, 15)).toBeCloseTo((2 * 252) / 15_504, 9);
    expect(chanceOf(10, 100, 90, 900)).toBe(1);
    expect(chanceOf(900, 1_000, 100, 100_000)).toBeLessThan(1e-100);
  });

  it("is not taken in by the best of thousands of values", () => {
    const id = one("user.id", "u7", 3, 0, { distinct: 3_000 });
    const weak = one("shard", "4", 30, 150);
    expect(names([id, weak])).toEqual(["shard=4"]);
    expect(names([{ ...id, distinct: 3 }, weak])[0]).toBe("user.id=u7");
  });

  it("marks what comes about by chance, and ranks nothing of one trace", () => {
    expect(ranked([one("a", "1", 14, 90), one("sku", "desk", 98, 60)]).map(({ byChance }) => byChance)).toEqual([
      false,
    ]);
    expect(ranked([one("a", "1", 20, 100, { distinct: 1 })]).map(({ byChance }) => byChance)).toEqual([false]);
    expect(ranked([one("a", "1", 13, 90, { distinct: 1 })]).map(({ byChance }) => byChance)).toEqual([true]);
    const address = one("client.address", "203.0.113.122", 2, 0, { distinct: 200 });
    expect(ranked([address], 8, 692, 648).map(({ byChance }) => byChance)).toEqual([true]);
    expect(ranked([one("id", "x", 1, 0)])).toEqual([]);
    expect(ranked([one("id", "x", 1, 0)], 1, 900)).toEqual([]);
  });

  it("tells what the selected lack, unless a value of its key says it", () => {
    expect(names([one("cache", "hit", 5, 800), one("cache", "miss", 95, 100)])).toEqual(["cache=miss"]);
    const [lacking] = ranked([one("cache", "hit", 5, 800)]);
    expect(lacking).toMatchObject({ selectedShare: 0.05, restShare: 800 / 900 });
  });

  it("tells what the very same traces have once, and the rest of it beside", () => {
    const same = { traces: 1 };
    const [first, ...more] = ranked([
      one("host", undefined, 40, 10, same),
      one("name", "GET /", 40, 10, { ...same, scope: "intrinsic" }),
      one("host", "a", 40, 10, same),
      one("host.ip", "10.0.0.1", 40, 10, same),
    ]);
    expect(more).toEqual([]);
    expect(first).toMatchObject({ key: "host", value: { value: "a" } });
    expect(first?.alike.map(({ key }) => key)).toEqual(["host.ip", "name"]);
  });

  it("says on spans of which service a value tells most, once", () => {
    const [first, ...more] = ranked([
      one("region", "eu", 90, 400),
      one("region", "eu", 85, 60, { service: "stock" }),
      one("region", "eu", 40, 300, { service: "shop" }),
    ]);
    expect(first).toMatchObject({ service: "stock", selected: 85 });
    expect(more).toEqual([]);
  });

  it("leaves out counts that may be far off", () => {
    expect(names([one("user", "u1", 20, 3, { missed: 11 }), one("user", "u2", 20, 3, { missed: 10 })])).toEqual([
      "user=u2",
    ]);
  });

  it("puts how a call ended behind what else there is, where that is asked for", () => {
    const failed = ranked([one("error.type", "timeout", 99, 3), one("card", "amex", 70, 90)]);
    expect(outcomesLast(failed).map(({ key }) => key)).toEqual(["card", "error.type"]);
    expect(failed[0]?.outcome).toBe(true);
  });

  it("ranks nothing where one side is empty", () => {
    expect(ranked([one("a", "1", 5, 0)], 5, 0)).toEqual([]);
  });
});
