import { isUtf8 } from "node:buffer";
import { JsonTraces } from "../codec/otlp/json/json-in.ts";
import { OtherSignalError } from "../codec/otlp/message/other-signal.ts";
import { Refusals } from "../codec/otlp/message/refusals.ts";
import { NO_SPAN_LIMITS } from "../codec/otlp/message/span-limits.ts";
import { spanlessText } from "../codec/otlp/message/spanless.ts";
import { PermanentError } from "../component/errors.ts";
import { messageOf } from "../model/message-of.ts";
import { linesOf } from "./lines.ts";
import { openRecording, unreadableRecording } from "./open-recording.ts";

/** One line of a recording: OTLP JSON Lines as the Collector's file exporter writes them, one TracesData a line. */
export interface RecordedLine {
  /** From 1, as editors count. */
  readonly line: number;
  /** The same as OTLP protobuf, a TracesData message. */
  readonly body: Uint8Array<ArrayBuffer>;
  readonly spans: number;
  /** Bytes of the file that were read by then, as it lies there. */
  readonly bytesRead: number;
}

export type OnLine = (line: number, text: string) => void;

export interface ReadSettings {
  /**
   * Told of a line that cannot be read, or holds something and no spans, and is left out; and of one with spans that
   * cannot be read: only those are left out.
   */
  readonly onBadLine: OnLine;
  /** Told of fields that OTLP does not have, once for each name: they were passed over. */
  readonly onUnknownField?: OnLine;
  /** A longer line is a bad one, bytes; no more than that is held of any. Default: 64 MiB. */
  readonly maxLineBytes?: number;
}

/** The Collector's file exporter writes a batch a line: eight thousand spans of a kilobyte. */
const MAX_LINE_BYTES = 64 << 20;
/** Names that are told of; beyond them the file is something else. */
const MAX_UNKNOWN = 20;

/**
 * Reads a recording line by line, `-` from stdin; gzip and zstd are inflated; empty lines are skipped.
 * @throws PermanentError `bad_request` when the file cannot be read at all, `malformed` when it is damaged
 */
export async function* readRecording(path: string, settings: ReadSettings): AsyncGenerator<RecordedLine, void> {
  const { onBadLine, maxLineBytes = MAX_LINE_BYTES } = settings;
  const recording = await openRecording(path);
  const unknown = new UnknownFields(settings.onUnknownField);
  let line = 0;
  try {
    for await (const bytes of linesOf(recording.text, maxLineBytes)) {
      line++;
      if ("tooLong" in bytes) {
        onBadLine(
          line,
          `the line has ${bytes.tooLong} bytes; expected at most ${maxLineBytes}, one batch of spans a line`,
        );
        continue;
      }
      if (isBlank(bytes)) continue;
      if (!isUtf8(bytes)) {
        onBadLine(line, `expected text in UTF-8, found byte ${firstOddByte(bytes)}`);
        continue;
      }
      const read = parse(bytes, line, onBadLine, unknown);
      if (read !== undefined) yield { line, ...read, bytesRead: recording.bytesRead() };
    }
  } catch (cause) {
    throw cause instanceof PermanentError
      ? cause
      : unreadableRecording(path, cause, line === 0 ? "" : ` after line ${line}`);
  } finally {
    await recording.close();
  }
}

/** Tells of each name once. */
class UnknownFields {
  readonly #onField: OnLine | undefined;
  readonly #told = new Set<string>();

  constructor(onField: OnLine | undefined) {
    this.#onField = onField;
  }

  tell(line: number, places: readonly string[]): void {
    for (const place of places) {
      const name = place.replaceAll(/\[\d+\]/g, "[]");
      if (this.#told.has(name) || this.#told.size === MAX_UNKNOWN) continue;
      this.#told.add(name);
      this.#onField?.(line, place);
    }
  }
}

function parse(
  bytes: Buffer,
  line: number,
  onBadLine: OnLine,
  unknown: UnknownFields,
): Pick<RecordedLine, "body" | "spans"> | undefined {
  try {
    const refusals = new Refusals();
    const reading = new JsonTraces(bytes, NO_SPAN_LIMITS, refusals);
    const { body, marks } = reading.whole();
    if (refusals.message !== "") onBadLine(line, refusals.message);
    if (marks.length > 0) unknown.tell(line, reading.unknownFields);
    if (marks.length > 0 || (refusals.count === 0 && reading.saysNothing)) return { body, spans: marks.length };
    if (refusals.count === 0) onBadLine(line, spanlessText(bytes.length, reading.unknownFields));
    return undefined;
  } catch (error) {
    onBadLine(line, reasonOf(error));
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof OtherSignalError)) return messageOf(error);
  return `found OTLP ${error.signal}, expected traces: an object with resourceSpans`;
}

/** `0xe9 at 17`: where a decoder gives up first. */
function firstOddByte(bytes: Buffer): string {
  const at = Buffer.from(bytes.toString("utf8").split("\ufffd", 1)[0] as string).length;
  return `0x${bytes.toString("hex", at, at + 1)} at ${at}`;
}

function isBlank(bytes: Buffer): boolean {
  for (const byte of bytes) if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return false;
  return true;
}
