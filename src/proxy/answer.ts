import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import { constants } from "node:http2";

/** Both protocols have the same requests and responses here. */
export type AnyRequest = IncomingMessage | Http2ServerRequest;
export type AnyResponse = ServerResponse | Http2ServerResponse;

/** How long what a caller still sends after its answer is read and thrown away, ms. */
const DISCARD_MS = 5_000;

/** The proxy's own words: `502 Bad Gateway: …`. Does nothing once headers were sent. */
export function answerText(request: AnyRequest, response: AnyResponse, status: number, message: string): void {
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

/** Sends status and headers, a flat list; header names in HTTP/2 are lower case and repeated ones are grouped. */
export function writeHead(response: AnyResponse, status: number, headers: readonly string[], reason?: string): void {
  if (!isHttp2(response)) {
    response.writeHead(status, reason ?? STATUS_CODES[status] ?? "", headers as string[]);
    return;
  }
  const grouped = new Map<string, string[]>();
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = (headers[i] as string).toLowerCase();
    grouped.set(name, [...(grouped.get(name) ?? []), headers[i + 1] as string]);
  }
  const record = [...grouped].map(([name, values]) => [name, values.length === 1 ? values[0] : values]);
  response.writeHead(status, Object.fromEntries(record) as Record<string, string | string[]>);
}

/** Cuts off an answer that cannot be completed, so that the caller does not take it for whole. */
export function cutOff(response: AnyResponse): void {
  if (isHttp2(response)) response.stream?.close(constants.NGHTTP2_INTERNAL_ERROR);
  else response.destroy();
}

/** Reads what is left of a body that nobody wants, for a while, so that the caller comes to read its answer. */
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

export function isHttp2(response: AnyResponse): response is Http2ServerResponse {
  return "stream" in response;
}
