import type { ClientRequest, IncomingMessage } from "node:http";
import type { Span } from "../../sdk/trace/span.ts";
import { type Admitted, type ExchangeSettings, headersFor } from "../message/admitted.ts";
import { callerHeaders, headerValues, trailerPairs } from "../message/headers.ts";
import { endServerSpan, failSpan } from "../message/http-spans.ts";
import { hasBody, RequestBody } from "../message/request-body.ts";
import {
  type AnyRequest,
  type AnyResponse,
  cutOff,
  discardBody,
  needsDrain,
  respondWithText,
  wasDelivered,
  writeInformation,
} from "../message/response.ts";
import type { Attempts } from "../upstream/attempts.ts";
import type { UpstreamFailure } from "../upstream/errors.ts";
import { upstreamPath } from "../upstream/router.ts";
import type { PickedTarget } from "../upstream/upstream-pool.ts";
import type { Attempt } from "./attempt.ts";
import { type AttemptsObserver, httpAttempts } from "./http-attempts.ts";
import { relayResponse } from "./relay.ts";

/** An upstream that knows nothing of `Expect` gets the body after this, ms. */
const CONTINUE_MS = 1_000;
const ignore = (): void => {};

/**
 * The caller's side of one request through the proxy: the body goes there, the response comes back. The server span
 * ends in every case.
 */
export class Exchange implements AttemptsObserver {
  readonly #request: AnyRequest;
  readonly #response: AnyResponse;
  readonly #admitted: Admitted;
  readonly #settings: ExchangeSettings;
  /** The caller waits for `100 Continue` before it sends the body. */
  readonly #expectsContinue: boolean;
  readonly #bodyless: boolean;
  readonly #attempts: Attempts<Attempt>;
  readonly #body: RequestBody;
  #upstream: ClientRequest | undefined;
  #continued = false;
  #continueTimer: NodeJS.Timeout | undefined;
  /** The server span is ended. No response is sent any more. */
  #finished = false;

  constructor(
    request: AnyRequest,
    response: AnyResponse,
    admitted: Admitted,
    settings: ExchangeSettings,
    expectsContinue: boolean,
  ) {
    this.#request = request;
    this.#response = response;
    this.#admitted = admitted;
    this.#settings = settings;
    this.#bodyless = !hasBody(request, admitted.guarded);
    this.#expectsContinue = expectsContinue && !this.#bodyless;
    const { route, guarded, server } = admitted;
    const asked = {
      method: request.method as string,
      path: (basePath: string) => upstreamPath(route, basePath, guarded.path),
      query: guarded.query,
      bodyless: this.#bodyless,
      rewindBody: () => this.#body.rewind(),
      server,
      headers: (client: Span, picked: PickedTarget) => this.#headers(client, picked),
    };
    this.#attempts = httpAttempts(route, asked, settings.retries, this);
    this.#body = new RequestBody(request, settings.maxBodyBytes, () => this.#tooLarge());
  }

