import type { ClientHttp2Stream, IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http2";
import { constants } from "node:http2";
import type { Span } from "../../sdk/trace/span.ts";
import type { AttemptPlace, UpstreamAttempt } from "../upstream/attempts.ts";
import { describeFailure, type UpstreamFailure } from "../upstream/errors.ts";
import type { Route } from "../upstream/route.ts";
import type { PickedTarget } from "../upstream/upstream-pool.ts";
import { UpstreamTimeoutError } from "../upstream/upstream-request.ts";
import type { UpstreamSession } from "../upstream/upstream-session.ts";
import { type GrpcFailure, statusOfFailure } from "./grpc-response.ts";
import { endCallClientSpan, failCallSpan, type GrpcOutcome, startCallClientSpan } from "./grpc-spans.ts";

/** Names of the codes that end a stream, by number (RFC 9113 §7). */
const RESETS = [
  "NO_ERROR",
  "PROTOCOL_ERROR",
  "INTERNAL_ERROR",
  "FLOW_CONTROL_ERROR",
  "SETTINGS_TIMEOUT",
  "STREAM_CLOSED",
  "FRAME_SIZE_ERROR",
  "REFUSED_STREAM",
  "CANCEL",
  "COMPRESSION_ERROR",
  "CONNECT_ERROR",
  "ENHANCE_YOUR_CALM",
  "INADEQUATE_SECURITY",
  "HTTP_1_1_REQUIRED",
] as const;
const REFUSED = "REFUSED_STREAM";

/** Told what comes back: `connected`, `responded`, then `ended`. `broken` may come at any time after `responded`. */
export interface GrpcResponseObserver {
  /** The stream is open and waits for the body. */
  connected(stream: ClientHttp2Stream): void;
  /** Headers came. They are all of the response where it is `last`. */
  responded(stream: ClientHttp2Stream, rawHeaders: readonly string[], status: number, last: boolean): void;
  /** The whole response was read. */
  ended(rawTrailers: readonly string[]): void;
  /** The response breaks off. The client span is ended. */
  broken(failure: GrpcFailure): void;
  /** Nothing came or went for as long as a call may be silent. The observer has to cancel. */
  silent(): void;
}

export interface GrpcRequest {
  /** The path as it is sent, without the base path of the instance. */
  readonly path: string;
  readonly server: Span;
  readonly headers: (client: Span, picked: PickedTarget) => OutgoingHttpHeaders;
  /** Makes ready to send the body again from its start. False where the start is not there any more. */
  readonly rewindBody: () => boolean;
  readonly silentMs: number;
}

/**
 * One attempt to have a call answered by one instance. It has a stream and a client span, and tells the balancer what
 * became of it.
 */
export class GrpcAttempt implements UpstreamAttempt {
  readonly picked: PickedTarget;
  readonly #client: Span;
  readonly #route: Route;
  readonly #request: GrpcRequest;
  readonly #observer: GrpcResponseObserver;
  readonly #onFailed: AttemptPlace["failed"];
  #session: UpstreamSession | undefined;
  #stream: ClientHttp2Stream | undefined;
  #responded = false;
  #settled = false;
  #error: Error | undefined;

  constructor(
    route: Route,
    picked: PickedTarget,
    request: GrpcRequest,
    observer: GrpcResponseObserver,
    place: AttemptPlace,
  ) {
    this.picked = picked;
    this.#route = route;
    this.#request = request;
    this.#observer = observer;
    this.#onFailed = place.failed;
    this.#client = startCallClientSpan(route.tracer, request.server, request.path, picked.target, place.resend);
  }

  /**
   * True before a stream is open. True for a stream that the upstream refused or that came after its GOAWAY: the
   * upstream has not looked at it. Such a call may be sent again whatever its method (RFC 9113 §8.7).
   */
  isUnseen({ type }: UpstreamFailure): boolean {
    return this.#stream === undefined || (type === REFUSED && this.#request.rewindBody());
  }

  start(): void {
    this.#route.sessions.open(this.picked.target, {
      ready: (session) => this.#open(session),
      failed: (error) => this.#failed(describeFailure(error, this.#route.service)),
    });
  }

  /** The whole response is there. */
  succeeded(outcome: GrpcOutcome): void {
    if (!this.#settle("success")) return;
    endCallClientSpan(this.#client, outcome);
    // The upstream wants nothing more of a caller that still sends.
    if (this.#stream?.writableEnded === false) this.#stream.close(constants.NGHTTP2_CANCEL);
  }

  /** Nobody wants the response any more. The span tells `reason`. The instance is not at fault. */
  cancel(reason: string): void {
    if (!this.#settle("success")) return;
    failCallSpan(this.#client, "cancelled", reason, 1);
    this.#stream?.close(constants.NGHTTP2_CANCEL);
  }

  #open(session: UpstreamSession): void {
    if (this.#settled) return;
    try {
      const stream = session.request(this.#request.headers(this.#client, this.picked));
      this.#session = session;
      this.#stream = stream;
      this.#observe(stream);
    } catch (error) {
      this.#failed(describeFailure(error, this.#route.service));
      return;
    }
    this.#observer.connected(this.#stream);
  }

  #observe(stream: ClientHttp2Stream): void {
    let trailers: readonly string[] | undefined;
    let ended = false;
    const end = (): void => {
      if (ended || this.#settled) return;
      ended = true;
      this.#observer.ended(trailers ?? []);
    };
    stream.setTimeout(this.#request.silentMs, () => this.#settled || this.#observer.silent());
    stream.on("error", (error) => {
      this.#error = error;
    });
    stream.once("response", (headers: IncomingHttpHeaders, flags: number, rawHeaders: string[]) => {
      if (this.#settled) return;
      this.#responded = true;
      const last = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
      this.#observer.responded(stream, rawHeaders, Number(headers[":status"]), last);
    });
    stream.once("trailers", (_headers: IncomingHttpHeaders, _flags: number, rawTrailers: string[]) => {
      trailers = rawTrailers;
    });
    // A reset stream ends as well.
    stream.once("end", () => {
      if (this.#responded && (trailers !== undefined || stream.rstCode === constants.NGHTTP2_NO_ERROR)) end();
    });
    stream.once("close", () => {
      if (!ended) this.#failed(this.#whyClosed(stream));
    });
  }

  #whyClosed(stream: ClientHttp2Stream): GrpcFailure {
    const { service } = this.#route;
    const name = RESETS[stream.rstCode] ?? String(stream.rstCode);
    if (this.#session?.lost === true && name !== REFUSED) {
      const closed = Object.assign(new Error("the connection was closed in the middle of the call"), {
        code: "ECONNRESET",
      });
      return describeFailure(this.#error instanceof UpstreamTimeoutError ? this.#error : closed, service);
    }
    const detail = this.#error?.message ?? `the upstream ended the stream: ${name}`;
    return { status: 502, type: name, told: `${service} ended the call: ${name}`, detail, reset: stream.rstCode };
  }

  #failed(failure: GrpcFailure): void {
    // An upstream that leaves has refused the stream in good order.
    const inOrder = failure.type === REFUSED && this.#session?.leaving === true;
    if (!this.#settle(inOrder ? "success" : "failure")) return;
    failCallSpan(this.#client, failure.type, failure.detail, statusOfFailure(failure));
    this.#route.counted.failed();
    if (this.#responded) this.#observer.broken(failure);
    else this.#onFailed(failure);
  }

  #settle(outcome: "success" | "failure"): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.picked.done(outcome);
    return true;
  }
}
