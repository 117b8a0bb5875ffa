import type { BatchSink } from "../../../component/ingest.ts";
import { readRecording } from "../../../replay/recording.ts";

export interface ImportOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (lines: number, spans: number) => void;
  readonly onBadLine: (file: string, line: number, reason: string) => void;
}

export interface ImportSummary {
  readonly spans: number;
  readonly rejectedSpans: number;
  readonly badLines: number;
  readonly interrupted: boolean;
}

const MAX_BYTES = 1 << 30;
/** Lines on their way together share a commit. */
const TOGETHER = 64;

/** Stores recordings. Throws PermanentError where a file cannot be read, RetryableError where the disk is full. */
export async function importFiles(
  sink: BatchSink,
  files: readonly string[],
  { signal, onProgress, onBadLine }: ImportOptions,
): Promise<ImportSummary> {
  let lines = 0;
  let spans = 0;
  let rejectedSpans = 0;
  let badLines = 0;
  let waiting: Promise<void>[] = [];
  const settle = async () => {
    await Promise.all(waiting);
    waiting = [];
    onProgress(lines, spans);
  };
  const summary = (interrupted: boolean): ImportSummary => ({ spans, rejectedSpans, badLines, interrupted });
  for (const file of files) {
    const recording = readRecording(file, {
      onBadLine: (line, reason) => {
        badLines++;
        onBadLine(file, line, reason);
      },
    });
    for await (const { body: bytes } of recording) {
      if (signal.aborted) {
        await settle();
        return summary(true);
      }
      const batch = {
        format: "otlp_protobuf",
        encoding: "identity",
        bytes,
        maxBytes: MAX_BYTES,
        receivedAtMs: Date.now(),
        source: "import",
      } as const;
      const stored = sink.append(batch).then((result) => {
        spans += result.accepted;
        rejectedSpans += result.rejected;
      });
      // Met by `settle`; until then it must not count as unhandled.
      stored.catch(() => {});
      waiting.push(stored);
      lines++;
      if (waiting.length >= TOGETHER) await settle();
    }
  }
  await settle();
  return summary(false);
}
