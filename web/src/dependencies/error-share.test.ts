import { expect, it } from "vitest";
import { errorShare } from "./error-share.ts";

it.each([
  [10, 0, "0 %"],
  [0, 0, "0 %"],
  [100_000, 1, "< 0.1 %"],
  [1000, 23, "2.3 %"],
  [10, 10, "100 %"],
  [100_000, 99_999, "> 99.9 %"],
])("%d calls, %d errors: %s", (calls, errors, text) => expect(errorShare(calls, errors)).toBe(text));
