import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import { constants } from "node:http2";
import { responseHead } from "./socket-response.ts";

/** Both protocols have the same requests and responses here. */
export type AnyRequest = IncomingMessage | Http2ServerRequest;
export type AnyResponse = ServerResponse | Http2ServerResponse;

/** How long the rest of a body is read and thrown away after the response, ms. */
const DISCARD_MS = 5_000;

/** Sends the proxy's own words: `502 Bad Gateway: …`. Does nothing once headers were sent. */
export function respondWithText(request: AnyRequest, response: AnyResponse, status: number, message: string): void {
  if (response.headersSent || response.destroyed) return;
  const text = `${status} ${STATUS_CODES[status] ?? "Error"}: ${message}\n`;
  writeHead(response, status, [
    "content-type",
    "text/plain; charset=utf-8",
    "content-length",
    String(Buffer.byteLength(text)),
    "x-content-type-options",
    "nosniff",
    ...(status === 503 ? ["retry-after", "1"] : []),
  ]);
  response.end(request.method === "HEAD" ? "" : text);
  discardBody(request);
}

const GRPC = /^application\/grpc(?:[+;]|$)/;

/** True for a call of gRPC itself. gRPC-Web goes over any HTTP. */
export function isGrpc(request: AnyRequest): request is Http2ServerRequest {
  return "stream" in request && GRPC.test(request.headers["content-type"] ?? "");
}

/** Sends status and headers, a flat list. HTTP/2 gets header names in lower case and repeated ones together. */
export function writeHead(response: AnyResponse, status: number, headers: readonly string[], reason?: string): void {
  if (!isHttp2(response)) {
    response.writeHead(status, reason ?? STATUS_CODES[status] ?? "", headers as string[]);
    return;
  }
  response.writeHead(status, groupHeaders(headers));
}

/** A flat list of headers as HTTP/2 takes them. Names are in lower case, values of the same name are together. */
export function groupHeaders(headers: readonly string[]): Record<string, string | string[]> {
  const grouped = new Map<string, string[]>();
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = (headers[i] as string).toLowerCase();
    const values = grouped.get(name);
    if (values === undefined) grouped.set(name, [headers[i + 1] as string]);
    else values.push(headers[i + 1] as string);
  }
  const entries = [...grouped].map(([name, values]) => [name, values.length === 1 ? values[0] : values] as const);
  return Object.fromEntries(entries) as Record<string, string | string[]>;
}

/**
 * Sends an interim response on (RFC 9110 §15.2), any but 100 and 101. 100 has its own call. HTTP/1.0 knows no interim
 * responses. A caller that pipelines and still waits for an earlier response gets none either: there is no connection
 * yet to write it to.
 */
export function writeInformation(
  request: AnyRequest,
  response: AnyResponse,
  status: number,
  headers: readonly string[],
): void {
  if (isHttp2(response)) {
    try {
      response.stream.additionalHeaders({ ":status": status, ...groupHeaders(headers) });
    } catch {
      // HTTP/2 does not allow one of the headers. An interim response may be left out: the final one tells.
    }
    return;
  }
  if (request.httpVersion === "1.0" || response.socket === null) return;
  response.socket.write(responseHead(status, headers), "latin1");
}

/** Cuts off a response that cannot be completed, so that the caller does not take it for whole. */
export function cutOff(response: AnyResponse): void {
  if (isHttp2(response)) response.stream?.close(constants.NGHTTP2_INTERNAL_ERROR);
  else response.destroy();
}

/** Reads the rest of a body that nobody wants, for a while, so that the caller comes to read its response. */
export function discardBody(request: AnyRequest): void {
  if (request.complete) return;
  request.resume();
  const timer = setTimeout(() => request.destroy(), DISCARD_MS);
  timer.unref();
  request.once("close", () => clearTimeout(timer)).once("end", () => clearTimeout(timer));
}

/** False where the caller went away before it had everything. */
export function wasDelivered(response: AnyResponse): boolean {
  if (!isHttp2(response)) return response.writableFinished;
  return (
    response.writableEnded && (response.stream?.rstCode ?? constants.NGHTTP2_NO_ERROR) === constants.NGHTTP2_NO_ERROR
  );
}

/** True while the response comes faster than the caller reads. */
export function needsDrain(response: AnyResponse): boolean {
  return isHttp2(response) ? response.stream?.writableNeedDrain === true : response.writableNeedDrain;
}

export function isHttp2(response: AnyResponse): response is Http2ServerResponse {
  return "stream" in response;
}