  start(): void {
    this.#response.once("close", () => this.#callerClosed());
    this.#request.on("error", ignore);
    this.#response.on("error", ignore);
    if ((this.#admitted.guarded.contentLength ?? 0) > this.#settings.maxBodyBytes) this.#tooLarge();
    else this.#attempts.start();
  }

  connected(upstream: ClientRequest): void {
    this.#upstream = upstream;
    if (this.#bodyless) upstream.end();
    else if (!this.#expectsContinue || this.#continued) this.#sendBody(upstream);
    else {
      this.#continueTimer = setTimeout(() => this.#continue(), CONTINUE_MS);
      upstream.flushHeaders();
    }
  }

  informed(status: number, rawHeaders: readonly string[]): void {
    if (this.#finished || this.#response.headersSent) return;
    if (status === 100) this.#continue();
    else writeInformation(this.#request, this.#response, status, callerHeaders(rawHeaders, false));
  }

  responded(upstreamResponse: IncomingMessage): void {
    const request = this.#request;
    const response = this.#response;
    const attempt = this.#attempts.current as Attempt;
    const status = upstreamResponse.statusCode as number;
    clearTimeout(this.#continueTimer);
    this.#body.release();
    const broken = (error: unknown): void => {
      const failure = attempt.failedWith(error, status);
      if (failure === undefined || this.#finished) return;
      if (!response.headersSent) {
        this.#refuse(failure);
        return;
      }
      this.#settings.logFailure(this.#admitted.route, failure, attempt.picked.target.authority);
      this.#finish((server) => failSpan(server, failure.type, failure.told, status));
      cutOff(response);
    };
    const begun = relayResponse(request, response, upstreamResponse, {
      complete: () => {
        attempt.succeeded(status);
        if (!request.complete) discardBody(request);
      },
      broken,
      closed: () => attempt.cancel("the caller went away", status),
    });
    if (begun) this.#admitted.route.counted.responded(status);
    else this.#upstream?.destroy();
  }

  failed(failure: UpstreamFailure): void {
    if (this.#finished) return;
    clearTimeout(this.#continueTimer);
    this.#body.stop();
    this.#refuse(failure);
  }

  stalledByCaller(): boolean {
    const response = this.#response;
    const stalled = response.headersSent
      ? needsDrain(response)
      : !this.#bodyless && !this.#request.complete && this.#upstream?.writableNeedDrain === false;
    if (!stalled || this.#finished) return stalled;
    if (response.headersSent) {
      const { statusCode } = response;
      this.#finish((server) => failSpan(server, "timeout", "the caller did not read the answer in time", statusCode));
      this.#attempts.cancel("the caller did not read the answer in time", statusCode);
      cutOff(response);
    } else this.#respond(408, "the request took too long to arrive");
    return true;
  }

  #headers(client: Span, { target }: PickedTarget): string[] {
    const { rawHeaders } = this.#request;
    const { names, contentLength } = this.#admitted.guarded;
    const headers = headersFor(this.#admitted, rawHeaders, client, target);
    const te = names.includes("te") && headerValues(rawHeaders, "te").some(acceptsTrailers);
    if (te) headers.push("TE", "trailers", "Connection", "keep-alive, te");
    else headers.push("Connection", "keep-alive");
    if (contentLength !== undefined) headers.push("Content-Length", String(contentLength));
    else if (!this.#bodyless) {
      headers.push("Transfer-Encoding", "chunked");
      for (const value of headerValues(rawHeaders, "trailer")) headers.push("Trailer", value);
    }
    if (this.#expectsContinue) headers.push("Expect", "100-continue");
    return headers;
  }

  #sendBody(upstream: ClientRequest): void {
    this.#body.sendTo(upstream, () => {
      const trailers = trailerPairs(this.#request.rawTrailers);
      if (trailers.length > 0) upstream.addTrailers(trailers);
      upstream.end();
    });
  }

  /** Asks the caller for the body, because the upstream wants it or says nothing. */
  #continue(): void {
    if (this.#continued || this.#finished || this.#response.headersSent) return;
    this.#continued = true;
    clearTimeout(this.#continueTimer);
    if (this.#request.httpVersion !== "1.0") this.#response.writeContinue();
    if (this.#expectsContinue && this.#upstream !== undefined) this.#sendBody(this.#upstream);
  }

  #refuse(failure: UpstreamFailure): void {
    const { route } = this.#admitted;
    if (this.#finished) return;
    this.#settings.logFailure(route, failure, this.#attempts.current?.picked.target.authority);
    this.#finish((server) => failSpan(server, failure.type, failure.told, failure.status));
    route.counted.responded(failure.status);
    respondWithText(this.#request, this.#response, failure.status, failure.told);
  }

  #tooLarge(): void {
    this.#respond(413, `the body has more than ${this.#settings.maxBodyBytes} bytes`);
  }

  /** Ends the exchange with the proxy's own words about what the caller did. */
  #respond(status: number, message: string): void {
    if (this.#finished) return;
    this.#finish((server) => endServerSpan(server, status));
    this.#admitted.route.counted.responded(status);
    if (this.#response.headersSent) cutOff(this.#response);
    else respondWithText(this.#request, this.#response, status, message);
    this.#body.stop();
    this.#giveUp(message);
  }

  #callerClosed(): void {
    const response = this.#response;
    if (this.#finished) return;
    if (wasDelivered(response)) {
      this.#finish((server) => endServerSpan(server, response.statusCode));
      return;
    }
    const status = response.headersSent ? response.statusCode : undefined;
    const message = "the caller went away before the answer was complete";
    this.#finish((server) => failSpan(server, "connection_lost", message, status));
    this.#giveUp("the caller went away", status);
  }

  #giveUp(reason: string, status?: number): void {
    clearTimeout(this.#continueTimer);
    this.#attempts.cancel(reason, status);
  }

  #finish(end: (server: Span) => void): void {
    if (this.#finished) return;
    this.#finished = true;
    end(this.#admitted.server);
  }
}

function acceptsTrailers(te: string): boolean {
  return /(^|,)\s*trailers\s*(;|,|$)/i.test(te);
}
