import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { NextFunction, Request, Response } from "router";
import { failureOf } from "../component/error-status.ts";
import type { ErrorCode } from "../component/errors.ts";
import type { ViewHost, ViewResult } from "../component/read.ts";
import { messageOf } from "../model/message-of.ts";
import { startFailure } from "../server/error-status.ts";
import { isFromThisMachine } from "../server/same-machine.ts";
import type { QueryParams } from "./params.ts";

const gzipAsync = promisify(gzip);

/** Smaller answers are sent as they are. */
const COMPRESS_FROM_BYTES = 1024;
/** Larger answers are compressed at the fastest level: they cross a local network more often than a slow one. */
const FAST_FROM_BYTES = 256 * 1024;

/** Says why an answer may lack something, whatever its form. */
export const INCOMPLETE_HEADER = "X-Spanloom-Incomplete";

/** An API's own form of an error body; always JSON. */
export type ErrorBody = (status: number, code: ErrorCode, message: string) => string;

/** What a route asks of the host. */
export interface ViewRequest {
  readonly view: string;
  readonly params: unknown;
  /** Name of the file that a browser saves the answer as. */
  readonly download?: string;
}

/**
 * A handler of a router: parses the request to a view and its parameters, runs it and sends the answer, compressed
 * where it is over 1 kB and a client on another machine takes gzip. A client that goes away aborts the view. Errors of
 * either step become `errorBody` with the status of `failureOf`.
 */
export function viewHandler(
  host: ViewHost,
  errorBody: ErrorBody,
  parse: (params: QueryParams, request: Request) => ViewRequest,
): (request: Request, response: Response) => Promise<void> {
  return async (request, response) => {
    const abort = new AbortController();
    response.on("close", () => abort.abort());
    try {
      const { view, params, download } = parse(queryOf(request), request);
      const result = await host.view(view, params, abort.signal);
      if (download !== undefined && result.status === 200) {
        response.setHeader("Content-Disposition", `attachment; filename="${download}"`);
      }
      await sendBytes(request, response, result);
    } catch (error) {
      if (!response.destroyed) await sendError(request, response, error, errorBody);
    }
  };
}

/**
 * For what the router itself finds wrong with a request to one of the routes: a bad percent escape, a body too large.
 */
export function errorHandler(errorBody: ErrorBody) {
  return (error: unknown, request: Request, response: Response, next: NextFunction): void => {
    if (response.headersSent) next(error);
    else void sendError(request, response, error, errorBody).catch(next);
  };
}

/** Sends an error in the API's envelope. */
export async function sendError(
  request: Request,
  response: Response,
  error: unknown,
  errorBody: ErrorBody,
): Promise<void> {
  const failure = failureOf(error);
  startFailure(response, failure);
  const message = messageOf(error);
  const body = new TextEncoder().encode(errorBody(failure.http, failure.code, message));
  await sendBytes(request, response, { status: failure.http, contentType: "application/json", body });
}

async function sendBytes(request: Request, response: Response, result: ViewResult): Promise<void> {
  let body: Uint8Array = result.body;
  response.setHeader("Vary", "Accept-Encoding");
  // For a client on this machine compressing costs more than the bytes it saves.
  const wanted = acceptsGzip(request.headers["accept-encoding"]) && !isFromThisMachine(request);
  if (body.length > COMPRESS_FROM_BYTES && wanted) {
    body = await gzipAsync(body, { level: body.length > FAST_FROM_BYTES ? 1 : 6 });
    if (response.destroyed) return;
    response.setHeader("Content-Encoding", "gzip");
  }
  response.statusCode = result.status;
  response.setHeader("Content-Type", result.contentType);
  response.setHeader("Content-Length", body.length);
  response.setHeader("Cache-Control", "no-store");
  if (result.incomplete !== undefined) response.setHeader(INCOMPLETE_HEADER, headerText(result.incomplete));
  response.end(request.method === "HEAD" ? undefined : body);
}

/** As much of a text as a header field can hold. */
function headerText(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?").slice(0, 500);
}

/** RFC 9110 §12.5.3: gzip or `*` named with a weight above 0; a weight of 0 on gzip itself wins. */
export function acceptsGzip(header: string | undefined): boolean {
  let star = false;
  for (const part of (header ?? "").split(",")) {
    const [name = "", ...parameters] = part.split(";").map((text) => text.trim().toLowerCase());
    const weight = parameters.find((text) => text.startsWith("q="));
    const wanted = weight === undefined || Number(weight.slice(2)) > 0;
    if (name === "gzip" || name === "x-gzip") return wanted;
    if (name === "*") star = wanted;
  }
  return star;
}

function queryOf(request: Request): QueryParams {
  const at = request.originalUrl.indexOf("?");
  return new URLSearchParams(at < 0 ? "" : request.originalUrl.slice(at + 1));
}

/** The text of a `*name` route parameter: its segments joined again, each already percent-decoded. */
export function wildcardParam(request: Request, name: string): string {
  const value: unknown = (request.params as Record<string, unknown>)[name];
  return Array.isArray(value) ? value.join("/") : String(value);
}
