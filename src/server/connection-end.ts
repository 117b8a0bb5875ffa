import { type IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";

/** How long what still comes is read and thrown away once the answer is sent, ms. */
const LINGER_MS = 2_000;

/**
 * Ends a connection behind what was written to it. What the peer still sends is read for a while and thrown away: a
 * socket that is closed over unread bytes resets the connection, and the peer may lose the answer. Then the handle
 * goes, whether the peer ends its side or not.
 */
export function endGently(socket: Duplex, lingerMs = LINGER_MS): void {
  if (socket.destroyed) return;
  const gone = (): void => void socket.destroy();
  const timer = setTimeout(gone, lingerMs);
  timer.unref();
  socket.on("error", gone).once("end", gone);
  socket.once("close", () => clearTimeout(timer));
  socket.end();
  socket.resume();
  if (socket.readableEnded) gone();
}

/** True while a request has a body that has not all come. */
export function hasPendingBody({ complete, headers }: IncomingMessage): boolean {
  if (complete) return false;
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

/** A request that is not read as HTTP/1 here, with the answer to it. */
export interface FormRefusal {
  readonly status: number;
  readonly message: string;
}

/**
 * What neither version nor framing lets be read safely: two programs on one connection might take another byte for the
 * end of the body (RFC 9112 §6.1 and §6.3).
 */
export function refusedForm({ httpVersion, headers }: IncomingMessage): FormRefusal | undefined {
  const coding = headers["transfer-encoding"];
  if (httpVersion !== "1.1" && httpVersion !== "1.0") {
    return { status: 505, message: `HTTP/${httpVersion} is not spoken here; ask with HTTP/1.1` };
  }
  if (httpVersion === "1.1" && headers.host === undefined) {
    return { status: 400, message: "a request of HTTP/1.1 has a Host header (RFC 9112 §3.2); this one has none" };
  }
  if (coding === undefined) return undefined;
  if (coding.trim().toLowerCase() !== "chunked") {
    return { status: 501, message: "a transfer coding other than chunked is not understood" };
  }
  if (httpVersion === "1.0") return { status: 400, message: "HTTP/1.0 has no Transfer-Encoding" };
  return undefined;
}

/**
 * The answers of a server that keeps a `RequestOrder`: one that begins before its request's body is all there says
 * `Connection: close`. A class, as a function for each request takes tens of mebibytes more.
 */
export class OrderlyResponse extends ServerResponse {
  override writeHead(...head: unknown[]): this {
    if (hasPendingBody(this.req)) {
      this.shouldKeepAlive = false;
      // Node would close over what still comes.
      const { socket } = this;
      // Gone where the request was destroyed: what read of it gave up.
      if (socket !== null) socket.destroySoon = () => endGently(socket);
    }
    return super.writeHead(...(head as Parameters<ServerResponse["writeHead"]>));
  }
}

/**
 * The order of the requests of HTTP/1 connections. An answer that goes out before its request's body is all there ends
 * the connection: servers make their answers of `OrderlyResponse`. Nothing is read as a request behind an answer that
 * ends it.
 */
export class RequestOrder {
  readonly #last = new WeakMap<Duplex, ServerResponse>();

  /** False for a request that must not be looked at. Nobody waits for its answer. */
  admit(request: IncomingMessage, response: ServerResponse): boolean {
    const { socket } = request;
    if (this.hasEnded(socket)) {
      request.resume();
      return false;
    }
    this.#last.set(socket, response);
    return true;
  }

  /** True behind an answer that ends the connection: what comes is nothing to talk about. */
  hasEnded(socket: Duplex): boolean {
    const last = this.#last.get(socket);
    return last?.headersSent === true && !last.shouldKeepAlive;
  }

  /** The request of the connection whose body is not all there, and that has no answer yet. */
  unfinished(socket: Duplex): IncomingMessage | undefined {
    const last = this.#last.get(socket);
    return last === undefined || last.headersSent || last.req.complete ? undefined : last.req;
  }

  /** The answer was sent, or broke off. */
  answered(request: IncomingMessage): void {
    const { socket, complete } = request;
    if (!complete && !socket.destroyed) endGently(socket);
  }
}
