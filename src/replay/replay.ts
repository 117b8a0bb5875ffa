import { randomUUID } from "node:crypto";
import { statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { LogFragment } from "../model/log.ts";
import { STDIN } from "./open-recording.ts";
import { type RecordedLine, readRecording } from "./recording.ts";
import { latestEnd, RequestMaker, type TraceChoice } from "./requests.ts";
import type { Rewrite } from "./rewrite.ts";
import { SameIdFinder } from "./same-ids.ts";
import type { ReplayTarget } from "./target.ts";
import { Sender, type SendWindow, type TargetSummary } from "./target-run.ts";

export interface ReplaySettings {
  /** `-` is stdin. */
  readonly files: readonly string[];
  /** All get the same spans in the same order; one that gives up does not keep the others. Closed by the caller. */
  readonly targets: readonly ReplayTarget[];
  /** `max`, or how many times faster than it was recorded. */
  readonly speed: "max" | number;
  /** `now` moves the recording so that its last span ends when the replay begins; stdin is not read twice for it. */
  readonly at: "original" | "now";
  readonly freshIds: boolean;
  /** Traces by their ids in hex, 32 digits; all where it is left out. */
  readonly choice?: TraceChoice;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: ReplayProgress) => void;
  readonly onBadLine?: (file: string, line: number, reason: string) => void;
  /** Of fields that OTLP does not have, and of ids that two spans have; once for each kind. */
  readonly onNote?: (file: string, line: number, text: string) => void;
}

export interface ReplayProgress {
  readonly requests: number;
  readonly spans: number;
  /** Of the files, as they lie there. */
  readonly bytesRead: number;
  /** Undefined where stdin is read. */
  readonly totalBytes: number | undefined;
}

export interface ReplaySummary {
  readonly files: number;
  readonly requests: number;
  /** Sent to every target that had not given up. */
  readonly spans: number;
  /** Of traces that were not chosen. */
  readonly unchosenSpans: number;
  /** Spans that targets refused, all together. */
  readonly rejectedSpans: number;
  /** Reasons that targets gave, each once. */
  readonly messages: readonly string[];
  readonly targets: readonly TargetSummary[];
  /** Lines that were left out, whole or in part. */
  readonly badLines: number;
  /** Spans that came again, with the same ids and start: readers show them once. */
  readonly repeatedSpans: number;
  /** Spans with the ids of another: readers may show one of both. */
  readonly collidingSpans: number;
  readonly seconds: number;
  readonly interrupted: boolean;
}

/** At full speed senders wait for answers most of the time. At another the order of the lines is that of arrival. */
const FULL_SPEED: SendWindow = { requests: 16, bytes: 16 << 20 };
const IN_ORDER: SendWindow = { requests: 1, bytes: 0 };

/**
 * Sends recordings, each line in a request of its own, begun in the order of the lines; with a pace, one when the one
 * before was answered. Memory does not grow with the recording.
 * @throws PermanentError `bad_request` where a file cannot be read; what a target does is in the summary
 */
export async function replay(settings: ReplaySettings): Promise<ReplaySummary> {
  const run = new ReplayRun(settings);
  await run.files();
  return run.summary();
}

class ReplayRun {
  readonly #settings: ReplaySettings;
  readonly #startedMs = Date.now();
  readonly #maker = new RequestMaker();
  readonly #ids = new SameIdFinder();
  readonly #sender: Sender;
  readonly #totalBytes: number | undefined;
  #rewrite: Rewrite = { shiftNano: 0n, idSeed: undefined };
  /** Latest end of the first request: about when it was sent. */
  #firstArrival: bigint | undefined;
  #bytesBefore = 0;
  #unchosen = 0;
  #badLines = 0;
  #interrupted = false;
  #toldOfCollision = false;

  constructor(settings: ReplaySettings) {
    this.#settings = settings;
    const window = settings.speed === "max" ? FULL_SPEED : IN_ORDER;
    this.#sender = new Sender(settings.targets, window, settings.signal);
    this.#totalBytes = bytesOf(settings.files);
  }

