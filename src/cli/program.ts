import { Command } from "commander";
import { readVersion } from "../app/version.ts";
import { addCompletion } from "./completion.ts";
import { addConfig } from "./config.ts";
import { addDb } from "./db.ts";
import { addProxy } from "./proxy.ts";
import { addReplay } from "./replay.ts";
import { addSearch } from "./search.ts";
import { addSend } from "./send.ts";
import { addServe } from "./serve.ts";
import { addServices } from "./services.ts";
import { addTail } from "./tail.ts";
import { addTrace } from "./trace.ts";

/** Every command in the order of the help. A new one is a file beside this one and a line here. */
const COMMANDS: readonly ((program: Command) => void)[] = [
  addServe,
  addSend,
  addReplay,
  addSearch,
  addTrace,
  addTail,
  addDb,
  addProxy,
  addServices,
  addConfig,
  addCompletion,
];

export function createProgram(): Command {
  const program = new Command("spanloom")
    .description("Tracing collector, store, UI and proxy: OpenTelemetry, Jaeger and Zipkin compatible")
    .version(readVersion(), "-V, --version")
    .showHelpAfterError("(spanloom --help lists the commands and flags)")
    .showSuggestionAfterError()
    .enablePositionalOptions()
    .exitOverride();
  for (const add of COMMANDS) add(program);
  return program;
}
