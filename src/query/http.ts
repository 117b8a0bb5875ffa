import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { NextFunction, Request, Response } from "router";
import { failureOf } from "../component/error-status.ts";
import type { ErrorCode } from "../component/errors.ts";
import type { ViewHost, ViewResult } from "../component/read.ts";
import { messageOf } from "../model/message-of.ts";
import { startFailure } from "../server/error-status.ts";
import { isFromThisMachine } from "../server/same-machine.ts";
import { AnswerBounds, DEFAULT_ANSWER_LIMITS } from "./answer-bounds.ts";
import { writePieces, writeWhole } from "./answer-writer.ts";
import type { QueryParams } from "./params.ts";

const gzipAsync = promisify(gzip);

/** Smaller answers are sent as they are. */
const COMPRESS_FROM_BYTES = 1024;
/** Larger answers are compressed at the fastest level: they cross a local network more often than a slow one. */
const FAST_FROM_BYTES = 256 * 1024;

/** Says why an answer may lack something, whatever its form. */
export const INCOMPLETE_HEADER = "X-Spanloom-Incomplete";

/** An API's own form of an error body. */
export interface ErrorBody {
  (status: number, code: ErrorCode, message: string): string;
  /** Default: JSON. */
  readonly contentType?: string;
}

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
 * either step become `errorBody` with the status of `failureOf`. `bounds` are those of the server: one object for all
 * its routes.
 */
export function viewHandler(
  host: ViewHost,
  errorBody: ErrorBody,
  parse: (params: QueryParams, request: Request) => ViewRequest,
  bounds: AnswerBounds = new AnswerBounds(),
): (request: Request, response: Response) => Promise<void> {
  return async (request, response) => {
    const abort = new AbortController();
    const { signal } = abort;
    response.on("close", () => abort.abort());
    let result: ViewResult | undefined;
    let release: (() => void) | undefined;
    try {
      const { view, params, download } = parse(queryOf(request), request);
      result = await bounds.turnsOf(view).run(signal, () => host.view(view, params, signal));
      release = bounds.hold(result.body.length + (result.rest?.pieceBytes ?? 0));
      if (download !== undefined && result.status === 200) {
        response.setHeader("Content-Disposition", `attachment; filename="${download}"`);
      }
      await sendResult(request, response, result, bounds, signal);
    } catch (error) {
      // One that has begun was cut off.
      if (!response.destroyed && !response.headersSent) await sendError(request, response, error, errorBody);
    } finally {
      release?.();
      result?.rest?.cancel();
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
  await sendBytes(request, response, {
    status: failure.http,
    contentType: errorBody.contentType ?? "application/json",
    body,
  });
}

async function sendResult(
  request: Request,
  response: Response,
  result: ViewResult,
  { writeMs, pieces: turns }: AnswerBounds,
  signal: AbortSignal,
): Promise<void> {
  const { body, rest } = result;
  if (rest === undefined || request.method === "HEAD") {
    await sendBytes(request, response, result, rest === undefined, writeMs);
    return;
  }
  const zipped = wantsGzip(request);
  setHead(response, result, zipped);
  await writePieces(response, body, rest, { zipped, writeMs, turns, signal });
}

/** `whole` is false where the body is the beginning of what GET would give. */
async function sendBytes(
  request: Request,
  response: Response,
  result: ViewResult,
  whole = true,
  writeMs = DEFAULT_ANSWER_LIMITS.writeMs,
): Promise<void> {
  let body: Uint8Array = result.body;
  const zipped = body.length > COMPRESS_FROM_BYTES && wantsGzip(request);
  if (zipped) {
    body = await gzipAsync(body, { level: body.length > FAST_FROM_BYTES ? 1 : 6 });
    if (response.destroyed) return;
  }
  setHead(response, result, zipped);
  if (whole) response.setHeader("Content-Length", body.length);
  if (request.method === "HEAD") response.end();
  else await writeWhole(response, body, writeMs);
}

function setHead(response: Response, { status, contentType, incomplete }: ViewResult, zipped: boolean): void {
  response.statusCode = status;
  response.setHeader("Vary", "Accept-Encoding");
  if (zipped) response.setHeader("Content-Encoding", "gzip");
  response.setHeader("Content-Type", contentType);
  response.setHeader("Cache-Control", "no-store");
  if (incomplete !== undefined) response.setHeader(INCOMPLETE_HEADER, headerText(incomplete));
}

/** For a client on this machine compressing costs more than the bytes it saves. */
function wantsGzip(request: Request): boolean {
  return acceptsGzip(request.headers["accept-encoding"]) && !isFromThisMachine(request);
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
