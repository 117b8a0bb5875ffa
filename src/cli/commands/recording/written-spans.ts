import type { Span } from "../../../model/span.ts";

/** Spans that are known to have been written. */
const REMEMBERED = 500_000;

/**
 * Which spans of traces that go on growing were written. The traces written longest ago are forgotten: of one that
 * grows after that, all is written once more, which a replay tells and a store shows once.
 */
export class WrittenSpans {
  readonly #traces = new Map<string, Set<string>>();
  readonly #most: number;
  #size = 0;

  constructor(most = REMEMBERED) {
    this.#most = most;
  }

  knows(traceId: string): boolean {
    return this.#traces.has(traceId);
  }

  /** @returns false where it was written before */
  add({ traceId, spanId, kind, startTimeUnixNano }: Span): boolean {
    // Both sides of a call may share an id.
    const key = `${spanId}${kind}${startTimeUnixNano}`;
    const known = this.#traces.get(traceId) ?? new Set();
    if (known.has(key)) return false;
    this.#traces.delete(traceId);
    this.#traces.set(traceId, known.add(key));
    this.#size++;
    for (const [oldest, spans] of this.#traces) {
      if (this.#size <= this.#most || oldest === traceId) break;
      this.#traces.delete(oldest);
      this.#size -= spans.size;
    }
    return true;
  }
}
