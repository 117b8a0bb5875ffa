import { describeFailure, type UpstreamFailure } from "./errors.ts";
import type { Route } from "./route.ts";
import type { PickedTarget } from "./upstream-pool.ts";

/** One attempt at one instance, as `Attempts` sees it. */
export interface UpstreamAttempt {
  readonly picked: PickedTarget;
  start(): void;
  /** Nobody wants the response any more. The span tells `reason`. */
  cancel(reason: string, status?: number): void;
  /** True where nobody has seen the request, and all of it is there to be sent again. */
  isUnseen(failure: UpstreamFailure): boolean;
}

/** The place of an attempt among those of its request. */
export interface AttemptPlace {
  /** Attempts before this one. */
  readonly resend: number;
  /** True where another attempt may follow this one. */
  readonly mayFollow: boolean;
  /** No response will come, and the client span is ended. Called at most once. */
  readonly failed: (failure: UpstreamFailure) => void;
}

export interface AttemptsRequest<One extends UpstreamAttempt> {
  /** The route whose instances are asked. */
  readonly route: Route;
  /** Further attempts at most. */
  readonly retries: number;
  readonly open: (picked: PickedTarget, place: AttemptPlace) => One;
  /** No response will come, and no further attempt is made. The client spans are ended. */
  readonly failed: (failure: UpstreamFailure) => void;
}

/**
 * Asks the instances of a route until one has seen the request. Only what nobody has seen is repeated. That is a
 * request whose connection did not come to stand, or one of which `isUnseen` says so.
 */
export class Attempts<One extends UpstreamAttempt> {
  readonly #request: AttemptsRequest<One>;
  #current: One | undefined;
  #resends = 0;
  #cancelled = false;
  /** Made only for pools that wait: a signal costs more than a span. */
  #abort: AbortController | undefined;

  constructor(request: AttemptsRequest<One>) {
    this.#request = request;
  }

  /** The last attempt. Undefined until an instance was found. */
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

  /** Nobody wants the response any more. The span tells `reason`. */
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
