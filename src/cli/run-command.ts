import { CommanderError } from "commander";
import { COMPLETE } from "./commands/completion/completion.ts";
import { freeBuffersAtOnce } from "./garbage-collection.ts";
import { EXIT } from "./output/exit-codes.ts";
import { reportError } from "./output/report-error.ts";
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
      const { completionAnswer } = await import("./commands/completion/completion-answer.ts");
      process.stdout.write(await completionAnswer(program, rest));
    } else {
      refuseUnknownCommand(program, process.argv.slice(2));
      await program.parseAsync();
    }
  } catch (error) {
    // Commander has written its own.
    if (error instanceof CommanderError) process.exit(error.exitCode === 0 ? EXIT.ok : EXIT.usage);
    process.exit(reportError(error));
  }
}
