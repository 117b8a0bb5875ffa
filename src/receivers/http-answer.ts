import type { OutgoingHttpHeaders, ServerResponse } from "node:http";

/** How long a refused sender may go on sending before its connection is cut, ms. */
const LINGER_MS = 2_000;

/** An answer whose sender may still be sending. Nothing where it has gone, or was answered. */
export function sendAnswer(
  response: ServerResponse,
  httpStatus: number,
  contentType: string,
  body: string | Uint8Array,
  headers: OutgoingHttpHeaders,
): void {
  if (response.destroyed || response.headersSent) return;
  const request = response.req;
  const unread = !request.complete;
  response.writeHead(httpStatus, {
    ...headers,
    "content-type": contentType,
    "content-length": Buffer.byteLength(body),
    ...(unread && request.headers.expect !== undefined ? { connection: "close" } : {}),
  });
  // Headers with nothing behind them go out as one string, with a body as a list of chunks.
  if (body.length === 0) response.end();
  else response.end(body);
  if (!unread) return;
  // Closing with unread bytes would reset the connection and could take the answer with it: read on and throw away.
  // A sender that was never told to go on sends no body, and its next request would be taken for one: that is closed.
  request.resume();
  const timer = setTimeout(() => request.socket.destroy(), LINGER_MS);
  timer.unref();
  request.once("close", () => clearTimeout(timer));
}