  async files(): Promise<void> {
    const { files, at, freshIds, signal } = this.#settings;
    const last = at === "now" ? await this.#latestEnd() : 0n;
    this.#rewrite = {
      shiftNano: last === 0n ? 0n : BigInt(this.#startedMs) * 1_000_000n - last,
      idSeed: freshIds ? randomUUID() : undefined,
    };
    for (const file of files) {
      if (this.#isOver) break;
      await this.#file(file);
      if (file !== STDIN && this.#totalBytes !== undefined) this.#bytesBefore += statSync(file).size;
    }
    await this.#sender.settled();
    this.#interrupted = signal.aborted;
  }

  summary(): ReplaySummary {
    const { targets, ...sent } = this.#sender.summary();
    return {
      files: this.#settings.files.length,
      ...sent,
      unchosenSpans: this.#unchosen,
      targets,
      badLines: this.#badLines,
      repeatedSpans: this.#ids.found.repeated,
      collidingSpans: this.#ids.found.colliding,
      seconds: (Date.now() - this.#startedMs) / 1000,
      interrupted: this.#interrupted,
    };
  }

  get #isOver(): boolean {
    return this.#settings.signal.aborted || this.#sender.isOver;
  }

  /** A first pass, in which nothing is told: the second will. */
  async #latestEnd(): Promise<bigint> {
    let last = 0n;
    for (const file of this.#settings.files) {
      for await (const line of readRecording(file, { onBadLine() {} })) {
        if (this.#settings.signal.aborted) return last;
        const { spans, release } = this.#maker.read(line);
        const end = latestEnd(spans);
        release();
        if (end > last) last = end;
      }
    }
    return last;
  }

  async #file(file: string): Promise<void> {
    const { onBadLine, onNote } = this.#settings;
    const lines = readRecording(file, {
      onBadLine: (line, reason) => {
        this.#badLines++;
        onBadLine?.(file, line, reason);
      },
      onUnknownField: (line, place) => onNote?.(file, line, `${place} is no field of OTLP; it is passed over`),
    });
    for await (const line of lines) {
      await this.#send(file, line);
      if (this.#isOver) return;
    }
  }

  async #send(file: string, line: RecordedLine): Promise<void> {
    const read = this.#maker.read(line);
    this.#findSameIds(file, line, read.spans);
    const at = latestEnd(read.spans);
    const request = this.#maker.change(read, this.#settings.choice, this.#rewrite);
    this.#unchosen += line.spans - (request?.spans.rows.length ?? 0);
    if (request !== undefined) {
      await this.#sender.room(request.spans.block.body.length);
      await this.#pace(at);
      if (this.#isOver) return;
      this.#sender.begin(request.spans, () => request.release());
    }
    const { requests, spans: sent } = this.#sender.counts;
    const bytesRead = this.#bytesBefore + line.bytesRead;
    this.#settings.onProgress?.({ requests, spans: sent, bytesRead, totalBytes: this.#totalBytes });
  }

  #findSameIds(file: string, { line }: RecordedLine, { block, rows }: LogFragment): void {
    for (const row of rows) {
      if (!this.#ids.add(block.columns, row) || this.#toldOfCollision) continue;
      this.#toldOfCollision = true;
      const id = Buffer.from(block.columns.spanIds.subarray(row * 8, row * 8 + 8)).toString("hex");
      const text = `span ${id} has the trace and span id of another before it; readers may show one of both`;
      this.#settings.onNote?.(file, line, text);
    }
  }

  async #pace(arrival: bigint): Promise<void> {
    const { speed, signal } = this.#settings;
    if (speed === "max" || arrival === 0n) return;
    this.#firstArrival ??= arrival;
    const waitMs = this.#startedMs + Number(arrival - this.#firstArrival) / 1e6 / speed - Date.now();
    // A timer of more than 24 days would fire at once.
    for (let left = waitMs; left > 0 && !signal.aborted; left -= LONGEST_MS) {
      await sleep(Math.min(left, LONGEST_MS), undefined, { signal }).catch(() => {});
    }
  }
}

const LONGEST_MS = 86_400_000;

/** Undefined where some size is not known: of stdin, or of a pipe. Reading a missing file tells what is wrong. */
function bytesOf(files: readonly string[]): number | undefined {
  let bytes = 0;
  for (const file of files) {
    const found = file === STDIN ? undefined : statSync(file, { throwIfNoEntry: false });
    if (found?.isFile() !== true) return undefined;
    bytes += found.size;
  }
  return bytes;
}
