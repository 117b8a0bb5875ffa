import { describeFailure, type UpstreamFailure } from "./errors.ts";
import type { Route } from "./route.ts";
import type { PickedTarget } from "./upstream-pool.ts";

/** One try, as `Attempts` sees it. */
export interface UpstreamAttempt {
  readonly picked: PickedTarget;
  start(): void;
  /** Nobody wants the answer any more: `reason` for the span. */
  cancel(reason: string, status?: number): void;
  /** True where nobody has seen the request, and all of it is there to be sent again. */
  isUnseen(failure: UpstreamFailure): boolean;
}

/** Where a try stands among those of its request. */
export interface AttemptPlace {
  /** Tries before this one. */
  readonly resend: number;
  /** Another may follow this one. */
  readonly mayFollow: boolean;
  /** No answer will come; the client span is ended. Called at most once. */
  readonly failed: (failure: UpstreamFailure) => void;
}

export interface AttemptsRequest<One extends UpstreamAttempt> {
  /** Of this route's instances one is asked. */
  readonly route: Route;
  /** Further tries at most. */
  readonly retries: number;
  readonly open: (picked: PickedTarget, place: AttemptPlace) => One;
  /** No answer will come, and no further attempt is made. The client spans are ended. */
  readonly failed: (failure: UpstreamFailure) => void;
}

/**
 * Asks the instances of a route until one has seen the request. Repeated is only what nobody has seen: a request whose
 * connection did not come to stand, or what `isUnseen` says of it besides.
 */
export class Attempts<One extends UpstreamAttempt> {
  readonly #request: AttemptsRequest<One>;
  #current: One | undefined;
  #resends = 0;
  #cancelled = false;
  /** Made for pools that wait: a signal costs more than a span. */
  #abort: AbortController | undefined;

  constructor(request: AttemptsRequest<One>) {
    this.#request = request;
  }

  /** The last one; undefined until an instance was found. */
  get current(): One | undefined {
    return this.#current;
  }

  start(): void {
    try {
      const picked = this.#request.route.pool.pick(() => this.#signal());
      if (!(picked instanceof Promise)) this.#ask(picked);
      else {
        picked
          .then((given) => (this.#cancelled ? given.done("success") : this.#ask(given)))
          .catch((error: unknown) => this.#cannotAsk(error));
      }
    } catch (error) {
      this.#cannotAsk(error);
    }
  }

  /** Nobody wants the answer any more: `reason` for the span. */
  cancel(reason: string, status?: number): void {
    this.#cancelled = true;
    this.#abort?.abort();
    this.#current?.cancel(reason, status);
  }

  #ask(picked: PickedTarget): void {
    const attempt: One = this.#request.open(picked, {
      resend: this.#resends,
      mayFollow: this.#mayRepeat(),
      failed: (failure) => this.#failed(attempt, failure),
    });
    this.#current = attempt;
    attempt.start();
  }

  #failed(attempt: One, failure: UpstreamFailure): void {
    if (this.#mayRepeat() && !this.#cancelled && attempt.isUnseen(failure)) {
      this.#resends++;
      this.#request.route.counted.retried();
      this.start();
    } else this.#request.failed(failure);
  }

  #mayRepeat(): boolean {
    return this.#resends < this.#request.retries;
  }

  /** No instance can be asked. */
  #cannotAsk(error: unknown): void {
    if (this.#cancelled) return;
    const { route, failed } = this.#request;
    route.counted.failed();
    failed(describeFailure(error, route.service));
  }

  #signal(): AbortSignal {
    this.#abort ??= new AbortController();
    return this.#abort.signal;
  }
}
