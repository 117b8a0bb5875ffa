import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { createProgram } from "../program.ts";
import { completionScript } from "./completion.ts";

/** What bash offers after these words. */
function offered(...words: string[]): string[] {
  const script = `${completionScript(createProgram(), "bash")}
COMP_WORDS=(spanloom ${words.map((word) => `'${word}'`).join(" ")})
COMP_CWORD=${words.length}
_spanloom
printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync("bash", ["-c", script]).toString().trim().split("\n");
}

describe("completion", () => {
  it("offers commands, subcommands and flags in bash", () => {
    expect(offered("re")).toEqual(["replay"]);
    expect(offered("search", "--min")).toEqual(["--min-duration"]);
    expect(offered("config", "pr")).toEqual(["print"]);
    expect(offered("config", "check", "--otlp")).toEqual(["--otlp-grpc", "--otlp-http"]);
    expect(offered("--help", "trace", "--er")).toEqual(["--errors"]);
  });

  it("knows every command in every shell", () => {
    const program = createProgram();
    for (const shell of ["bash", "zsh", "fish"] as const) {
      const script = completionScript(program, shell);
      for (const command of program.commands) expect(script).toContain(command.name());
    }
    expect(completionScript(program, "zsh")).toMatch(/^#compdef spanloom\n/);
  });
});
