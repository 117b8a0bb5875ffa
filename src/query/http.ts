import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { NextFunction, Request, Response } from "router";
import { type ErrorCode, PermanentError, RetryableError } from "../component/errors.ts";
import type { ViewHost, ViewResult } from "../component/read.ts";
import { isFromThisMachine } from "../server/same-machine.ts";
import type { QueryParams } from "./params.ts";

const gzipAsync = promisify(gzip);

/** Smaller answers are sent as they are. */
const COMPRESS_FROM_BYTES = 1024;
/** Larger answers are compressed at the fastest level: they cross a local network more often than a slow one. */
const FAST_FROM_BYTES = 256 * 1024;

const STATUS_OF_CODE: Partial<Record<ErrorCode, number>> = {
  malformed: 400,
  bad_request: 400,
  not_found: 404,
  too_large: 413,
  unsupported_media_type: 415,
};

/** An API's own form of an error body; always JSON. */
export type ErrorBody = (status: number, code: ErrorCode, message: string) => string;

/** What a route asks of the host. */
export interface ViewRequest {
  readonly view: string;
  readonly params: unknown;
  /** Name of the file that a browser saves the answer as. */
  readonly download?: string;
}

/** The HTTP status of an error that a view or a parser threw: retryable is 503, unknown is 500. */
export function statusOfError(error: unknown): number {
  if (error instanceof RetryableError) return 503;
  if (error instanceof PermanentError) return STATUS_OF_CODE[error.code] ?? 500;
  const status = (error as { status?: unknown } | null)?.status;
  return typeof status === "number" && status >= 400 && status < 500 ? status : 500;
}

/**
 * A handler of a router: parses the request to a view and its parameters, runs it and sends the answer, compressed
 * where it is over 1 kB and a client on another machine takes gzip. A client that goes away aborts the view. Errors of
 * either step become `errorBody`; RetryableError is 503 with Retry-After.
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
  const status = statusOfError(error);
  if (error instanceof RetryableError) {
    response.setHeader("Retry-After", String(Math.max(1, Math.ceil((error.retryAfterMs ?? 1_000) / 1000))));
  }
  const code: ErrorCode =
    error instanceof RetryableError || error instanceof PermanentError
      ? error.code
      : status === 413
        ? "too_large"
        : status < 500
          ? "bad_request"
          : "internal";
  const message = error instanceof Error ? error.message : String(error);
  const body = new TextEncoder().encode(errorBody(status, code, message));
  await sendBytes(request, response, { status, contentType: "application/json", body });
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
  response.end(request.method === "HEAD" ? undefined : body);
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
