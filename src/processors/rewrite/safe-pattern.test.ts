import { describe, expect, it } from "vitest";
import { patternFault } from "./safe-pattern.ts";

describe("patternFault", () => {
  it.each([
    "[\\w.+-]+@[\\w-]+\\.[\\w.-]+",
    "(?:\\d{4}[ -]?){4}",
    "(?<=token=)[^&\\s]+",
    "Bearer [A-Za-z0-9._~+/-]+=?",
    "^eyJ[\\w-]+\\.[\\w-]+\\.[\\w-]+$",
    "a+|b+",
    "\\b\\d{13,16}\\b",
    "[(|)*]+x",
    "\\u{1F600}+",
    "(?<year>\\d{4})-\\d\\d",
  ])("takes %s", (source) => {
    expect(patternFault(source, "u")).toBeUndefined();
  });

  it.each([
    ["(a+)+b", "repeats a group that itself holds a repetition"],
    ["(?:a|a)*b", "repeats a group that itself holds a repetition or alternatives"],
    ["(?:\\w?){30}x", "repeats a group"],
    ["((a|b)c)*x", "repeats a group"],
    ["a+a+b", "two repetitions that can share characters"],
    [".*x.*y", "two repetitions that can share characters"],
    ["\\d+(?:-)?\\d+x", "two repetitions that can share characters"],
    ["(?:ab)+(?:ab)+x", "two repetitions that can share characters"],
    ["(a)\\1", "refers back"],
    ["(?<n>a)\\k<n>", "refers back"],
    ["a*", "matches the empty text"],
    ["[a", "is no regular expression"],
  ])("refuses %s", (source, why) => {
    expect(patternFault(source, "u")).toContain(why);
  });
});
