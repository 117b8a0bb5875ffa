import type { IncomingMessage } from "node:http";
import { callerHeaders, trailerPairs } from "../message/headers.ts";
import { type AnyRequest, type AnyResponse, isHttp2, writeHead } from "../message/response.ts";

export interface RelayListener {
  /** Everything was handed to the caller's connection, trailers too. */
  complete(): void;
  /** The answer cannot be sent as it is, or breaks off. */
  broken(error: unknown): void;
  /** The upstream's answer is over, whichever way. */
  closed(): void;
}

/**
 * Sends an upstream's answer on, as fast as the caller reads it. False, after `broken`, for an answer that the caller's
 * protocol cannot carry.
 */
export function relayAnswer(
  request: AnyRequest,
  response: AnyResponse,
  answer: IncomingMessage,
  listener: RelayListener,
): boolean {
  const status = answer.statusCode as number;
  const http2 = isHttp2(response);
  const noBody = request.method === "HEAD" || status === 204 || status === 304;
  const whole = answer.headers["content-length"] !== undefined;
  const trailers = !whole && !noBody && (http2 || request.httpVersion === "1.1");
  try {
    writeHead(response, status, callerHeaders(answer.rawHeaders, trailers && !http2), answer.statusMessage);
  } catch (error) {
    // A header that HTTP/2 does not allow.
    listener.broken(error);
    return false;
  }
  answer.pipe(response as NodeJS.WritableStream, { end: false });
  answer.once("end", () => {
    listener.complete();
    const pairs = trailers ? trailerPairs(answer.rawTrailers) : [];
    if (pairs.length > 0) response.addTrailers(http2 ? Object.fromEntries(pairs) : (pairs as never));
    response.end();
  });
  answer.once("error", (error) => listener.broken(error));
  answer.once("close", () => listener.closed());
  // An event stream that has nothing to say yet has headers to show all the same. HTTP/2 has sent them.
  if (!http2) setImmediate(showHead, answer, response);
  return true;
}

function showHead(answer: IncomingMessage, response: AnyResponse): void {
  if (answer.readableDidRead || isHttp2(response) || response.writableEnded || response.destroyed) return;
  response.flushHeaders();
}
