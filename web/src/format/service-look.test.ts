import { describe, expect, it } from "vitest";
import { assignLooks, HUES, preferredHue } from "./service-look.ts";

describe("service looks", () => {
  const names = Array.from({ length: 40 }, (_, i) => `service-${i}`);

  it("keeps the first 32 services apart, plain hues first", () => {
    const looks = assignLooks(names);
    const first = looks.slice(0, 32).map(({ hue, pattern }) => `${hue}/${pattern}`);
    expect(new Set(first).size).toBe(32);
    expect(looks.slice(0, HUES).every(({ pattern }) => pattern === 0)).toBe(true);
    expect(looks[HUES]!.pattern).toBe(1);
  });

  it("gives a service alone the hue that lists give it", () => {
    for (const name of names) {
      expect(preferredHue(name)).toBeLessThan(HUES);
      expect(assignLooks([name])).toEqual([{ hue: preferredHue(name), pattern: 0 }]);
    }
    expect(new Set(names.map(preferredHue)).size).toBe(HUES);
  });
});
