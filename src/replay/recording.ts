import { type FileHandle, open } from "node:fs/promises";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { JsonTraces } from "../codec/otlp/json/json-in.ts";
import { decodeTraces } from "../codec/otlp/message/decode.ts";
import { Refusals } from "../codec/otlp/message/refusals.ts";
import { NO_SPAN_LIMITS } from "../codec/otlp/message/span-limits.ts";
import { spanlessText } from "../codec/otlp/message/spanless.ts";
import { PermanentError } from "../component/errors.ts";
import { fileReason } from "../component/reasons.ts";
import { messageOf } from "../model/message-of.ts";
import type { TracesData } from "../model/span.ts";
import { linesOf } from "./lines.ts";

/** One line of a recording: OTLP JSON Lines as the Collector's file exporter writes them, one TracesData a line. */
export interface RecordedLine {
  /** From 1, as editors count. */
  readonly line: number;
  readonly data: TracesData;
}

/**
 * Reads a recording line by line; `.gz` is inflated; empty lines are skipped. A line that cannot be read goes to
 * `onBadLine` with the reason and is left out, and so does one that holds something and no spans; one with spans that
 * cannot be read goes there, too, and only those are left out.
 * Throws PermanentError `bad_request` when the file cannot be read at all.
 */
export async function* readRecording(
  path: string,
  onBadLine: (line: number, reason: string) => void,
): AsyncGenerator<RecordedLine> {
  const handle = await openRecording(path);
  try {
    const file = handle.createReadStream({ autoClose: false });
    const input = path.endsWith(".gz") ? pipeline(file, createGunzip(), () => {}) : file;
    let line = 0;
    for await (const bytes of linesOf(input)) {
      line++;
      if (bytes.toString("latin1").trim() === "") continue;
      const data = parse(bytes, (reason) => onBadLine(line, reason));
      if (data !== undefined) yield { line, data };
    }
  } catch (cause) {
    throw unreadable(path, cause);
  } finally {
    await handle.close();
  }
}

/** Whether a recording can be opened. Throws PermanentError `bad_request`, as `readRecording`. */
export async function checkRecording(path: string): Promise<void> {
  await (await openRecording(path)).close();
}

function openRecording(path: string): Promise<FileHandle> {
  return open(path).catch((cause: NodeJS.ErrnoException) => {
    throw unreadable(path, cause);
  });
}

function parse(bytes: Buffer, onBad: (reason: string) => void): TracesData | undefined {
  try {
    const refusals = new Refusals();
    const reading = new JsonTraces(bytes, NO_SPAN_LIMITS, refusals);
    const { body } = reading.whole();
    if (refusals.message !== "") onBad(refusals.message);
    const data = decodeTraces(body);
    if (data.some(({ scopeSpans }) => scopeSpans.some(({ spans }) => spans.length > 0))) return data;
    if (refusals.count > 0) return undefined;
    if (reading.saysNothing) return data;
    onBad(spanlessText(bytes.length, reading.unknownFields));
    return undefined;
  } catch (error) {
    onBad(messageOf(error));
    return undefined;
  }
}

function unreadable(path: string, cause: unknown): PermanentError {
  return new PermanentError("bad_request", `${path}: cannot read the recording: ${fileReason(cause)}`, { cause });
}
