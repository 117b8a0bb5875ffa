import type { Span } from "../../sdk/trace/span.ts";
import { Attempts } from "../upstream/attempts.ts";
import type { UpstreamFailure } from "../upstream/errors.ts";
import type { Route } from "../upstream/route.ts";
import type { PickedTarget } from "../upstream/upstream-pool.ts";
import { Attempt, type ResponseObserver } from "./attempt.ts";

/** A request as every instance would get it. */
export interface HttpRequest {
  readonly method: string;
  /** The path on an instance with this base path, without query. */
  readonly path: (basePath: string) => string;
  /** With `?`, or empty. */
  readonly query: string;
  readonly bodyless: boolean;
  /** Makes ready to send the body again from its start. False where the start is not there any more. */
  readonly rewindBody: () => boolean;
  /** The span that the client spans belong to. */
  readonly server: Span;
  /** Host and framing included. */
  readonly headers: (client: Span, picked: PickedTarget) => readonly string[];
}

/** Told what becomes of a request. */
export interface AttemptsObserver extends ResponseObserver {
  /** No response will come, and no further attempt is made. The client spans are ended. */
  failed(failure: UpstreamFailure): void;
}

/** Methods with which a second request does the same as one (RFC 9110 §9.2.2). */
const IDEMPOTENT: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"]);

/**
 * Asks over HTTP/1.1. Only a request with an idempotent method is repeated. It is repeated where its connection did not
 * come to stand, or where the upstream closed a kept connection and the body is still there.
 * A proxy must not repeat any other request once it was sent, whatever it believes to know (RFC 9110 §9.2.2, RFC 9112
 * §9.3.1). So an attempt looks before it sends whether the upstream has closed the kept connection. Only a request
 * without body that another attempt may follow goes without that look.
 */
export function httpAttempts(
  route: Route,
  request: HttpRequest,
  retries: number,
  observer: AttemptsObserver,
): Attempts<Attempt> {
  const { method, path, query, bodyless, rewindBody, server, headers } = request;
  return new Attempts({
    route,
    retries: IDEMPOTENT.has(method) ? retries : 0,
    failed: (failure) => observer.failed(failure),
    open: (picked, { resend, mayFollow, failed }) => {
      const onlyOnce = !(bodyless && mayFollow);
      const asked = {
        method,
        path: path(picked.target.basePath),
        query,
        resend,
        server,
        headers,
        rewindBody,
        onlyOnce,
      };
      return new Attempt(route, picked, asked, observer, failed);
    },
  });
}
