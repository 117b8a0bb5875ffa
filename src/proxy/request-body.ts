import type { ClientRequest } from "node:http";
import type { AnyRequest } from "./answer.ts";
import { trailerPairs } from "./headers.ts";
import type { GuardedRequest } from "./request-guard.ts";

/** Whether a body follows: HTTP/1 says so by its framing, HTTP/2 by leaving the stream open. */
export function hasBody(request: AnyRequest, guarded: GuardedRequest): boolean {
  if ("stream" in request) return !(request.stream as { endAfterHeaders?: boolean }).endAfterHeaders;
  return guarded.chunked || (guarded.contentLength ?? 0) > 0;
}

/**
 * Sends a request's body and trailers on as they come, as fast as the upstream takes them. `tooLarge` is called once there
 * are more than `maxBytes`; nothing is sent after it.
 */
export function sendBody(request: AnyRequest, upstream: ClientRequest, maxBytes: number, tooLarge: () => void): void {
  let sent = 0;
  if (Number.isFinite(maxBytes)) {
    request.on("data", (chunk: Buffer) => {
      if (sent > maxBytes) return;
      sent += chunk.length;
      if (sent <= maxBytes) return;
      request.unpipe(upstream);
      tooLarge();
    });
  }
  request.once("end", () => {
    if (upstream.destroyed || sent > maxBytes) return;
    const trailers = trailerPairs(request.rawTrailers);
    if (trailers.length > 0) upstream.addTrailers(trailers);
    upstream.end();
  });
  request.pipe(upstream, { end: false });
}
