import type { ClientRequest, IncomingMessage } from "node:http";
import type { Propagated } from "../propagation/context.ts";
import type { Span } from "../sdk/span.ts";
import {
  type AnyRequest,
  type AnyResponse,
  answerText,
  cutOff,
  discardBody,
  isHttp2,
  wasDelivered,
  writeHead,
} from "./answer.ts";
import { describeFailure, type UpstreamFailure } from "./errors.ts";
import { callerHeaders, type ForwardedFrom, headerValues, trailerPairs, upstreamHeaders } from "./headers.ts";
import type { GuardedRequest } from "./request-guard.ts";
import type { Route } from "./route.ts";
import { stripPrefix } from "./router.ts";
import { endClientSpan, endServerSpan, failSpan, outgoingTrace, startClientSpan } from "./spans.ts";
import type { PickedTarget } from "./upstream-pool.ts";
import { connectUpstream } from "./upstream-request.ts";

/** A request that passed the guard, with the route and the server span that it has. */
export interface ExchangeInput {
  readonly request: AnyRequest;
  readonly response: AnyResponse;
  readonly guarded: GuardedRequest;
  readonly route: Route;
  readonly caller: Propagated;
  readonly server: Span;
  readonly from: ForwardedFrom;
  readonly via: string;
  readonly retries: number;
  readonly maxBodyBytes: number;
  /** The caller waits for `100 Continue` before it sends the body. */
  readonly expectsContinue: boolean;
  readonly logFailure: (failure: UpstreamFailure, upstream: string | undefined) => void;
}

/** What a second time does the same as once (RFC 9110 §9.2.2). */
const IDEMPOTENT: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"]);
/** An upstream that knows nothing of `Expect` gets the body after this, ms. */
const CONTINUE_MS = 1_000;

/** An upstream request whose connection stands. */
interface Connected {
  readonly upstream: ClientRequest;
  readonly picked: PickedTarget;
  readonly client: Span;
}

/** One request through the proxy: connecting, the body there, the answer back. Ends its spans in every case. */
export class Exchange {
  readonly #input: ExchangeInput;
  readonly #gone = new AbortController();
  readonly #bodyless: boolean;
  #attempts = 0;
  /** What ended a connection whose answer had begun. */
  #lateError: Error | undefined;
  #sentBytes = 0;
  #finished = false;

  constructor(input: ExchangeInput) {
    this.#input = input;
    this.#bodyless = !hasBody(input);
  }

