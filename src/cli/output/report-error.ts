import { PermanentError, RetryableError } from "../../component/errors.ts";
import type { LogFields, LogLevel } from "../../component/logger.ts";
import { messageOf } from "../../model/message-of.ts";
import { EXIT } from "./exit-codes.ts";

/** How lines on stderr are written: for people, or one JSON object each. */
export type LineFormat = "text" | "json";

/** Writes why a command failed to stderr. @returns the exit code */
export function reportError(error: unknown, format: LineFormat = "text"): number {
  const message = messageOf(error);
  const known = error instanceof PermanentError || error instanceof RetryableError ? error.code : undefined;
  const stack = error instanceof Error && known === undefined ? error.stack : undefined;
  if (format === "json") {
    process.stderr.write(jsonLine("error", message, { code: known, stack }));
  } else {
    process.stderr.write(`spanloom: ${message}\n`);
    if (stack !== undefined && process.env.SPANLOOM_DEBUG) process.stderr.write(`${stack}\n`);
  }
  return known === undefined ? EXIT.failed : exitCode(known);
}

/** Has what the process itself would write, of faults and of warnings of Node's, written as JSON. */
export function reportFaultsAsJson(): void {
  process.on("uncaughtException", (error) => process.exit(reportError(error, "json")));
  process.removeAllListeners("warning");
  process.on("warning", ({ name, message }) => {
    process.stderr.write(jsonLine("warn", message, { warning: name }));
  });
}

/** A line as the collector's own log has it. */
export function jsonLine(level: LogLevel, message: string, fields: LogFields = {}): string {
  return `${JSON.stringify({ time: new Date().toISOString(), level, message, ...fields })}\n`;
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
