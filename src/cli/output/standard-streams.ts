import { fileReason } from "../../component/reasons.ts";
import { EXIT } from "./exit-codes.ts";

/** The streams of the process, as far as errors go. */
interface Streams {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
}

/**
 * Ends a command whose output cannot be written: quietly where a reader such as `head` has seen enough, else with code
 * 1 and a message. A message that nobody can read ends nothing.
 * @param exit ends the process
 */
export function endWithOutput({ stdout, stderr }: Streams, exit: (code: number | undefined) => void): void {
  stderr.on("error", () => {});
  stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") return exit(undefined);
    stderr.write(`spanloom: stdout cannot be written: ${fileReason(error)}\n`);
    exit(EXIT.failed);
  });
}

/** For what runs on without anybody who reads its first lines. */
export function outliveOutput({ stdout }: Pick<Streams, "stdout">): void {
  stdout.removeAllListeners("error");
  stdout.on("error", () => {});
}
