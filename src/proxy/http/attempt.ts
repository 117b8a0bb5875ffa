import type { ClientRequest, IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { closedWhileKept } from "../../component/kept-connection.ts";
import type { Span } from "../../sdk/trace/span.ts";
import { endClientSpan, failSpan, type OutgoingFacts, startClientSpan } from "../message/http-spans.ts";
import type { UpstreamAttempt } from "../upstream/attempts.ts";
import { describeFailure, type UpstreamFailure } from "../upstream/errors.ts";
import type { Route } from "../upstream/route.ts";
import type { PickedTarget } from "../upstream/upstream-pool.ts";
import { openUpstream, UpstreamTimeoutError } from "../upstream/upstream-request.ts";

/**
 * Told what comes back: `connected`, `informed` as often as it happens, then `responded` or `upgraded`. A failure takes
 * their place.
 */
export interface ResponseObserver {
  /** The connection stands, and nothing was sent yet. */
  connected(upstream: ClientRequest): void;
  /** An interim response (RFC 9110 §15.2) came, any but 101. */
  informed(status: number, rawHeaders: readonly string[]): void;
  responded(upstreamResponse: IncomingMessage): void;
  /** Whether a 101 answers what was asked. Another is a failure of the upstream. */
  acceptsUpgrade?(upstreamResponse: IncomingMessage): boolean;
  /** 101 came, and the attempt is settled. Without this method 101 is a failure. */
  upgraded?(upstreamResponse: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Nothing came or went for the route's `idle_ms`. True where that is the caller's doing, who is then told so. */
  stalledByCaller(): boolean;
}

export interface AttemptRequest extends Omit<OutgoingFacts, "target"> {
  /** The span that the client span belongs to. */
  readonly server: Span;
  /** The headers of the request to send, Host and framing included. */
  readonly headers: (client: Span, picked: PickedTarget) => readonly string[];
  /** Makes ready to send the body again from its start. False where the start is not there any more. */
  readonly rewindBody: () => boolean;
  /** No attempt may follow this one once anything was sent. */
  readonly onlyOnce: boolean;
}

/**
 * One attempt to have a request answered by one instance. It has a client span, and tells the balancer what became of
 * it. Both are settled once: by `succeeded`, `failedWith` or `cancel`, or by the attempt itself when the connection
 * fails. A kept connection that proves closed before anything was sent is no failure. The attempt then takes the next
 * kept connection, and at last a new one.
 */
export class Attempt implements UpstreamAttempt {
  readonly client: Span;
  readonly picked: PickedTarget;
  readonly #route: Route;
  readonly #request: AttemptRequest;
  readonly #observer: ResponseObserver;
  readonly #onFailed: (failure: UpstreamFailure) => void;
  #upstream: ClientRequest | undefined;
  #connected = false;
  #responded = false;
  #settled = false;
  /** What ended a connection whose response had begun. */
  #lateError: Error | undefined;

  /** `onFailed` is called at most once, when no response will come. The client span is ended then. */
  constructor(
    route: Route,
    picked: PickedTarget,
    request: AttemptRequest,
    observer: ResponseObserver,
    onFailed: (failure: UpstreamFailure) => void,
  ) {
    this.#route = route;
    this.picked = picked;
    this.#request = request;
    this.#observer = observer;
    this.#onFailed = onFailed;
    const { server, method, path, query, resend } = request;
    const facts = { method, target: picked.target, path, query, resend };
    this.client = startClientSpan(route.tracer, server, route.prefix, facts);
  }

  /** True before the connection stands. True for a kept connection that the upstream closed as the request went out. */
  isUnseen({ type }: UpstreamFailure): boolean {
    if (!this.#connected) return true;
    return closedWhileKept(this.#upstream, type) && this.#request.rewindBody();
  }

  start(): void {
    const { method, path, query, headers, onlyOnce } = this.#request;
    const { picked, client } = this;
    try {
      const options = { method, path: path + query, headers: headers(client, picked), onlyOnce };
      this.#observe(openUpstream(picked.target, options, this.#route.connector, this.#upstreamObserver()));
    } catch (error) {
      this.#failed(error);
    }
  }

  /** The whole response is there. */
  succeeded(status: number): void {
    if (!this.#settle("success")) return;
    endClientSpan(this.client, status);
  }

  /** The response cannot be used, or broke off. Undefined where the attempt was settled before. */
  failedWith(error: unknown, status: number): UpstreamFailure | undefined {
    if (!this.#settle("failure")) return undefined;
    const failure = describeFailure(this.#lateError ?? error, this.#route.service);
    failSpan(this.client, failure.type, failure.detail, status);
    this.#route.counted.failed();
    return failure;
  }

  /** Nobody wants the response any more. The span tells `reason`. The instance is not at fault. */
  cancel(reason: string, status?: number): void {
    if (!this.#settle("success")) return;
    failSpan(this.client, "cancelled", reason, status);
    this.#upstream?.destroy();
  }

  #upstreamObserver() {
    return {
      connected: (): void => {
        this.#connected = true;
        // The request is opened and observed before its socket is there.
        this.#observer.connected(this.#upstream as ClientRequest);
      },
      idle: (): void => {
        if (this.#observer.stalledByCaller()) return;
        const { idleMs } = this.#route.connector;
        this.#upstream?.destroy(new UpstreamTimeoutError("timeout", `no byte within ${idleMs} ms`));
      },
    };
  }

  #observe(upstream: ClientRequest): void {
    this.#upstream = upstream;
    const failed = (error: Error): void => {
      if (upstream !== this.#upstream) return;
      if (!this.#connected && !this.#settled && upstream.reusedSocket) this.start();
      else this.#failed(error);
    };
    upstream.on("error", failed);
    upstream.once("close", () => {
      if (!this.#responded && !this.#settled) failed(new Error("the connection was closed without an answer"));
    });
    upstream.on("information", ({ statusCode, rawHeaders }) => this.#observer.informed(statusCode, rawHeaders));
    this.#observeUpgrade(upstream);
    upstream.once("response", (upstreamResponse) => {
      this.#responded = true;
      if (this.#settled) upstreamResponse.resume();
      else this.#observer.responded(upstreamResponse);
    });
  }

  #observeUpgrade(upstream: ClientRequest): void {
    if (this.#observer.upgraded === undefined) return;
    upstream.once("upgrade", (upstreamResponse, socket, head) => {
      if (this.#settled || this.#observer.acceptsUpgrade?.(upstreamResponse) === false) {
        socket.destroy();
        this.#failed(Object.assign(new Error("its 101 does not answer the handshake"), { code: "bad_upgrade" }));
        return;
      }
      this.#responded = true;
      this.succeeded(101);
      this.#observer.upgraded?.(upstreamResponse, socket, head);
    });
  }

  #failed(error: unknown): void {
    if (this.#responded) {
      if (error instanceof Error) this.#lateError = error;
      return;
    }
    if (!this.#settle("failure")) return;
    const failure = describeFailure(error, this.#route.service);
    failSpan(this.client, failure.type, failure.detail);
    this.#route.counted.failed();
    this.#onFailed(failure);
  }

  #settle(outcome: "success" | "failure"): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.picked.done(outcome);
    return true;
  }
}
