import type { IncomingMessage, ServerResponse } from "node:http";
import type { Logger } from "../../component/logger.ts";
import type { AnswerRefused } from "../../server/admission/http-gate.ts";
import { failureHandler } from "../../server/failure-handler.ts";

/** An error in the envelope of Jaeger's API, which is that of everything that has none of its own. */
export function sendEnvelope(response: ServerResponse, status: number, message: string): void {
  response.statusCode = status;
  response.setHeader("content-type", "application/json; charset=utf-8");
  response.end(JSON.stringify({ errors: [{ code: status, msg: message }] }));
}

/** A request that access control does not let in, in that envelope. */
export const answerNotAdmitted: AnswerRefused = (_request, response, refusal) => {
  for (const [name, value] of Object.entries(refusal.headers)) response.setHeader(name, value);
  sendEnvelope(response, refusal.status, refusal.message);
};

/** 404 for a path below `/api` that nobody answers. */
export function noSuchEndpoint(request: IncomingMessage & { originalUrl?: string }, response: ServerResponse): void {
  sendEnvelope(response, 404, `no such endpoint: ${request.method} ${request.originalUrl ?? request.url}`);
}

/** Answers for what a handler threw, in that envelope. */
export function errorAnswer(logger: Logger) {
  return failureHandler(logger, ({ http, message }, response) => sendEnvelope(response, http, message));
}

/** The path that is asked for, below where the handler is mounted. */
export function pathOf({ url = "" }: IncomingMessage): string {
  return url.split("?", 1)[0] as string;
}
