import { expect, it } from "vitest";
import { pairText, parsePair } from "./trace-pair.ts";

const [A, B] = ["a".repeat(32), "b".repeat(32)] as const;

it("reads two ids, short ones too, and a typical trace in the place of one", () => {
  expect(parsePair(`${A}...${B.toUpperCase()}`)).toEqual({ a: A, b: B });
  expect(parsePair(`1...${B}`)).toEqual({ a: "1".padStart(32, "0"), b: B });
  expect(parsePair(`typical...${B}`)).toEqual({ a: "typical", b: B });
  expect(pairText({ a: A, b: B })).toBe(`${A}...${B}`);
});

it.each([
  [`${A}...${A}`, "Both are the same trace."],
  [`${A}...`, "The address names one trace only."],
  [`x...${A}`, "x is no trace id."],
  [`${A}...${B}...${A}`, "Two traces can be compared, not more."],
  ["typical...typical", "The address names no trace."],
])("says what is wrong with %s", (text, problem) => expect(parsePair(text)).toEqual({ problem }));
