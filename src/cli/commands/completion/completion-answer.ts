import type { Command } from "commander";
import { type Offer, offer } from "./complete.ts";
import { candidatesOf } from "./complete-sources.ts";

/** Longest description that is shown beside a word. */
const MOST_TEXT = 72;

/**
 * What the scripts of `spanloom completion` ask for: a line with `names` and `open` of the offer, then a line a
 * candidate. For zsh and fish a tab and a description follow the word.
 * @param args the shell, then for bash the line up to the cursor and its COMP_WORDBREAKS, for others the words up to it
 */
export async function completionAnswer(program: Command, args: readonly string[]): Promise<string> {
  const [shell = "", ...words] = args;
  if (shell === "bash") return forBash(program, words[0] ?? "", words[1] ?? "");
  const found = await offer(program, words.slice(0, -1), words.at(-1) ?? "", candidatesOf);
  const lines = found.candidates.map(({ value, text }) => {
    const line = text.replaceAll(/\s+/g, " ");
    return `${value}\t${line.length > MOST_TEXT ? `${line.slice(0, MOST_TEXT - 1)}…` : line}`;
  });
  return answer(found, lines);
}

function answer({ names, open }: Offer, lines: readonly string[]): string {
  return `${[`:${names ?? ""}${open === true ? "open" : ""}`, ...lines].join("\n")}\n`;
}

/** Bash has cut the line into words at other places than programs see, and wants words as they would be typed. */
async function forBash(program: Command, line: string, breaks: string): Promise<string> {
  const words = shellWords(line);
  const last = words.at(-1) as ShellWord;
  const before = words.slice(1, -1).map(({ text }) => text);
  const found = await offer(program, before, last.text, candidatesOf);
  // What stands before a break is no part of what bash replaces.
  const cut =
    last.quote !== ""
      ? 0
      : Math.max(...["=", ":"].map((one) => (breaks.includes(one) ? last.text.lastIndexOf(one) : -1))) + 1;
  const lines = found.candidates.map(({ value }) => {
    const rest = value.slice(cut);
    return last.quote === "" ? rest.replaceAll(/[^\w@%+=:,./-]/gu, "\\$&") : rest;
  });
  return answer(found, lines);
}

interface ShellWord {
  /** Without quotes and backslashes. */
  readonly text: string;
  /** The quote that is still open at its end. */
  readonly quote: string;
}

/** The words of a line that may end inside one; the last is empty after a space. */
export function shellWords(line: string): ShellWord[] {
  const words: ShellWord[] = [];
  let text = "";
  let quote = "";
  let begun = false;
  for (let i = 0; i < line.length; i++) {
    const character = line[i] as string;
    if (quote === "" && /\s/.test(character)) {
      if (begun) words.push({ text, quote });
      [text, begun] = ["", false];
    } else if (quote === "" && (character === '"' || character === "'")) [quote, begun] = [character, true];
    else if (character === quote) quote = "";
    else if (character === "\\" && quote !== "'") {
      i++;
      text += line[i] ?? "";
      begun = true;
    } else {
      text += character;
      begun = true;
    }
  }
  return [...words, { text, quote }];
}
