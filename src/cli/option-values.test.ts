import { describe, expect, it } from "vitest";
import { checkLookback, checkUrl, collectTag, parseDurationMs, parsePositive, tagsJson } from "./option-values.ts";
import { createProgram, refuseUnknownCommand } from "./program.ts";

describe("values of flags", () => {
  it("are taken as they are meant", () => {
    expect(checkUrl("https://collector.example/traces")).toBe("https://collector.example/traces");
    expect(parsePositive("20")).toBe(20);
    expect(parseDurationMs("1.5s")).toBe(1_500);
    for (const text of ["15m", "1h30m", "2d", "1w", "500ms"]) expect(checkLookback(text)).toBe(text);
    const tags = collectTag("http.url=/a?b=c", collectTag("user=4711"));
    expect(JSON.parse(tagsJson(tags))).toEqual({ user: "4711", "http.url": "/a?b=c" });
    expect(JSON.parse(tagsJson(collectTag("empty=")))).toEqual({ empty: "" });
  });

  it.each([
    [checkUrl, "localhost:16686"],
    [checkUrl, "ftp://collector"],
    [parsePositive, "0"],
    [parsePositive, "1.5"],
    [parseDurationMs, "5"],
    [checkLookback, "5"],
    [checkLookback, "soon"],
    [checkLookback, "1d5h"],
    [collectTag, "user"],
    [collectTag, "=4711"],
  ])("%o refuses %j and says what was expected", (check: (text: string) => unknown, text) =>
    expect(() => check(text)).toThrow(/^expected /),
  );
});

describe("the first word", () => {
  const refuse = (...args: string[]) => {
    let written = "";
    const program = createProgram().configureOutput({
      writeErr: (text) => {
        written += text;
      },
    });
    try {
      refuseUnknownCommand(program, args);
    } catch {
      return written;
    }
    return undefined;
  };

  it("is a command, a flag or nothing", () => {
    for (const args of [[], ["serve"], ["help", "x"], ["--ui", "x"], ["-c", "sevre"]])
      expect(refuse(...args)).toBeUndefined();
  });

  it("names the nearest command otherwise", () => {
    expect(refuse("sevre")).toContain("unknown command 'sevre'\n(Did you mean serve?)");
    expect(refuse("xyzzy")).toMatch(/unknown command 'xyzzy'\n\(spanloom --help/);
  });
});
