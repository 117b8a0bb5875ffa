import { EXIT } from "./exit-codes.ts";

/**
 * Says on stderr that what is printed may lack something, and has the command end with `EXIT.incomplete` where nothing
 * worse happens.
 * @param reason one sentence without a full stop
 */
export function reportIncomplete(reason: string): void {
  process.stderr.write(`spanloom: incomplete: ${reason}\n`);
  process.exitCode ??= EXIT.incomplete;
}
