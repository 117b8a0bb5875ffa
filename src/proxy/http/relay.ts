import type { IncomingMessage } from "node:http";
import { callerHeaders, trailerPairs } from "../message/headers.ts";
import { type AnyRequest, type AnyResponse, isHttp2, writeHead } from "../message/response.ts";

export interface RelayObserver {
  /** Everything was handed to the caller's connection, trailers too. */
  complete(): void;
  /** The response cannot be sent as it is, or breaks off. */
  broken(error: unknown): void;
  /** The upstream's response is over, whichever way. */
  closed(): void;
}

/**
 * Sends an upstream's response on, as fast as the caller reads it. False, after `broken`, for a response that the
 * caller's protocol cannot carry.
 */
export function relayResponse(
  request: AnyRequest,
  response: AnyResponse,
  upstreamResponse: IncomingMessage,
  observer: RelayObserver,
): boolean {
  const status = upstreamResponse.statusCode as number;
  const http2 = isHttp2(response);
  const noBody = request.method === "HEAD" || status === 204 || status === 304;
  const whole = upstreamResponse.headers["content-length"] !== undefined;
  const trailers = !whole && !noBody && (http2 || request.httpVersion === "1.1");
  try {
    writeHead(
      response,
      status,
      callerHeaders(upstreamResponse.rawHeaders, trailers && !http2),
      upstreamResponse.statusMessage,
    );
  } catch (error) {
    // HTTP/2 does not allow one of the headers.
    observer.broken(error);
    return false;
  }
  upstreamResponse.pipe(response as NodeJS.WritableStream, { end: false });
  upstreamResponse.once("end", () => {
    observer.complete();
    const pairs = trailers ? trailerPairs(upstreamResponse.rawTrailers) : [];
    if (pairs.length > 0) response.addTrailers(http2 ? Object.fromEntries(pairs) : (pairs as never));
    response.end();
  });
  upstreamResponse.once("error", (error) => observer.broken(error));
  upstreamResponse.once("close", () => observer.closed());
  // An event stream that has nothing to say yet still has headers to show. HTTP/2 has sent them.
  if (!http2) setImmediate(showHead, upstreamResponse, response);
  return true;
}

function showHead(upstreamResponse: IncomingMessage, response: AnyResponse): void {
  if (upstreamResponse.readableDidRead || isHttp2(response) || response.writableEnded || response.destroyed) return;
  response.flushHeaders();
}
