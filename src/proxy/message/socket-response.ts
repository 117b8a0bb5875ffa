import { type IncomingMessage, ServerResponse, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { endGently } from "../../server/connection-end.ts";

/** Status line and headers as HTTP/1.1 has them on the wire, in latin1. */
export function responseHead(status: number, headers: readonly string[]): string {
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Information"}\r\n`;
  for (let i = 0; i + 1 < headers.length; i += 2) head += `${headers[i]}: ${headers[i + 1]}\r\n`;
  return `${head}\r\n`;
}

/** Sends a whole response on a socket that no response object belongs to, and ends it. */
export function endWith(socket: Duplex, status: number, message: string): void {
  const text = `${status} ${STATUS_CODES[status]}: ${message}\n`;
  socket.write(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
    "latin1",
  );
  endGently(socket);
}

/** Ends a connection whose bytes the HTTP/1 parser cannot read. */
export function respondToClientError(error: Error & { code?: string }, socket: Duplex): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  if (error.code === "ERR_HTTP_REQUEST_TIMEOUT") endWith(socket, 408, "the request took too long to arrive");
  else if (error.code === "HPE_HEADER_OVERFLOW") endWith(socket, 431, "the headers are too long");
  else endWith(socket, 400, `not readable as HTTP: ${error.message}`);
}

/** A response for a request whose socket the parser has let go of. The connection ends with the response. */
export function responseOn(request: IncomingMessage, socket: Duplex): ServerResponse {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket as never);
  // Nothing reads the socket any more, and the bytes behind the request would keep its end from being seen.
  socket.on("error", () => {}).resume();
  response.once("finish", () => {
    response.detachSocket(socket as never);
    endGently(socket);
  });
  return response;
}
