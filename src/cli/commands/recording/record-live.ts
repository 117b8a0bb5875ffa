import { setTimeout as sleep } from "node:timers/promises";
import { PermanentError } from "../../../component/errors.ts";
import { messageOf } from "../../../model/message-of.ts";
import type { Span } from "../../../model/span.ts";
import { count } from "../../../query/text/readable.ts";
import type { UiLiveLine } from "../../../query/ui/api-types.ts";
import type { ApiClient } from "../../client/api-client.ts";
import { onCollectorOrFolder } from "../../client/db-access.ts";
import { followLog } from "../../client/follow-log.ts";
import { GrowingTraces } from "../../client/growing-traces.ts";
import { collectorSource } from "../../client/trace-source.ts";
import { searchQuery } from "../../options/search-conditions.ts";
import { EXIT } from "../../output/exit-codes.ts";
import { createProgress, type Progress } from "../../output/progress.ts";
import type { RecordFlags } from "./record.ts";
import { Recorder } from "./recorder.ts";
import { WrittenSpans } from "./written-spans.ts";

/** What has arrived by the end is read for so long at most, ms. */
const DRAIN_MS = 10_000;
/** How often traces that have come to rest are looked for, ms. */
const LOOK_MS = 200;

/** Records what arrives, each trace when it is at rest and once more what came late, until it is told to end. */
export async function recordLive(flags: RecordFlags): Promise<void> {
  const recorder = await Recorder.create(flags);
  const progress = await createProgress("traces", flags.json);
  const end = new AbortController();
  let stopped = false;
  const stop = () => {
    stopped = true;
    end.abort();
  };
  process.once("SIGINT", stop).once("SIGTERM", stop);
  try {
    const collector = (client: ApiClient) => new LiveRecording(client, recorder, flags, progress, end).run();
    const onIncomplete = (reason: string) => recorder.lacks(reason);
    await onCollectorOrFolder(flags, { collector, folder: nothingArrives }, { onIncomplete });
  } catch (error) {
    await recorder.discard();
    throw error;
  } finally {
    progress.stop();
    process.off("SIGINT", stop).off("SIGTERM", stop);
  }
  // Without a bound there is no other way to end.
  const early = stopped && (flags.for !== undefined || flags.spans !== undefined);
  await recorder.finish(early);
  if (early) process.exitCode = EXIT.interrupted;
}

async function nothingArrives(): Promise<never> {
  throw new PermanentError(
    "bad_request",
    "no collector uses the data folder, so nothing arrives there: name a running one with --url, or record what is stored with --all or --lookback",
  );
}

class LiveRecording {
  readonly #client: ApiClient;
  readonly #recorder: Recorder;
  readonly #flags: RecordFlags;
  readonly #progress: Progress;
  readonly #end: AbortController;
  readonly #growing = new GrowingTraces();
  readonly #written = new WrittenSpans();
  /** Everything that is stored up to here was told of. */
  #cursor: string | undefined;
  #traces = 0;
  #skipped = 0;

  constructor(client: ApiClient, recorder: Recorder, flags: RecordFlags, progress: Progress, end: AbortController) {
    this.#client = client;
    this.#recorder = recorder;
    this.#flags = flags;
    this.#progress = progress;
    this.#end = end;
  }

  async run(): Promise<void> {
    const { signal } = this.#end;
    this.#recorder.noTraces();
    const following = this.#follow();
    // Met below; until then it must not count as unhandled.
    following.catch(() => this.#end.abort());
    while (!signal.aborted) {
      await this.#write(performance.now());
      if (this.#recorder.isFull) this.#end.abort();
      await sleep(LOOK_MS, undefined, { signal }).catch(() => {});
    }
    await following;
    await this.#drain();
    await this.#write(Number.POSITIVE_INFINITY);
  }

  async #follow(): Promise<void> {
    const { signal } = this.#end;
    const say = (text: string) => process.stderr.write(`${text}\n`);
    const onGone = () => say("the collector is gone; looking for it");
    for await (const line of followLog(this.#client, searchQuery(this.#flags), signal, onGone)) {
      if (line.type === "start") this.#begin(say);
      this.#take(line);
    }
  }

  /** @returns whether it told of spans */
  #take(line: UiLiveLine): boolean {
    if (line.type === "trace") {
      this.#growing.add(line.trace, line.newSpans, performance.now());
      return true;
    }
    this.#cursor = line.cursor;
    if (line.type === "state") this.#skip(line.skippedSpans);
    return line.type === "state" && line.skippedSpans > 0;
  }

  /** What was stored before the end, and not told of yet: the log is looked at now and then. */
  async #drain(): Promise<void> {
    const query = searchQuery(this.#flags);
    const deadline = AbortSignal.timeout(DRAIN_MS);
    for (let news = true; news && this.#cursor !== undefined && !this.#recorder.isFull; ) {
      news = false;
      query.set("after", this.#cursor);
      try {
        for await (const text of this.#client.lines(`api/live?${query}`, deadline)) {
          const line = JSON.parse(text) as UiLiveLine;
          if (this.#take(line)) news = true;
          if (line.type === "state") break;
        }
      } catch (error) {
        this.#recorder.lacks(`what arrived last could not be read: ${messageOf(error)}`);
        return;
      }
    }
  }

  #begin(say: (text: string) => void): void {
    const { for: forMs } = this.#flags;
    const until = forMs === undefined ? "Ctrl-C ends" : `for ${forMs / 1000} s`;
    say(`recording what arrives at ${this.#client.base}; ${until}`);
    if (forMs === undefined) return;
    const timer = setTimeout(() => this.#end.abort(), forMs);
    this.#end.signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  }

  #skip(spans: number): void {
    this.#skipped += spans;
    if (this.#skipped > 0) {
      this.#recorder.lacks(`${count(this.#skipped, "span")} came faster than they can be followed, and were skipped`);
    }
  }

  /** Writes the traces that are at rest by then. */
  async #write(nowMs: number): Promise<void> {
    const source = collectorSource(this.#client);
    for (const { trace } of this.#growing.atRest(nowMs)) {
      if (this.#recorder.isFull) return;
      try {
        const json = await source.trace(trace.traceId);
        const isFirst = !this.#written.knows(trace.traceId);
        await this.#recorder.addTrace(json, (span: Span) => this.#written.add(span), isFirst);
        if (isFirst) this.#traces++;
      } catch (error) {
        const gone = error instanceof PermanentError && (error.code === "not_found" || error.code === "unreachable");
        if (!gone) throw error;
        this.#recorder.lacks(`trace ${trace.traceId} could not be read when it was at rest: ${error.message}`);
      }
      this.#progress.count(this.#traces, count(this.#recorder.spans, "span"));
    }
  }
}
