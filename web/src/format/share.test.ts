import { expect, it } from "vitest";
import { formatShare } from "./share.ts";

it.each([
  [0, "0 %"],
  [0 / 0, "0 %"],
  [1 / 5000, "< 0.1 %"],
  [0.0015, "0.15 %"],
  [12 / 523, "2.3 %"],
  [0.4567, "45.7 %"],
  [9999 / 10_000, "> 99.9 %"],
  [1, "100 %"],
])("%d reads %s", (share, text) => expect(formatShare(share)).toBe(text));
