import { CommanderError } from "commander";
import { PermanentError, RetryableError } from "../component/errors.ts";
import { messageOf } from "../model/message-of.ts";
import { COMPLETE } from "./commands/completion.ts";
import { freeBuffersAtOnce } from "./garbage-collection.ts";
import { EXIT } from "./output/exit-codes.ts";
import { endWithOutput } from "./output/standard-streams.ts";
import { createProgram, refuseUnknownCommand } from "./program.ts";

/** Does what the arguments say, and ends the process where that failed. */
export async function runCommand(): Promise<void> {
  endWithOutput(process, (code) => process.exit(code));

  freeBuffersAtOnce();
  try {
    const program = createProgram();
    const [word, ...rest] = process.argv.slice(2);
    if (word === COMPLETE) {
      const { completionAnswer } = await import("./commands/completion-answer.ts");
      process.stdout.write(await completionAnswer(program, rest));
    } else {
      refuseUnknownCommand(program, process.argv.slice(2));
      await program.parseAsync();
    }
  } catch (error) {
    process.exit(report(error));
  }
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const message = messageOf(error);
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
