import type { Command, Option } from "commander";
import { type Candidate, type Source, sourceOfArgument, sourceOfOption } from "./complete-sources.ts";

/** What a shell may offer for the word under the cursor. */
export interface Offer {
  readonly candidates: readonly Candidate[];
  /** The shell adds names of its own. */
  readonly names?: "files" | "folders";
  /** Something has to follow what is chosen, without a space. */
  readonly open?: boolean;
}

/** What was typed before the word under the cursor. */
export interface Typed {
  readonly command: Command;
  /** Values by the attribute name of their option. */
  readonly options: ReadonlyMap<string, readonly string[]>;
  readonly args: readonly string[];
  /** An option that waits for its value. */
  readonly waiting: Option | undefined;
  /** Only arguments follow. */
  readonly argsOnly: boolean;
}

/** Runs where no command is named. */
const DEFAULT_COMMAND = "serve";

/**
 * What fits a word of a command line.
 * @param before the words between the program's name and this one
 * @param ask gives the values of a source
 */
export async function offer(
  program: Command,
  before: readonly string[],
  current: string,
  ask: (source: Source, typed: Typed) => Promise<readonly Candidate[]>,
): Promise<Offer> {
  const typed = readWords(program, before);
  const valuesOf = async (source: Source, prefix = ""): Promise<Offer> => {
    if (source === "files" || source === "folders") return { candidates: [], names: source };
    const values = await ask(source, typed);
    const candidates = values.map(({ value, text }) => ({ value: prefix + value, text }));
    return { candidates: fitting(candidates, current), ...(source === "settings" ? { open: true } : {}) };
  };
  if (typed.waiting !== undefined) return valuesOf(sourceOfOption(typed.waiting));
  const [, name, text] = /^(--[\w-]+=)(.*)$/s.exec(current) ?? [];
  if (name !== undefined && text !== undefined && !typed.argsOnly) {
    const option = findOption(program, typed.command, name.slice(0, -1));
    return option === undefined ? { candidates: [] } : valuesOf(sourceOfOption(option), name);
  }
  if (current.startsWith("-") && !typed.argsOnly) {
    const flags = optionsOf(program, typed.command).flatMap((option) => flagsOf(option, current));
    return { candidates: fitting([...flags, { value: "--help", text: "show help" }], current) };
  }
  if (typed.args.length === 0 && typed.command.commands.length > 0) {
    const commands = typed.command.commands.map((one) => ({
      value: one.name(),
      text: one.summary() || one.description(),
    }));
    return { candidates: fitting(commands, current) };
  }
  const declared = typed.command.registeredArguments;
  const last = declared.at(-1);
  const argument = declared[typed.args.length] ?? (last?.variadic ? last : undefined);
  return argument === undefined ? { candidates: [] } : valuesOf(sourceOfArgument(typed.command, argument));
}

function readWords(program: Command, words: readonly string[]): Typed {
  let command = program;
  let waiting: Option | undefined;
  let argsOnly = false;
  const options = new Map<string, string[]>();
  const args: string[] = [];
  const put = (option: Option, value: string) =>
    options.set(option.attributeName(), [...(options.get(option.attributeName()) ?? []), value]);
  for (const word of words) {
    if (waiting !== undefined) {
      put(waiting, word);
      waiting = undefined;
    } else if (argsOnly || !word.startsWith("-") || word === "-") {
      const below = command.commands.find((one) => one.name() === word || one.aliases().includes(word));
      if (below !== undefined && args.length === 0 && !argsOnly) command = below;
      else args.push(word);
    } else if (word === "--") argsOnly = true;
    else {
      const [, name = word, value] = /^(--[\w-]+)=(.*)$/s.exec(word) ?? [];
      const option = findOption(program, command, name);
      if (option === undefined || !(option.required || option.optional)) continue;
      if (value === undefined) waiting = option;
      else put(option, value);
    }
  }
  return { command, options, args, waiting, argsOnly };
}

function findOption(program: Command, command: Command, name: string): Option | undefined {
  return optionsOf(program, command).find(({ long, short }) => long === name || short === name);
}

/** Flags before any command are those of the default one. */
function optionsOf(program: Command, command: Command): readonly Option[] {
  if (command !== program) return command.options;
  const fallback = program.commands.find((one) => one.name() === DEFAULT_COMMAND);
  return [...program.options, ...(fallback?.options ?? [])];
}

/** A short flag is offered to whom types one dash. */
function flagsOf({ long, short, description }: Option, current: string): Candidate[] {
  const names = current.startsWith("--") || current === "-" ? [long] : [short];
  return names.flatMap((value) => (value === undefined || value === null ? [] : [{ value, text: description }]));
}

function fitting(candidates: readonly Candidate[], current: string): Candidate[] {
  return candidates.filter(({ value }) => value.startsWith(current));
}
