import { RetryableError } from "../component/errors.ts";
import type { BatchSink } from "../component/ingest.ts";
import type { RequestBudget } from "../component/receiver.ts";

/** For how long after the last refusal spans count as refused, where none was taken since, ms. */
const STORE_REFUSES_MS = 10_000;
/** The same where there was no room for more requests: others are taken meanwhile. */
const NO_ROOM_MS = 2_000;

interface Refusal {
  readonly untilMs: number;
  readonly reason: string;
}

/** Knows whether spans are refused that senders should try to send again, by what senders are told. */
export class Readiness {
  readonly #now: () => number;
  #store: Refusal | undefined;
  #room: Refusal | undefined;

  /** @param now ms of a clock that never goes back */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Why the collector does not take spans now. Undefined when it does. */
  get reason(): string | undefined {
    const refusal = [this.#store, this.#room].find((one) => one !== undefined && one.untilMs > this.#now());
    return refusal === undefined ? undefined : `spans are refused: ${refusal.reason}`;
  }

  /** The sink, watched. */
  ofSink(sink: BatchSink): BatchSink {
    return {
      append: (batch) => {
        const appended = sink.append(batch);
        appended.then(
          () => {
            this.#store = undefined;
          },
          (error: unknown) => {
            if (!(error instanceof RetryableError) || error.code === "cancelled") return;
            this.#store = { untilMs: this.#now() + STORE_REFUSES_MS, reason: error.message };
          },
        );
        return appended;
      },
    };
  }

  /** The budget, watched where it refuses a request before anything of it is read. */
  ofBudget(budget: RequestBudget): RequestBudget {
    return {
      assertRoom: (source) => {
        try {
          budget.assertRoom(source);
        } catch (error) {
          this.#room = { untilMs: this.#now() + NO_ROOM_MS, reason: (error as Error).message };
          throw error;
        }
      },
      take: (bytes, source) => budget.take(bytes, source),
    };
  }
}
