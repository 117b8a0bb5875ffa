import type { Command } from "commander";
import { describe, expect, it } from "vitest";
import { PermanentError } from "../../component/errors.ts";
import { createProgram, refuseUnknownCommand } from "../program.ts";
import {
  checkDuration,
  checkLookback,
  checkName,
  checkUrl,
  collectTag,
  parseDurationMs,
  parsePositive,
  tagsJson,
} from "./option-values.ts";
import { searchQuery } from "./search-conditions.ts";

describe("values of flags", () => {
  it("are taken as they are meant", () => {
    expect(checkUrl("https://collector.example/traces")).toBe("https://collector.example/traces");
    expect(parsePositive("20")).toBe(20);
    expect(parseDurationMs("1.5s")).toBe(1_500);
    for (const text of ["1.5s", "200ms", "50us", "1h30m"]) expect(checkDuration(text)).toBe(text);
    expect(checkName("POST /charge")).toBe("POST /charge");
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
    [checkLookback, "0h"],
    [checkDuration, "fast"],
    [checkDuration, "5"],
    [checkDuration, "-5ms"],
    [checkName, ""],
    [checkName, "--url"],
    [collectTag, "user"],
    [collectTag, "=4711"],
  ])("%o refuses %j and says what was expected", (check: (text: string) => unknown, text) =>
    expect(() => check(text)).toThrow(/^expected /),
  );
});

it("bounds of a duration that contradict each other are refused before anybody is asked", () => {
  const query = (minDuration: string, maxDuration: string) => searchQuery({ errors: false, minDuration, maxDuration });
  expect(query("1s", "1000ms").get("maxDuration")).toBe("1000ms");
  expect(() => query("2s", "1s")).toThrow(PermanentError);
  expect(() => query("2s", "1s")).toThrow("--max-duration 1s: expected at least --min-duration, which is 2s");
});

describe("the help", () => {
  const everyCommand = (command: Command): Command[] => [command, ...command.commands.flatMap(everyCommand)];
  const commands = createProgram()
    .commands.flatMap(everyCommand)
    .filter(({ commands }) => commands.length === 0);

  it.each(commands.map((command) => [pathOf(command), command] as const))("of %s has examples", (path, command) => {
    let written = "";
    command.configureOutput({ writeOut: (text) => (written += text) }).outputHelp();
    const [, examples = ""] = written.split("\nExamples:\n");
    expect(examples).toMatch(new RegExp(`^  .*\\bspanloom${path === "serve" ? "" : ` ${path}`}\\b`, "m"));
  });

  it("of the very command is named after a wrong flag", () => {
    let written = "";
    const program = createProgram();
    for (const command of everyCommand(program)) {
      command.configureOutput({ writeErr: (text) => (written += text) });
    }
    expect(() => program.parse(["db", "stats", "--nosuch"], { from: "user" })).toThrow();
    expect(written).toBe(
      "spanloom: unknown option '--nosuch'\n(spanloom db stats --help shows its flags and examples)\n",
    );
  });

  function pathOf(command: Command): string {
    const { parent } = command;
    return parent === null || parent.parent === null ? command.name() : `${pathOf(parent)} ${command.name()}`;
  }
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
