import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { encodeTraces } from "../codec/otlp/encode.ts";
import { PermanentError } from "../component/errors.ts";
import { backoffMs, isRetryableHttpStatus } from "../component/retry.ts";
import { decodeExportResponse } from "../server/export-response.ts";
import { decodeRpcStatus } from "../server/rpc-status.ts";
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

const RETRIES = 8;
const RETRY_BACKOFF = { initialMs: 250, maxMs: 5_000, factor: 1.5 };

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
  let interrupted = false;

  outer: for (const file of settings.files) {
    for await (const recorded of readRecording(file, () => {})) {
      if (settings.signal.aborted) {
        interrupted = true;
        break outer;
      }
      await pace(settings, recorded, survey.firstArrival, started);
      const range = timeRange(recorded.data);
      const answer = await send(settings, encodeTraces(rewriteTraces(recorded.data, rewrite)));
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

async function send(
  settings: ReplaySettings,
  body: Uint8Array<ArrayBuffer>,
): Promise<{ rejected: number; message: string }> {
  const url = `${settings.endpoint.replace(/\/+$/, "").replace(/\/v1\/traces$/, "")}/v1/traces`;
  for (let attempt = 0; ; attempt++) {
    let response: Response;
    try {
      response = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/x-protobuf" },
        body,
        redirect: "error",
        signal: settings.signal,
      });
    } catch (error) {
      if (settings.signal.aborted) return { rejected: 0, message: "" };
      const cause = (error as { cause?: { code?: string } }).cause?.code ?? (error as Error).message;
      throw new PermanentError(
        "unreachable",
        `no collector answers at ${url} (${cause}); start one with \`spanloom\` or name it with --endpoint`,
        { cause: error },
      );
    }
    const answer = new Uint8Array(await response.arrayBuffer());
    if (response.ok) {
      const partial = decodeExportResponse(answer);
      return { rejected: Number(partial?.rejectedSpans ?? 0), message: partial?.errorMessage ?? "" };
    }
    if (!isRetryableHttpStatus(response.status) || attempt === RETRIES) {
      throw new PermanentError("bad_request", `${url} answered ${response.status}: ${statusMessage(answer)}`);
    }
    const asked = Number(response.headers.get("retry-after") ?? "0") * 1000;
    await sleep(backoffMs(attempt, RETRY_BACKOFF, Math.random, asked), undefined, { signal: settings.signal }).catch(
      () => {},
    );
  }
}

/** The message of a google.rpc.Status body; the text itself where a proxy answered something else. */
function statusMessage(answer: Uint8Array): string {
  try {
    return decodeRpcStatus(answer).message || "no message";
  } catch {
    return Buffer.from(answer.subarray(0, 200)).toString("utf8").trim() || "no message";
  }
}
