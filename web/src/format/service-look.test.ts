import { describe, expect, it } from "vitest";
import { HUES, lookAt, looksOf } from "./service-look.ts";

const text = ({ hue, pattern }: { hue: number; pattern: number }) => `${hue}/${pattern}`;

describe("service looks", () => {
  it("keeps the first 32 places apart, plain hues first", () => {
    const looks = Array.from({ length: 32 }, (_, place) => lookAt(place));
    expect(new Set(looks.map(text)).size).toBe(32);
    expect(looks.slice(0, HUES).every(({ pattern }) => pattern === 0)).toBe(true);
    expect(looks[HUES]!.pattern).toBe(1);
  });

  it("gives a service the look of its place, whatever stands beside it", () => {
    expect(looksOf(["cart", "shop"], [9, 0])).toEqual([lookAt(9), lookAt(0)]);
    expect(looksOf(["shop"], [0])).toEqual([lookAt(0)]);
  });

  it("gives those without a place what is free", () => {
    expect(looksOf(["a", "b", "c"], [])).toEqual([lookAt(0), lookAt(1), lookAt(2)]);
    expect(looksOf(["a", "b", "c"], [-1, 0, -1])).toEqual([lookAt(1), lookAt(0), lookAt(2)]);
  });
});
