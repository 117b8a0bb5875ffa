import type { ClientHttp2Stream, Http2ServerRequest, Http2ServerResponse, OutgoingHttpHeaders } from "node:http2";
import { constants } from "node:http2";
import { GRPC_STATUS } from "../../model/grpc-status.ts";
import type { Span } from "../../sdk/trace/span.ts";
import { type Admitted, authorityFor, type ExchangeSettings, headersFor } from "../message/admitted.ts";
import { callerHeaders, trailerPairs } from "../message/headers.ts";
import { RequestBody } from "../message/request-body.ts";
import { discardBody, groupHeaders, writeHead } from "../message/response.ts";
import { Attempts } from "../upstream/attempts.ts";
import type { UpstreamFailure } from "../upstream/errors.ts";
import { upstreamPath } from "../upstream/router.ts";
import type { PickedTarget } from "../upstream/upstream-pool.ts";
import { GrpcAttempt, type GrpcResponseObserver } from "./grpc-attempt.ts";
import { type GrpcFailure, outcomeOf, respondWithGrpcStatus, statusOfFailure } from "./grpc-response.ts";
import { endCallServerSpan, failCallSpan, type GrpcOutcome } from "./grpc-spans.ts";

export interface GrpcSettings extends ExchangeSettings {
  /** Silence in both directions that ends a call, ms. */
  readonly idleMs: number;
}

const ignore = (): void => {};

/**
 * A gRPC call through the proxy, of any of the four kinds. Messages go both ways as they come, and so do the headers
 * and trailers of the response. The side that gives up ends the other. The caller is told failures as a gRPC status.
 * The server span ends in every case.
 */
export class GrpcCall implements GrpcResponseObserver {
  readonly #request: Http2ServerRequest;
  readonly #response: Http2ServerResponse;
  readonly #admitted: Admitted;
  readonly #settings: GrpcSettings;
  readonly #attempts: Attempts<GrpcAttempt>;
  readonly #body: RequestBody;
  #status = 200;
  /** The outcome of a response that was handed on whole. */
  #outcome: GrpcOutcome | undefined;
  /** The server span is ended. No response is sent any more. */
  #finished = false;

  constructor(request: Http2ServerRequest, response: Http2ServerResponse, admitted: Admitted, settings: GrpcSettings) {
    this.#request = request;
    this.#response = response;
    this.#admitted = admitted;
    this.#settings = settings;
    this.#body = new RequestBody(request, settings.maxBodyBytes, () => this.#tooLarge());
    const { route, guarded, server } = admitted;
    const asked = {
      path: upstreamPath(route, "", guarded.path),
      server,
      headers: (client: Span, picked: PickedTarget) => this.#headers(client, picked),
      rewindBody: () => this.#body.rewind(),
      silentMs: settings.idleMs,
    };
    this.#attempts = new Attempts({
      route,
      retries: settings.retries,
      open: (picked, place) => new GrpcAttempt(route, picked, asked, this, place),
      failed: (failure) => this.#refuse(failure),
    });
  }

  start(expectsContinue: boolean): void {
    this.#response.once("close", () => this.#callerClosed());
    this.#request.on("error", ignore);
    this.#response.on("error", ignore);
    if (expectsContinue) this.#response.writeContinue();
    this.#attempts.start();
  }

  connected(stream: ClientHttp2Stream): void {
    this.#body.sendTo(stream, () => stream.end());
  }

  responded(stream: ClientHttp2Stream, rawHeaders: readonly string[], status: number, last: boolean): void {
    const response = this.#response;
    this.#body.release();
    this.#status = status;
    const headers = callerHeaders(withoutPseudo(rawHeaders), false);
    this.#admitted.route.counted.responded(status);
    try {
      if (last) {
        response.stream.respond({ ":status": status, ...groupHeaders(headers) }, { endStream: true });
        stream.resume();
        this.#complete(rawHeaders);
        return;
      }
      writeHead(response, status, headers);
    } catch (error) {
      // HTTP/2 does not allow one of the headers.
      this.#end(GRPC_STATUS.internal, `the answer cannot be sent on: ${(error as Error).message}`, "bad_answer");
      return;
    }
    stream.pipe(response as unknown as NodeJS.WritableStream, { end: false });
  }

  ended(rawTrailers: readonly string[]): void {
    const pairs = trailerPairs(rawTrailers);
    if (pairs.length > 0) this.#response.addTrailers(groupHeaders(pairs.flat()));
    this.#response.end();
    this.#complete(rawTrailers);
  }

  broken(failure: GrpcFailure): void {
    this.#refuse(failure);
  }

  silent(): void {
    this.#end(GRPC_STATUS.unavailable, `nothing was said within ${this.#settings.idleMs} ms`, "timeout");
  }

  #headers(client: Span, { target }: PickedTarget): OutgoingHttpHeaders {
    const { route, guarded } = this.#admitted;
    const [, , ...headers] = headersFor(this.#admitted, this.#request.rawHeaders, client, target);
    return {
      ":method": this.#request.method,
      ":scheme": target.secure ? "https" : "http",
      ":authority": authorityFor(this.#admitted, target),
      ":path": upstreamPath(route, target.basePath, guarded.path) + guarded.query,
      ...groupHeaders(headers),
      te: "trailers",
    };
  }

  #complete(rawHeaders: readonly string[]): void {
    this.#outcome = outcomeOf(rawHeaders, this.#status);
    this.#attempts.current?.succeeded(this.#outcome);
    this.#body.stop();
    if (!this.#request.complete) discardBody(this.#request);
  }

  #tooLarge(): void {
    const message = `the call has sent more than ${this.#settings.maxBodyBytes} bytes`;
    this.#end(GRPC_STATUS.resource_exhausted, message, "too_large");
  }

  /** Ends the call in the proxy's own words, and the call to the upstream too. */
  #end(code: number, message: string, type: string): void {
    if (this.#finished) return;
    this.#body.stop();
    this.#finish((server) => failCallSpan(server, type, message, code));
    this.#attempts.cancel(message);
    respondWithGrpcStatus(this.#request, this.#response, code, message);
  }

  #refuse(failure: UpstreamFailure & GrpcFailure): void {
    if (this.#finished) return;
    const { route } = this.#admitted;
    this.#body.stop();
    this.#settings.logFailure(route, failure, this.#attempts.current?.picked.target.authority);
    const code = statusOfFailure(failure);
    this.#finish((server) => failCallSpan(server, failure.type, failure.told, code));
    if (!this.#response.headersSent) route.counted.responded(failure.status);
    respondWithGrpcStatus(this.#request, this.#response, code, failure.told);
  }

  #callerClosed(): void {
    this.#body.stop();
    if (this.#finished) return;
    const delivered = (this.#response.stream?.rstCode ?? 0) === constants.NGHTTP2_NO_ERROR;
    const outcome = delivered ? this.#outcome : undefined;
    const cancelled = { code: GRPC_STATUS.cancelled, message: "", status: this.#status };
    this.#finish((server) => endCallServerSpan(server, outcome ?? cancelled));
    this.#attempts.cancel("the caller cancelled the call");
  }

  #finish(end: (server: Span) => void): void {
    if (this.#finished) return;
    this.#finished = true;
    end(this.#admitted.server);
  }
}

function withoutPseudo(rawHeaders: readonly string[]): string[] {
  const out: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (!name.startsWith(":")) out.push(name, rawHeaders[i + 1] as string);
  }
  return out;
}