  async run(): Promise<void> {
    const { request, response } = this.#input;
    response.once("close", () => this.#callerClosed());
    request.on("error", () => {});
    response.on("error", () => {});
    if ((this.#input.guarded.contentLength ?? 0) > this.#input.maxBodyBytes) return this.#tooLarge();
    for (;;) {
      const connected = await this.#connect();
      if (connected === undefined) return;
      const answer = await this.#send(connected);
      if (answer === "again") continue;
      if (answer !== undefined) this.#relay(connected, answer);
      return;
    }
  }

  /** Tries instances until a connection stands; undefined after the caller was told that none does. */
  async #connect(): Promise<Connected | undefined> {
    const { request, route, server, guarded, retries } = this.#input;
    const method = request.method as string;
    for (;;) {
      let picked: PickedTarget | undefined;
      let client: Span | undefined;
      try {
        picked = await route.pool.pick(this.#gone.signal);
        const { target } = picked;
        const own = route.stripPrefix ? stripPrefix(route.prefix, guarded.path) : guarded.path;
        const path = `${target.basePath}${own}${guarded.query}`;
        client = startClientSpan(route.tracer, server, route.prefix, method, target, path, this.#attempts);
        const headers = this.#headers(client, picked);
        const options = { method, path, headers };
        const upstream = await connectUpstream(target, options, route.connector, this.#gone.signal);
        return { upstream, picked, client };
      } catch (error) {
        if (this.#gone.signal.aborted) {
          if (client !== undefined) failSpan(client, "cancelled", "the caller went away");
          picked?.done("success");
          return undefined;
        }
        const failure = this.#attemptFailed(error, client, picked);
        if (client === undefined || !IDEMPOTENT.has(method) || this.#attempts >= retries) {
          this.#refuse(failure, picked?.target.authority);
          return undefined;
        }
        this.#attempts++;
        route.counted.retried();
      }
    }
  }

  /** Sends the body and waits for the answer's headers; `again` where the request is to be repeated. */
  #send(connected: Connected): Promise<IncomingMessage | "again" | undefined> {
    const { upstream, client, picked } = connected;
    const { request, route, retries } = this.#input;
    return new Promise((resolve) => {
      let answered = false;
      upstream.once("response", (answer) => {
        answered = true;
        resolve(answer);
      });
      const failed = (error: Error): void => {
        if (answered) this.#lateError = error;
        if (answered || client.ended) return;
        if (this.#finished || this.#gone.signal.aborted) {
          failSpan(client, "cancelled", "the request was given up");
          picked.done("success");
          resolve(undefined);
          return;
        }
        const failure = this.#attemptFailed(error, client, picked);
        // A kept connection that the upstream closed as the request went out: it saw nothing of it.
        const stale = upstream.reusedSocket && failure.type === "ECONNRESET" && this.#bodyless;
        if (stale && IDEMPOTENT.has(request.method as string) && this.#attempts < retries) {
          this.#attempts++;
          route.counted.retried();
          resolve("again");
          return;
        }
        request.unpipe(upstream);
        this.#refuse(failure, picked.target.authority);
        resolve(undefined);
      };
      upstream.on("error", failed);
      upstream.once("upgrade", (_answer, socket) => socket.destroy());
      upstream.once("close", () => failed(new Error("the connection was closed without an answer")));
      if (this.#bodyless) upstream.end();
      else if (this.#input.expectsContinue) this.#whenAskedFor(upstream);
      else this.#sendBody(upstream);
    });
  }

  /** Hands on `Expect: 100-continue`: the body is asked for when the upstream wants it. */
  #whenAskedFor(upstream: ClientRequest): void {
    const { response } = this.#input;
    const go = (): void => {
      clearTimeout(timer);
      upstream.off("continue", go);
      if (this.#finished || response.headersSent) return;
      response.writeContinue();
      this.#sendBody(upstream);
    };
    const timer = setTimeout(go, CONTINUE_MS);
    upstream.once("continue", go);
    upstream.once("response", () => clearTimeout(timer)).once("close", () => clearTimeout(timer));
    upstream.flushHeaders();
  }

  #sendBody(upstream: ClientRequest): void {
    const { request, maxBodyBytes } = this.#input;
    request.on("data", (chunk: Buffer) => {
      this.#sentBytes += chunk.length;
      if (this.#sentBytes <= maxBodyBytes || this.#finished) return;
      request.unpipe(upstream);
      this.#tooLarge();
      upstream.destroy();
    });
    request.once("end", () => {
      if (upstream.destroyed || this.#finished) return;
      const trailers = trailerPairs(request.rawTrailers);
      if (trailers.length > 0) upstream.addTrailers(trailers);
      upstream.end();
    });
    request.pipe(upstream, { end: false });
  }

  #relay({ upstream, picked, client }: Connected, answer: IncomingMessage): void {
    const { request, response, route } = this.#input;
    const status = answer.statusCode as number;
    const whole = headerValues(answer.rawHeaders, "content-length").length > 0;
    const noBody = request.method === "HEAD" || status === 204 || status === 304;
    const trailers = !whole && !noBody && (isHttp2(response) || request.httpVersion === "1.1");
    const headers = callerHeaders(answer.rawHeaders, trailers && !isHttp2(response));
    try {
      writeHead(response, status, headers, answer.statusMessage);
    } catch (error) {
      // A header that HTTP/2 does not allow.
      upstream.destroy();
      this.#refuse(this.#attemptFailed(error, client, picked), picked.target.authority);
      return;
    }
    route.counted.answered(status);
    let begun = false;
    answer.once("data", () => {
      begun = true;
    });
    // An event stream that has nothing to say yet has headers to show all the same. HTTP/2 has sent them.
    setImmediate(() => {
      if (!begun && !isHttp2(response) && !response.writableEnded && !response.destroyed) response.flushHeaders();
    });
    answer.pipe(response as NodeJS.WritableStream, { end: false });
    answer.once("end", () => {
      picked.done("success");
      endClientSpan(client, status);
      const pairs = trailers ? trailerPairs(answer.rawTrailers) : [];
      if (pairs.length > 0) response.addTrailers(isHttp2(response) ? Object.fromEntries(pairs) : (pairs as never));
      response.end();
      if (!request.complete) discardBody(request);
    });
    answer.once("error", (error) => {
      if (this.#finished || client.ended) return;
      const failure = this.#attemptFailed(this.#lateError ?? error, client, picked, status);
      this.#input.logFailure(failure, picked.target.authority);
      this.#finish((server) => failSpan(server, failure.type, failure.told, status));
      cutOff(response);
    });
    answer.once("close", () => {
      if (client.ended) return;
      picked.done("success");
      failSpan(client, "cancelled", "the caller went away", status);
    });
  }

  #headers(client: Span, { target }: PickedTarget): string[] {
    const { request, route, guarded, from, via, caller, expectsContinue } = this.#input;
    const te = headerValues(request.rawHeaders, "te").some((value) => /(^|,)\s*trailers\s*(;|,|$)/i.test(value));
    const length = guarded.contentLength;
    return upstreamHeaders({
      rawHeaders: request.rawHeaders,
      from,
      via,
      authority: route.preserveHost && guarded.authority !== undefined ? guarded.authority : target.authority,
      trace: outgoingTrace(route.trace.propagator, client, caller),
      isTraceHeader: route.trace.replaces,
      own: [
        ...(te ? ["TE", "trailers", "Connection", "keep-alive, te"] : ["Connection", "keep-alive"]),
        ...(length !== undefined ? ["Content-Length", String(length)] : []),
        ...(length === undefined && !this.#bodyless ? ["Transfer-Encoding", "chunked"] : []),
        ...headerValues(request.rawHeaders, "trailer").flatMap((value) =>
          length === undefined && !this.#bodyless ? ["Trailer", value] : [],
        ),
        ...(expectsContinue && !this.#bodyless ? ["Expect", "100-continue"] : []),
      ],
    });
  }

  #attemptFailed(
    error: unknown,
    client: Span | undefined,
    picked: PickedTarget | undefined,
    status?: number,
  ): UpstreamFailure {
    const failure = describeFailure(error, this.#input.route.service);
    if (client !== undefined) failSpan(client, failure.type, failure.detail, status);
    picked?.done("failure");
    this.#input.route.counted.failed();
    return failure;
  }

  #refuse(failure: UpstreamFailure, upstream: string | undefined): void {
    const { request, response, route, logFailure } = this.#input;
    if (this.#finished) return;
    logFailure(failure, upstream);
    this.#finish((server) => failSpan(server, failure.type, failure.told, failure.status));
    route.counted.answered(failure.status);
    answerText(request, response, failure.status, failure.told);
  }

  #tooLarge(): void {
    const { request, response, maxBodyBytes, route } = this.#input;
    const message = `the body has more than ${maxBodyBytes} bytes`;
    this.#finish((server) => endServerSpan(server, 413));
    route.counted.answered(413);
    if (response.headersSent) cutOff(response);
    else answerText(request, response, 413, message);
    this.#gone.abort();
  }

  #callerClosed(): void {
    const { response } = this.#input;
    const delivered = wasDelivered(response);
    this.#finish((server) => {
      if (delivered) endServerSpan(server, response.statusCode);
      else {
        const status = response.headersSent ? response.statusCode : undefined;
        failSpan(server, "connection_lost", "the caller went away before the answer was complete", status);
      }
    });
    if (!delivered) this.#gone.abort();
  }

  #finish(end: (server: Span) => void): void {
    if (this.#finished) return;
    this.#finished = true;
    end(this.#input.server);
  }
}

/** Whether a body follows: HTTP/1 says so by its framing, HTTP/2 by leaving the stream open. */
function hasBody({ request, guarded }: ExchangeInput): boolean {
  if ("stream" in request) return !(request.stream as { endAfterHeaders?: boolean }).endAfterHeaders;
  return guarded.chunked || (guarded.contentLength ?? 0) > 0;
}
