import { expect, it } from "vitest";
import { countText, shownText } from "./result-count.ts";

it.each([
  [0, false, undefined, "No traces", ""],
  [1, false, undefined, "1 trace", ""],
  [20, true, undefined, "First 20 traces", ""],
  [20, true, { traces: 12_000, exact: true }, "12,000 traces", "20 shown"],
  [20, true, { traces: 12_000, exact: false }, "At least 12,000 traces", "20 shown"],
] as const)("of %s shown, more: %s, %j", (shown, more, total, heading, beside) => {
  expect(countText(shown, more, total)).toBe(heading);
  expect(shownText(shown, more, total)).toBe(beside);
});
