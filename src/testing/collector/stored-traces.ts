import { PermanentError } from "../../component/errors.ts";
import { type ViewHost, wholeAnswer } from "../../component/read.ts";
import type { TraceQuery } from "../../model/trace-query.ts";
import { parsePageKey } from "../../query/search-params.ts";
import type { UiLiveStep, UiSearchResponse, UiTraceSummary } from "../../query/ui/api-types.ts";
import type { UiViewParams } from "../../query/ui/views.ts";
import { readOtlpSpans } from "../trace/read-otlp.ts";
import { traceOf } from "../trace/span-tree.ts";
import type { TestTrace } from "../trace/test-trace.ts";

/** Which traces, in the store's terms. */
export type TraceFilter = Pick<TraceQuery, "filter" | "spansets" | "also">;

const EVERY_TRACE: TraceFilter = { filter: { op: "all" } };
const PAGE = 500;

/** The traces of a collector in this process. Every read sees all that was acknowledged before it began. */
export class StoredTraces {
  readonly #views: ViewHost;
  readonly #signal: AbortSignal;

  /** @param signal ends reads that are under way */
  constructor(views: ViewHost, signal: AbortSignal) {
    this.#views = views;
    this.#signal = signal;
  }

  /** Undefined where nothing of it is stored. `traceId`: 32 lower-case hex digits. */
  async trace(traceId: string): Promise<TestTrace | undefined> {
    try {
      const spans = readOtlpSpans(await this.#view("ui.download", { traceId, format: "otlp" }));
      return traceOf(traceId, spans);
    } catch (error) {
      if (error instanceof PermanentError && error.code === "not_found") return undefined;
      throw error;
    }
  }

  /** By start, the earliest first. */
  async all(): Promise<TestTrace[]> {
    const found = await this.find(EVERY_TRACE);
    return this.#read(found.toReversed().map(({ traceId }) => traceId));
  }

  /** All traces that match, the newest first. Throws where not all could be looked at. */
  async find(wanted: TraceFilter): Promise<UiTraceSummary[]> {
    const found: UiTraceSummary[] = [];
    let after: TraceQuery["after"];
    do {
      const query: TraceQuery = { ...wanted, limit: PAGE, ...(after === undefined ? {} : { after }) };
      const answer = JSON.parse(await this.#view("ui.search", { query })) as UiSearchResponse;
      if (!answer.complete) throw new Error(`the search came to no end: ${answer.reason}`);
      found.push(...answer.traces);
      after = answer.next === undefined ? undefined : parsePageKey(answer.next);
    } while (after !== undefined);
    return found;
  }

  /** Where the log ends now: `grown` of it gives what is stored from now on. */
  async end(): Promise<string> {
    return (await this.#step(undefined)).cursor;
  }

  /** The traces that have grown since a cursor, as they are now. */
  async grown(cursor: string): Promise<{ readonly cursor: string; readonly traces: TestTrace[] }> {
    const ids = new Set<string>();
    let after = cursor;
    for (let more = true; more; ) {
      const step = await this.#step(after);
      // Too far behind for the log to be followed: then any may have grown.
      if (step.skippedSpans > 0) return { cursor: await this.end(), traces: await this.all() };
      for (const { traceId } of step.traces) ids.add(traceId);
      after = step.cursor;
      more = step.more;
    }
    return { cursor: after, traces: await this.#read([...ids]) };
  }

  async #step(after: string | undefined): Promise<UiLiveStep> {
    const request = { ...EVERY_TRACE, ...(after === undefined ? {} : { after }) };
    return JSON.parse(await this.#view("ui.live", request)) as UiLiveStep;
  }

  async #read(ids: readonly string[]): Promise<TestTrace[]> {
    const traces: TestTrace[] = [];
    for (const id of ids) {
      const trace = await this.trace(id);
      if (trace !== undefined) traces.push(trace);
    }
    return traces;
  }

  async #view<Name extends keyof UiViewParams>(name: Name, params: UiViewParams[Name]): Promise<string> {
    const { body, incomplete } = await wholeAnswer(await this.#views.view(name, params, this.#signal));
    if (incomplete !== undefined) throw new Error(`not all that is stored could be read: ${incomplete}`);
    return new TextDecoder().decode(body);
  }
}
