#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { readVersion } from "../app/version.ts";
import { PermanentError, RetryableError } from "../component/errors.ts";
import { addConfig } from "./config.ts";
import { EXIT } from "./exit-codes.ts";
import { addReplay } from "./replay.ts";
import { addSearch } from "./search.ts";
import { addSend } from "./send.ts";
import { addServe } from "./serve.ts";
import { addTail } from "./tail.ts";
import { addTrace } from "./trace.ts";

const program = new Command("spanloom")
  .description("Tracing collector, store, UI and proxy: OpenTelemetry, Jaeger and Zipkin compatible")
  .version(readVersion(), "-V, --version")
  .showHelpAfterError("(spanloom --help lists the commands and flags)")
  .showSuggestionAfterError()
  .enablePositionalOptions()
  .exitOverride();
for (const add of [addServe, addReplay, addSend, addSearch, addTrace, addTail, addConfig]) add(program);

try {
  await program.parseAsync();
} catch (error) {
  process.exit(report(error));
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`spanloom: ${message}\n`);
  if (error instanceof PermanentError || error instanceof RetryableError) return exitCode(error.code);
  if (error instanceof Error && process.env.SPANLOOM_DEBUG) process.stderr.write(`${error.stack}\n`);
  return EXIT.failed;
}

function exitCode(code: string): number {
  switch (code) {
    case "config_invalid":
    case "bad_request":
    case "malformed":
      return EXIT.usage;
    case "data_folder_in_use":
    case "data_folder_unusable":
    case "data_format_unknown":
      return EXIT.data;
    case "listen_failed":
      return EXIT.listen;
    case "unreachable":
      return EXIT.unreachable;
    default:
      return EXIT.failed;
  }
}
