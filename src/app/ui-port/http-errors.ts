import type { IncomingMessage, ServerResponse } from "node:http";
import { PermanentError } from "../../component/errors.ts";
import type { Logger } from "../../component/logger.ts";

/** An error in the envelope of Jaeger's API, which is that of everything that has none of its own. */
export function sendEnvelope(response: ServerResponse, status: number, message: string): void {
  response.statusCode = status;
  response.setHeader("content-type", "application/json; charset=utf-8");
  response.end(JSON.stringify({ errors: [{ code: status, msg: message }] }));
}

/** 404 for a path below `/api` that nobody answers. */
export function noSuchEndpoint(request: IncomingMessage & { originalUrl?: string }, response: ServerResponse): void {
  sendEnvelope(response, 404, `no such endpoint: ${request.method} ${request.originalUrl ?? request.url}`);
}

/** Answers for what a handler threw: an error of the client's with its text, all else as 500 and a line in the log. */
export function errorAnswer(logger: Logger) {
  return (
    error: unknown,
    request: IncomingMessage,
    response: ServerResponse,
    next: (error: unknown) => void = () => response.destroy(),
  ): void => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const status = error instanceof PermanentError || !isHttpError(error) ? 500 : error.status;
    if (status >= 500) {
      logger.error("request failed", {
        path: pathOf(request),
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
    }
    const message = status >= 500 ? "internal error; the collector's log has it" : (error as Error).message;
    sendEnvelope(response, status, message);
  };
}

/** The path that is asked for, below where the handler is mounted. */
export function pathOf({ url = "" }: IncomingMessage): string {
  return url.split("?", 1)[0] as string;
}

function isHttpError(error: unknown): error is Error & { status: number } {
  return error instanceof Error && typeof (error as { status?: unknown }).status === "number";
}
