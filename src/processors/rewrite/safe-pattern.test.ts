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
    "(?:\\d{1,3}\\.){3}\\d{1,3}",
    "\\b(?:\\d[ -]?){13,16}\\b",
    "(\\w+)\\s*=\\s*(\\w+)",
    "\\w+(?:\\.\\w+)?@",
    "https?://[^/\\s:@]+:[^/\\s@]+@",
    "(?:ab?)+c",
  ])("takes %s", (source) => {
    expect(patternFault(source, "u")).toBeUndefined();
  });

  it.each([
    ["(a+)+b", "two repetitions that can share characters (the second at 1)"],
    ["(?:a|a)*b", "repeats a group that holds alternatives"],
    ["(?:(?:x)?y)*z", "repeats a group that holds alternatives or an optional group"],
    ["(?:\\w?){30}x", "two repetitions that can share characters"],
    ["(?:\\w{1,31}){1,8}-", "two repetitions that can share characters"],
    ["\\w{1,31}\\w{1,31}-", "two repetitions that can share characters"],
    ["((a|b)c)*x", "repeats a group"],
    ["a+a+b", "two repetitions that can share characters"],
    ["\\u{1F600}+\\u{1F600}+x", "two repetitions that can share characters"],
    ["a+b*a+c", "two repetitions that can share characters"],
    [".*x.*y", "two repetitions that can share characters"],
    ["\\d+(?:-)?\\d+x", "two repetitions that can share characters"],
    ["(?:ab)+(?:ab)+x", "two repetitions that can share characters"],
    ["(?=(a+)+b)a", "two repetitions that can share characters"],
    ["a|(b+)+c", "two repetitions that can share characters"],
    ["(x|x)(x|x)(x|x)(x|x)(x|x)(x|x)(x|x)(x|x)(x|x)y", "more than 8 alternatives"],
    ["(a)\\1", "refers back"],
    ["(?<n>a)\\k<n>", "refers back"],
    ["a*", "matches the empty text"],
    ["[a", "is no regular expression"],
  ])("refuses %s", (source, why) => {
    expect(patternFault(source, "u")).toContain(why);
  });
});
