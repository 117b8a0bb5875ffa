import { Command } from "commander";
import { readVersion } from "../app/version.ts";
import { nearest } from "../model/text/nearest.ts";
import { addCertificate } from "./commands/certificate/certificate.ts";
import { addCompletion } from "./commands/completion/completion.ts";
import { addConfig } from "./commands/config.ts";
import { addDb } from "./commands/db/db.ts";
import { addList } from "./commands/list.ts";
import { addProxy } from "./commands/proxy.ts";
import { addRecord } from "./commands/recording/record.ts";
import { addReplay } from "./commands/recording/replay.ts";
import { addDiff } from "./commands/runs/diff.ts";
import { addRun } from "./commands/runs/run.ts";
import { addSearch } from "./commands/search.ts";
import { addSend } from "./commands/send.ts";
import { addServe } from "./commands/serve.ts";
import { addServices } from "./commands/services.ts";
import { addStatus } from "./commands/status.ts";
import { addTail } from "./commands/tail.ts";
import { addToken } from "./commands/token.ts";
import { addCompare } from "./commands/trace/compare.ts";
import { addExplain } from "./commands/trace/explain.ts";
import { addSave } from "./commands/trace/save.ts";
import { addTrace } from "./commands/trace/trace.ts";

/** Every command in the order of the help. A new one is a file beside this one and a line here. */
const COMMANDS: readonly ((program: Command) => void)[] = [
  addServe,
  addSend,
  addRecord,
  addReplay,
  addRun,
  addDiff,
  addSearch,
  addTrace,
  addExplain,
  addSave,
  addCompare,
  addTail,
  addList,
  addStatus,
  addDb,
  addProxy,
  addServices,
  addConfig,
  addCertificate,
  addToken,
  addCompletion,
];

/**
 * Ends with a usage error where the first word is no command: the default command would take it for an argument.
 * @param args what follows the program's name
 */
export function refuseUnknownCommand(program: Command, args: readonly string[]): void {
  const [word] = args;
  const known = [...program.commands.flatMap((command) => [command.name(), ...command.aliases()]), "help"];
  if (word === undefined || word.startsWith("-") || known.includes(word)) return;
  const near = nearest(word, known);
  program.error(`error: unknown command '${word}'${near === undefined ? "" : `\n(Did you mean ${near}?)`}`);
}

export function createProgram(): Command {
  const program = new Command("spanloom")
    .description("Tracing collector, store, web UI and proxy: receives OTLP, sends on as OTLP, Jaeger or Zipkin")
    .version(readVersion(), "-V, --version")
    .showHelpAfterError("(spanloom --help lists the commands)")
    .showSuggestionAfterError()
    .enablePositionalOptions()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, "spanloom: ")) })
    .exitOverride()
    .addHelpText(
      "after",
      `
Examples:
  spanloom                                 run the collector, data in ./spanloom-data
  spanloom --storage memory                keep nothing on disk
  spanloom send --demo                     send it the spans of a shop
  spanloom search --errors                 find traces with errors
  spanloom trace 0af76519                  show one by the first digits of its id
  spanloom explain 0af76519                say why it is slow, or where it failed
  spanloom save 0af76519 -o bug.html       its page as one file that needs no collector
  spanloom compare 0af76519                say how it differs from a typical one
  spanloom status                          what the collector does
  spanloom <command> --help                flags and examples of a command`,
    );
  for (const add of COMMANDS) add(program);
  for (const command of program.commands) pointToHelp(command, `spanloom ${command.name()}`);
  return program;
}

/** After a wrong flag, names the help of the very command. */
function pointToHelp(command: Command, words: string): void {
  command.showHelpAfterError(`(${words} --help shows its flags and examples)`);
  for (const inner of command.commands) pointToHelp(inner, `${words} ${inner.name()}`);
}
