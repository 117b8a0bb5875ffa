import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { encodeTraces } from "../codec/otlp/message/encode.ts";
import { OtlpClient } from "./otlp-client.ts";
import { type RecordedLine, readRecording } from "./recording.ts";
import { rewriteTraces, timeRange } from "./rewrite.ts";

export interface ReplaySettings {
  readonly files: readonly string[];
  /** OTLP/HTTP base, for example `http://127.0.0.1:4318`. */
  readonly endpoint: string;
  /** `max`, or how many times faster than it was recorded. */
  readonly speed: "max" | number;
  /** `now` moves the recording so that its last span ends when the replay begins. */
  readonly at: "original" | "now";
  readonly freshIds: boolean;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: ReplayProgress) => void;
  readonly onBadLine?: (file: string, line: number, reason: string) => void;
}

export interface ReplayProgress {
  readonly requests: number;
  readonly totalRequests: number;
  readonly spans: number;
  readonly totalSpans: number;
}

export interface ReplaySummary {
  readonly files: number;
  readonly requests: number;
  readonly spans: number;
  /** Spans the receiver refused, by partial success. */
  readonly rejectedSpans: number;
  /** Reasons that receivers gave, each once. */
  readonly messages: readonly string[];
  readonly badLines: number;
  readonly seconds: number;
  readonly interrupted: boolean;
}

/**
 * Sends recordings to a collector as OTLP/HTTP protobuf, one request a line, in file order. Overload is waited out.
 * Throws PermanentError: `unreachable` where nothing answers, `bad_request` where a file cannot be read.
 */
export async function replay(settings: ReplaySettings): Promise<ReplaySummary> {
  const started = Date.now();
  const survey = await surveyFiles(settings);
  const shiftNano = settings.at === "now" ? BigInt(started) * 1_000_000n - survey.last : 0n;
  const rewrite = { shiftNano, idSeed: settings.freshIds ? randomUUID() : undefined };
  const tally = { requests: 0, spans: 0, rejectedSpans: 0 };
  const messages = new Set<string>();
  const client = new OtlpClient(settings.endpoint, settings.signal);
  let interrupted = false;

  outer: for (const file of settings.files) {
    for await (const recorded of readRecording(file, () => {})) {
      if (settings.signal.aborted) {
        interrupted = true;
        break outer;
      }
      await pace(settings, recorded, survey.firstArrival, started);
      const range = timeRange(recorded.data);
      const answer = await client.send(encodeTraces(rewriteTraces(recorded.data, rewrite)));
      tally.requests++;
      tally.spans += range?.spans ?? 0;
      tally.rejectedSpans += answer.rejected;
      if (answer.message !== "") messages.add(answer.message);
      settings.onProgress?.({ ...tally, totalRequests: survey.requests, totalSpans: survey.spans });
    }
  }
  return {
    files: settings.files.length,
    ...tally,
    messages: [...messages],
    badLines: survey.badLines,
    seconds: (Date.now() - started) / 1000,
    interrupted,
  };
}

interface Survey {
  readonly requests: number;
  readonly spans: number;
  readonly badLines: number;
  /** Latest end of all, ns. */
  readonly last: bigint;
  /** Latest end of the first line: about when it was sent. */
  readonly firstArrival: bigint;
}

/** A first pass: totals for the progress bar, bad lines, and the times that --at and --speed need. */
async function surveyFiles(settings: ReplaySettings): Promise<Survey> {
  let requests = 0;
  let spans = 0;
  let badLines = 0;
  let last = 0n;
  let firstArrival: bigint | undefined;
  for (const file of settings.files) {
    const bad = (line: number, reason: string) => {
      badLines++;
      settings.onBadLine?.(file, line, reason);
    };
    for await (const { data } of readRecording(file, bad)) {
      requests++;
      const range = timeRange(data);
      if (range === undefined) continue;
      spans += range.spans;
      if (range.last > last) last = range.last;
      firstArrival ??= range.last;
    }
  }
  return { requests, spans, badLines, last, firstArrival: firstArrival ?? 0n };
}

async function pace(settings: ReplaySettings, recorded: RecordedLine, first: bigint, startedMs: number): Promise<void> {
  if (settings.speed === "max") return;
  const range = timeRange(recorded.data);
  if (range === undefined) return;
  const offsetMs = Number(range.last - first) / 1e6 / settings.speed;
  const waitMs = startedMs + offsetMs - Date.now();
  if (waitMs > 0) await sleep(waitMs, undefined, { signal: settings.signal }).catch(() => {});
}
