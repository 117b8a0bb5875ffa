import type { Span } from "../../sdk/trace/span.ts";
import { Attempts } from "../upstream/attempts.ts";
import type { UpstreamFailure } from "../upstream/errors.ts";
import type { Route } from "../upstream/route.ts";
import type { PickedTarget } from "../upstream/upstream-pool.ts";
import { Attempt, type ResponseObserver } from "./attempt.ts";

/** A request as every instance would get it. */
export interface HttpRequest {
  readonly method: string;
  /** Of an instance with this base path, without query. */
  readonly path: (basePath: string) => string;
  /** With `?`, or empty. */
  readonly query: string;
  readonly bodyless: boolean;
  /** Makes ready to send the body again from its start; false where that is not there any more. */
  readonly rewindBody: () => boolean;
  /** The span that the client spans belong to. */
  readonly server: Span;
  /** Host and framing included. */
  readonly headers: (client: Span, picked: PickedTarget) => readonly string[];
}

/** What becomes of a request. */
export interface AttemptsObserver extends ResponseObserver {
  /** No answer will come, and no further attempt is made. The client spans are ended. */
  failed(failure: UpstreamFailure): void;
}

/** What a second time does the same as once (RFC 9110 §9.2.2). */
const IDEMPOTENT: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"]);

/**
 * Asks over HTTP/1.1. Repeated is a request whose connection did not come to stand, or one on a kept connection that the
 * upstream closed, as long as its body is there; and only with an idempotent method. For any other the attempt looks whether
 * the upstream has closed the kept connection before it sends (RFC 9110 §9.2.2 and RFC 9112 §9.3.1: a proxy must not repeat it
 * afterwards, whatever it believes to know).
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
