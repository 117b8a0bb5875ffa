import type { UiTraceSummary } from "../../query/ui/api-types.ts";

/** A trace to be printed. */
export interface ShownTrace {
  readonly trace: UiTraceSummary;
  /** Spans that came since it was printed last; 0 where it is printed for the first time. */
  readonly late: number;
}

/** A trace of which nothing came for as long is at rest, ms. */
const REST_MS = 700;
/** One that goes on growing is printed after this all the same, ms. */
const PATIENCE_MS = 3_000;
/** Traces that are known to have been printed. */
const REMEMBERED = 10_000;

interface Growing {
  trace: UiTraceSummary;
  newSpans: number;
  readonly sinceMs: number;
  grewAtMs: number;
}

/**
 * Gathers what comes of each trace, so that one is printed once for the spans that its services send one after the
 * other.
 */
export class GrowingTraces {
  readonly #growing = new Map<string, Growing>();
  /** Ids of those that were printed, oldest first. */
  readonly #printed = new Set<string>();

  add(trace: UiTraceSummary, newSpans: number, nowMs: number): void {
    const known = this.#growing.get(trace.traceId);
    if (known === undefined) {
      this.#growing.set(trace.traceId, { trace, newSpans, sinceMs: nowMs, grewAtMs: nowMs });
      return;
    }
    known.trace = trace;
    known.newSpans += newSpans;
    known.grewAtMs = nowMs;
  }

  /** Those to be printed by now, in the order in which they began to grow. */
  atRest(nowMs: number): readonly ShownTrace[] {
    const ready = [...this.#growing].filter(
      ([, { sinceMs, grewAtMs }]) => nowMs - grewAtMs >= REST_MS || nowMs - sinceMs >= PATIENCE_MS,
    );
    return ready.map(([id, { trace, newSpans }]) => {
      this.#growing.delete(id);
      // One that began before is printed as late too: the rest of it was there.
      const late = this.#printed.has(id) || trace.spanCount > newSpans ? newSpans : 0;
      this.#printed.delete(id);
      this.#printed.add(id);
      if (this.#printed.size > REMEMBERED) this.#printed.delete(this.#printed.values().next().value as string);
      return { trace, late };
    });
  }
}
