import { describe, expect, it } from "vitest";
import { createProgram } from "../../program.ts";
import { offer } from "./complete.ts";
import type { Source } from "./complete-sources.ts";
import { completionAnswer, shellWords } from "./completion-answer.ts";

const asked: Source[] = [];

/** What fits the last word; a source that would be asked stands for itself. */
async function offered(...words: string[]) {
  const { candidates, names, open } = await offer(
    createProgram(),
    words.slice(0, -1),
    words.at(-1) as string,
    async (source) => {
      asked.push(source);
      return (typeof source === "string" ? [`<${source}>`] : source).map((value) => ({ value, text: "" }));
    },
  );
  return [
    ...candidates.map(({ value }) => value),
    ...(names === undefined ? [] : [`(${names})`]),
    ...(open ? ["…"] : []),
  ];
}

describe("offer", () => {
  it.each([
    [["rep"], ["replay"]],
    [["search", "--min"], ["--min-duration"]],
    [["config", "pr"], ["print"]],
    [
      ["config", "check", "--otlp"],
      ["--otlp-grpc", "--otlp-http"],
    ],
    [["--help", "trace", "--er"], ["--errors"]],
    [["--stor"], ["--storage"]],
    [["--storage", "m"], ["memory"]],
    [["serve", "--storage=s"], ["--storage=sqlite"]],
    [["search", "-s", ""], ["<services>"]],
    [["search", "--service=<"], ["--service=<services>"]],
    [["list", "operation", ""], ["<services>"]],
    [["search", "--operation", "<"], ["<operations>"]],
    [["trace", "<t"], ["<traces>"]],
    [["db", "delete", "1", "2", "<"], ["<traces>"]],
    [
      ["completion", ""],
      ["bash", "zsh", "fish"],
    ],
    [["replay", "--at", "n"], ["now"]],
    [["replay", "a.jsonl", ""], ["(files)"]],
    [["db", "backup", ""], ["(folders)"]],
    [["-c", ""], ["(files)"]],
    [
      ["--set", ""],
      ["<settings>", "…"],
    ],
    [["search", "--", "--min"], []],
    [["trace", "1", ""], []],
  ])("after %j is %j", async (words, fits) => {
    expect(await offered(...words)).toEqual(fits);
  });

  it("knows every command", async () => {
    const names = createProgram().commands.map((command) => command.name());
    expect(await offered("")).toEqual(names);
    expect(names).toContain("status");
  });
});

describe("shellWords", () => {
  it("reads quotes and backslashes, and knows what is still open", () => {
    expect(shellWords(`spanloom -s 'a b' c\\ d"e f" "g`)).toEqual([
      ...["spanloom", "-s", "a b", "c de f"].map((text) => ({ text, quote: "" })),
      { text: "g", quote: '"' },
    ]);
    expect(shellWords("a ").at(-1)).toEqual({ text: "", quote: "" });
  });
});

describe("completionAnswer", () => {
  const answer = (...args: string[]) => completionAnswer(createProgram(), args);

  it("gives bash what it replaces: the part after its own breaks", async () => {
    expect(await answer("bash", "spanloom serve --storage=m", "=:")).toBe(":\nmemory\n");
    expect(await answer("bash", "spanloom serve --storage=m", "")).toBe(":\n--storage=memory\n");
    expect(await answer("bash", 'spanloom serve --storage "m', "=:")).toBe(":\nmemory\n");
  });

  it("gives others a description", async () => {
    expect(await answer("fish", "config", "sch")).toBe(
      ":\nschema\tprint the JSON Schema of the config file, for editors\n",
    );
  });
});
