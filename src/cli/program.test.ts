import type { Command } from "commander";
import { describe, expect, it } from "vitest";
import { createProgram } from "./program.ts";

/** Every command with what --help prints. */
function helps(command: Command, path: readonly string[]): [name: string, help: string][] {
  let help = "";
  command.configureOutput({
    writeOut: (text) => {
      help += text;
    },
  });
  command.outputHelp();
  return [[path.join(" "), help], ...command.commands.flatMap((one) => helps(one, [...path, one.name()]))];
}

describe("help", () => {
  it.each(helps(createProgram(), ["spanloom"]))("of %s has examples that name the command", (name, help) => {
    const [, examples = ""] = help.split("\nExamples:\n");
    expect(examples).toContain(name);
    for (const line of examples.trimEnd().split("\n")) expect(line).toMatch(/^ {2}\S/);
  });

  it("has no command without a description, and no flag", () => {
    const all = (command: Command): Command[] => [command, ...command.commands.flatMap(all)];
    const silent = all(createProgram()).flatMap((command) => [
      ...(command.description() === "" ? [command.name()] : []),
      ...command.options
        .filter(({ description }) => description === "")
        .map(({ flags }) => `${command.name()} ${flags}`),
    ]);
    expect(silent).toEqual([]);
  });
});
