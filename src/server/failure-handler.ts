import type { IncomingMessage, ServerResponse } from "node:http";
import { type Failure, failureOf } from "../component/error-status.ts";
import type { Logger } from "../component/logger.ts";
import { stackOf } from "../component/reasons.ts";
import { AnsweredByListener } from "./client-error.ts";
import { startFailure } from "./error-status.ts";

/**
 * An error handler of a router: status and Retry-After as `failureOf` says, the body by `send`, and a line in the log
 * for what is a fault of ours. An answer that has begun is left to `next`. Routers know an error handler by its four
 * parameters, so none of them has a default.
 */
export function failureHandler(logger: Logger, send: (failure: Failure, response: ServerResponse) => void) {
  return (
    error: unknown,
    request: IncomingMessage & { originalUrl?: string },
    response: ServerResponse,
    next: (error: unknown) => void,
  ): void => {
    if (error instanceof AnsweredByListener) return;
    if (response.headersSent) {
      next(error);
      return;
    }
    const failure = failureOf(error);
    if (failure.code === "internal") {
      logger.error("request failed", {
        path: (request.originalUrl ?? request.url ?? "").split("?", 1)[0],
        error: stackOf(error),
      });
    }
    startFailure(response, failure);
    send(failure, response);
  };
}
