import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { createGunzip } from "node:zlib";
import { jsonToTraces } from "../codec/otlp/json-in.ts";
import { PermanentError } from "../component/errors.ts";
import type { TracesData } from "../model/span.ts";

/** One line of a recording: OTLP JSON Lines as the Collector's file exporter writes them, one TracesData a line. */
export interface RecordedLine {
  /** From 1, as editors count. */
  readonly line: number;
  readonly data: TracesData;
}

/**
 * Reads a recording line by line; `.gz` is inflated; empty lines are skipped. A line that cannot be read goes to
 * `onBadLine` with the reason and is left out. Throws PermanentError `bad_request` when the file cannot be read at all.
 */
export async function* readRecording(
  path: string,
  onBadLine: (line: number, reason: string) => void,
): AsyncGenerator<RecordedLine> {
  const file = createReadStream(path);
  const input = path.endsWith(".gz") ? file.pipe(createGunzip()) : file;
  if (input !== file) file.on("error", (error) => input.destroy(error));
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  let line = 0;
  let failure: Error | undefined;
  input.on("error", (error: Error) => {
    failure = error;
    lines.close();
  });
  for await (const text of lines) {
    line++;
    if (text.trim() === "") continue;
    try {
      yield { line, data: jsonToTraces(Buffer.from(text)) };
    } catch (error) {
      onBadLine(line, error instanceof Error ? error.message : String(error));
    }
  }
  if (failure !== undefined) {
    const why = (failure as NodeJS.ErrnoException).code === "ENOENT" ? "no such file" : failure.message;
    throw new PermanentError("bad_request", `${path}: cannot read the recording: ${why}`, { cause: failure });
  }
}
