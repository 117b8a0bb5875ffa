import { RetryableError } from "../component/errors.ts";
import { Turns } from "./turns.ts";

export interface AnswerLimits {
  /** Searches under way at once, and those that wait. */
  readonly searches: number;
  readonly waitingSearches: number;
  /** Bytes of answers that clients have not taken yet, over all clients. */
  readonly heldBytes: number;
  /** Time for a client to take a piece of an answer, ms. */
  readonly writeMs: number;
}

export const DEFAULT_ANSWER_LIMITS: AnswerLimits = {
  searches: 4,
  waitingSearches: 64,
  heldBytes: 128 * 1024 * 1024,
  writeMs: 30_000,
};

/** Views that may read all that is stored. */
const SEARCHES: ReadonlySet<string> = new Set([
  "jaeger.search",
  "jaeger.traces",
  "jaeger.grpc.search",
  "jaeger.grpc.summaries",
  "jaeger.v3.search",
  "jaeger.v3.summaries",
  "tempo.metrics",
  "tempo.search",
  "tempo.tags",
  "tempo.values",
  "ui.explainSelection",
  "ui.search",
  "zipkin.search",
  "zipkin.remoteServices",
  "zipkin.traces",
]);
/** What a client is asked to wait that finds no room, ms. */
const RETRY_AFTER_MS = 1_000;

/** What the answers of one server may cost, over all its clients. */
export class AnswerBounds {
  readonly writeMs: number;
  /** For the pieces of answers that have begun: they take turns, so that what is short gets in between. */
  readonly pieces = new Turns({ what: "answers", running: 2, waiting: Number.POSITIVE_INFINITY });
  readonly #heldBytes: number;
  readonly #searches: Turns;
  readonly #others = new Turns({ what: "requests", running: 16, waiting: 1_024 });
  #held = 0;

  constructor(limits: AnswerLimits = DEFAULT_ANSWER_LIMITS) {
    this.writeMs = limits.writeMs;
    this.#heldBytes = limits.heldBytes;
    this.#searches = new Turns({ what: "searches", running: limits.searches, waiting: limits.waitingSearches });
  }

  /** Where a view waits for its turn. */
  turnsOf(view: string): Turns {
    return SEARCHES.has(view) ? this.#searches : this.#others;
  }

  /**
   * Counts bytes of an answer until the result is called. One answer always fits when nobody else has any.
   * @throws RetryableError `overloaded`
   */
  hold(bytes: number): () => void {
    if (this.#held > 0 && this.#held + bytes > this.#heldBytes) {
      const text = `answers that clients have not read hold ${this.#held} bytes of at most ${this.#heldBytes}; try again later`;
      throw new RetryableError("overloaded", text, RETRY_AFTER_MS);
    }
    this.#held += bytes;
    let held = true;
    return () => {
      if (held) this.#held -= bytes;
      held = false;
    };
  }
}
