import { describe, expect, it } from "vitest";
import { errorLevel, errorShare } from "./map-figures.ts";

describe("figures of the map", () => {
  it("tells a failure in 1,958 calls from one in seven", () => {
    expect([0, 1 / 1958, 0.0099, 0.01, 0.049, 0.05, 1].map(errorLevel)).toEqual([
      "none",
      "few",
      "few",
      "some",
      "some",
      "many",
      "many",
    ]);
    expect(errorShare({ parent: "a", child: "b", callCount: 0, errorCount: 0 })).toBe(0);
  });
});
