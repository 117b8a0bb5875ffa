import type { Span } from "../sdk/span.ts";
import { type AnswerListener, Attempt } from "./attempt.ts";
import { describeFailure, type UpstreamFailure } from "./errors.ts";
import type { Route } from "./route.ts";
import type { PickedTarget } from "./upstream-pool.ts";

/** A request as every instance would get it. */
export interface AttemptsRequest {
  readonly method: string;
  /** Of an instance with this base path, without query. */
  readonly path: (basePath: string) => string;
  /** With `?`, or empty. */
  readonly query: string;
  readonly bodyless: boolean;
  /** The span that the client spans belong to. */
  readonly server: Span;
  /** Host and framing included. */
  readonly headers: (client: Span, picked: PickedTarget) => readonly string[];
}

/** What becomes of a request. */
export interface AttemptsListener extends AnswerListener {
  /** No answer will come, and no further attempt is made. The client spans are ended. */
  failed(failure: UpstreamFailure): void;
}

/** What a second time does the same as once (RFC 9110 §9.2.2). */
const IDEMPOTENT: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"]);

/**
 * Asks the instances of a route until a connection stands. Repeated is only what nobody has seen: a request whose connection
 * did not come to stand, or one without body on a kept connection that the upstream closed; and only with an idempotent method.
 * For any other the attempt looks whether the upstream has closed the kept connection before it sends (RFC 9110 §9.2.2 and
 * RFC 9112 §9.3.1: a proxy must not repeat it afterwards, whatever it believes to know).
 */
export class Attempts {
  readonly #route: Route;
  readonly #request: AttemptsRequest;
  readonly #retries: number;
  readonly #listener: AttemptsListener;
  #current: Attempt | undefined;
  #resends = 0;
  #cancelled = false;
  /** Made for pools that wait: a signal costs more than a span. */
  #abort: AbortController | undefined;

  constructor(route: Route, request: AttemptsRequest, retries: number, listener: AttemptsListener) {
    this.#route = route;
    this.#request = request;
    this.#retries = retries;
    this.#listener = listener;
  }

  /** The last one; undefined until an instance was found. */
  get current(): Attempt | undefined {
    return this.#current;
  }

  start(): void {
    try {
      const picked = this.#route.pool.pick(() => this.#signal());
      if (!(picked instanceof Promise)) this.#ask(picked);
      else {
        picked
          .then((given) => (this.#cancelled ? given.done("success") : this.#ask(given)))
          .catch((error: unknown) => this.#unanswerable(error));
      }
    } catch (error) {
      this.#unanswerable(error);
    }
  }

  /** Nobody wants the answer any more: `reason` for the span. */
  cancel(reason: string, status?: number): void {
    this.#cancelled = true;
    this.#abort?.abort();
    this.#current?.cancel(reason, status);
  }

  #ask(picked: PickedTarget): void {
    const { method, path, query, server, headers } = this.#request;
    const request = {
      method,
      path: path(picked.target.basePath),
      query,
      resend: this.#resends,
      server,
      headers,
      onlyOnce: !(this.#request.bodyless && this.#mayRepeat()),
    };
    const attempt = new Attempt(this.#route, picked, request, this.#listener, (failure) => {
      this.#failed(attempt, failure);
    });
    this.#current = attempt;
    attempt.start();
  }

  #failed(attempt: Attempt, failure: UpstreamFailure): void {
    const unseen = !attempt.connected || (this.#request.bodyless && attempt.isStale(failure));
    if (unseen && this.#mayRepeat() && !this.#cancelled) {
      this.#resends++;
      this.#route.counted.retried();
      this.start();
    } else this.#listener.failed(failure);
  }

  #mayRepeat(): boolean {
    return IDEMPOTENT.has(this.#request.method) && this.#resends < this.#retries;
  }

  /** No instance can be asked. */
  #unanswerable(error: unknown): void {
    if (this.#cancelled) return;
    this.#route.counted.failed();
    this.#listener.failed(describeFailure(error, this.#route.service));
  }

  #signal(): AbortSignal {
    this.#abort ??= new AbortController();
    return this.#abort.signal;
  }
}
