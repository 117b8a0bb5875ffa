import { PermanentError } from "../../component/errors.ts";
import type { SpanStore } from "../../component/store.ts";
import { messageOf } from "../../model/message-of.ts";
import { nearestSpans } from "../matchers/near-misses.ts";
import { patternText, type SpanPattern, spanMatches } from "../matchers/span-pattern.ts";
import type { TestSpan, TestTrace } from "../trace/test-trace.ts";
import type { Arrivals } from "./arrivals.ts";
import { notArrived } from "./not-arrived.ts";
import { type SaveTracesOptions, saveTraces } from "./save-traces.ts";
import { StoredTraces } from "./stored-traces.ts";
import { timeoutOf, type WaitForTraceOptions, type WaitOptions } from "./wait-options.ts";
import { readTraceql, readWanted } from "./wanted.ts";

type TracePredicate = (trace: TestTrace) => boolean;
type SpanPredicate = (span: TestSpan) => boolean;

/** What has arrived, and waiting for what has not. */
export class ArrivedTraces {
  readonly #store: SpanStore;
  readonly #arrivals: Arrivals;
  readonly #ending = new AbortController();
  readonly #stored: StoredTraces;

  readonly #traceFolder: string | undefined;

  /** @param traceFolder where waits that time out save what arrived; undefined is nowhere */
  constructor(store: SpanStore, arrivals: Arrivals, traceFolder: string | undefined) {
    this.#traceFolder = traceFolder;
    this.#store = store;
    this.#arrivals = arrivals;
    this.#stored = new StoredTraces(store, this.#ending.signal);
  }

  async traces(): Promise<TestTrace[]> {
    this.#assertOpen();
    return this.#stored.all();
  }

  async spans(): Promise<TestSpan[]> {
    return (await this.traces()).flatMap(({ spans }) => spans);
  }

  async waitForTrace(wanted: string | TracePredicate, options?: number | WaitForTraceOptions): Promise<TestTrace> {
    const byPredicate = typeof wanted === "function";
    const whole = (typeof options === "object" ? options.whole : undefined) ?? !byPredicate;
    const holds = (trace: TestTrace) => !whole || isWhole(trace);
    const look = byPredicate
      ? this.#lookAtGrown((trace) => (holds(trace) && wanted(trace) ? trace : undefined))
      : this.#lookForTrace(wanted, holds);
    const title = byPredicate ? "No trace satisfied the predicate" : `No trace matched ${wanted}`;
    return this.#wait(look, title, options, (traces) => (whole ? traces.flatMap(lacking) : []));
  }

  async waitForSpan(wanted: string | SpanPattern | SpanPredicate, options?: number | WaitOptions): Promise<TestSpan> {
    if (typeof wanted === "string") {
      return this.#wait(this.#lookForSpan(wanted), `No span matched ${wanted}`, options, () => []);
    }
    if (typeof wanted === "function") {
      const look = this.#lookAtGrown(({ spans }) => spans.find(wanted));
      return this.#wait(look, "No span satisfied the predicate", options, () => []);
    }
    const look = this.#lookAtGrown(({ spans }) => spans.find((span) => spanMatches(span, wanted)));
    const near = (traces: readonly TestTrace[]) =>
      nearestSpans(
        traces.flatMap(({ spans }) => spans),
        wanted,
      );
    return this.#wait(look, `No span with ${patternText(wanted)} arrived`, options, near);
  }

  async saveTraces(options: SaveTracesOptions = {}): Promise<string[]> {
    const folder = options.folder ?? this.#traceFolder;
    const ids = (await this.traces()).map(idOf);
    return saveTraces(this.#store, ids, folder === undefined ? options : { ...options, folder }, this.#ending.signal);
  }

  async reset(): Promise<void> {
    this.#assertOpen();
    await this.#store.deleteAll();
  }

  /** Ends waits and reads. */
  close(): void {
    this.#ending.abort();
    this.#arrivals.close();
  }

  async #wait<T>(
    look: () => Promise<T | undefined>,
    title: string,
    options: number | WaitOptions | undefined,
    hints: (traces: readonly TestTrace[]) => readonly string[],
  ): Promise<T> {
    const timeoutMs = timeoutOf(options);
    this.#assertOpen();
    const found = await this.#arrivals.until(look, timeoutMs).catch((error: unknown) => {
      this.#assertOpen();
      throw error;
    });
    if (found !== undefined) return found;
    this.#assertOpen();
    const traces = await this.#stored.all();
    throw notArrived(title, timeoutMs, hints(traces), traces, await this.#saved());
  }

  /** Where what arrived was saved, where that is wanted; a sentence where it could not be. */
  async #saved(): Promise<readonly string[]> {
    if (this.#traceFolder === undefined) return [];
    return this.saveTraces().catch((error: unknown) => [`not saved: ${messageOf(error)}`]);
  }

  #lookForTrace(text: string, holds: TracePredicate): () => Promise<TestTrace | undefined> {
    const wanted = readWanted(text);
    return async () => {
      const ids = "traceId" in wanted ? [wanted.traceId] : (await this.#stored.find(wanted.filter)).map(idOf);
      for (const id of ids) {
        const trace = await this.#stored.trace(id);
        if (trace !== undefined && holds(trace)) return trace;
      }
      return undefined;
    };
  }

  #lookForSpan(traceql: string): () => Promise<TestSpan | undefined> {
    const filter = readTraceql(traceql);
    return async () => {
      const [found] = await this.#stored.find(filter);
      const [spanId] = found?.matchedSpans ?? [];
      if (found === undefined || spanId === undefined) return undefined;
      const trace = await this.#stored.trace(found.traceId);
      return trace?.spans.find((span) => span.spanId === spanId);
    };
  }

  /** Looks at all traces, and then at those that have grown since. */
  #lookAtGrown<T>(pick: (trace: TestTrace) => T | undefined): () => Promise<T | undefined> {
    let cursor: string | undefined;
    return async () => {
      let traces: readonly TestTrace[];
      if (cursor === undefined) {
        cursor = await this.#stored.end();
        traces = await this.#stored.all();
      } else ({ cursor, traces } = await this.#stored.grown(cursor));
      for (const trace of traces) {
        const picked = pick(trace);
        if (picked !== undefined) return picked;
      }
      return undefined;
    };
  }

  #assertOpen(): void {
    if (this.#ending.signal.aborted) throw new PermanentError("bad_request", "the test collector was closed");
  }
}

function isWhole({ root, missingParents }: TestTrace): boolean {
  return root !== undefined && missingParents.length === 0;
}

function lacking({ traceId, root, missingParents }: TestTrace): string[] {
  return [
    ...(root === undefined ? [`Trace ${traceId} has no root yet; { whole: false } takes it as it is.`] : []),
    ...missingParents.map(
      (id) => `Trace ${traceId} lacks the span ${id}, a parent; { whole: false } takes it as it is.`,
    ),
  ];
}

function idOf({ traceId }: { readonly traceId: string }): string {
  return traceId;
}
