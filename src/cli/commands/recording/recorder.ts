import { createRecordingRedaction, type RecordingRedaction } from "../../../app/recording/recording-redaction.ts";
import { jsonToTraces } from "../../../codec/otlp/json/json-in.ts";
import { tracesToJson } from "../../../codec/otlp/json/json-out.ts";
import type { TracesData } from "../../../model/span.ts";
import { count } from "../../../query/text/readable.ts";
import { cutTraces, filterSpans } from "../../../replay/cut-lines.ts";
import { resolveConfig } from "../../options/resolve-config.ts";
import { reportIncomplete } from "../../output/incomplete.ts";
import { WholeFile } from "../../output/whole-file.ts";
import type { RecordFlags } from "./record.ts";

/** As many spans as other writers of such files have in a line at most, about: readers hold a line in memory. */
const SPANS_A_LINE = 1_000;

export interface RecordSummary {
  readonly file: string;
  /** Absent where a folder was written as it lies there: nobody kept their ids. */
  readonly traces?: number;
  readonly spans: number;
  readonly lines: number;
  readonly redactedValues: number;
  readonly seconds: number;
  /** Stopped before its end. */
  readonly interrupted: boolean;
  readonly complete: boolean;
  /** Why something may be missing. */
  readonly reason?: string;
}

/** Writes spans, redacted, as lines of a file that is there when it is whole. */
export class Recorder {
  readonly #flags: RecordFlags;
  readonly #file: WholeFile;
  readonly #redaction: RecordingRedaction;
  readonly #startedMs = Date.now();
  #reason: string | undefined;
  #traces: number | undefined;
  #spans = 0;
  #lines = 0;

  /** @throws PermanentError for wrong rules, and where the file cannot be written */
  static async create(flags: RecordFlags): Promise<Recorder> {
    const { drop = [], hash = [], mask = [], salt } = flags;
    const config = await resolveConfig(flags, process.env);
    const redaction = createRecordingRedaction(config, { drop, hash, mask, salt });
    if (redaction.randomSalt) {
      process.stderr.write("spanloom: --hash without --salt: equal values have equal hashes in this recording alone\n");
    }
    return new Recorder(flags, await WholeFile.create(flags.out), redaction);
  }

  private constructor(flags: RecordFlags, file: WholeFile, redaction: RecordingRedaction) {
    this.#flags = flags;
    this.#file = file;
    this.#redaction = redaction;
  }

  get spans(): number {
    return this.#spans;
  }

  /** As many spans as were asked for are written. */
  get isFull(): boolean {
    return this.#flags.spans !== undefined && this.#spans >= this.#flags.spans;
  }

  /**
   * Adds a trace, or more of one.
   * @param isNew of a span; those that are not are left out
   * @param isFirst it is counted
   */
  async addTrace(json: string, isNew: Parameters<typeof filterSpans>[1] = () => true, isFirst = true): Promise<void> {
    if (isFirst) this.#traces = (this.#traces ?? 0) + 1;
    await this.add(filterSpans(jsonToTraces(Buffer.from(json)), isNew));
  }

  async add(data: TracesData): Promise<void> {
    for (const part of cutTraces(data, SPANS_A_LINE)) {
      for (const { scopeSpans } of part) for (const { spans } of scopeSpans) this.#spans += spans.length;
      this.#lines++;
      await this.#file.write(`${tracesToJson(this.#redaction.apply(part))}\n`);
    }
  }

  /** There was nothing to add, and not for want of looking. */
  noTraces(): void {
    this.#traces ??= 0;
  }

  /** Something may be missing in what is recorded. */
  lacks(reason: string): void {
    this.#reason ??= reason;
  }

  /** Leaves the file that was there before. */
  discard(): Promise<void> {
    return this.#file.discard();
  }

  /** The file has its name, and what it holds is told. */
  async finish(interrupted: boolean): Promise<void> {
    await this.#file.finish();
    const { out: file, json } = this.#flags;
    const summary: RecordSummary = {
      file,
      ...(this.#traces === undefined ? {} : { traces: this.#traces }),
      spans: this.#spans,
      lines: this.#lines,
      redactedValues: this.#redaction.count(),
      seconds: (Date.now() - this.#startedMs) / 1000,
      interrupted,
      complete: this.#reason === undefined,
      ...(this.#reason === undefined ? {} : { reason: this.#reason }),
    };
    // What is recorded to stdout is not mixed with what is told of it.
    const told = file === "-" ? process.stderr : process.stdout;
    told.write(json ? `${JSON.stringify(summary)}\n` : describe(summary));
    if (this.#reason !== undefined) reportIncomplete(this.#reason);
  }
}

function describe({ file, traces, spans, redactedValues, seconds, interrupted }: RecordSummary): string {
  const head = interrupted ? "stopped: recorded" : "recorded";
  const redacted = redactedValues === 0 ? "" : `, ${count(redactedValues, "value")} redacted`;
  const to = file === "-" ? "" : ` to ${file}`;
  const of = traces === undefined ? "" : ` of ${count(traces, "trace")}`;
  return `${head} ${count(spans, "span")}${of}${to} in ${seconds.toFixed(1)} s${redacted}\n`;
}
