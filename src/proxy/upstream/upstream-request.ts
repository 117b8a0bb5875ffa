import { type Agent, type ClientRequest, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { LookupFunction } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Target } from "./target.ts";

/** How the connections of a route are made. */
export interface Connector {
  readonly httpAgent: Agent;
  readonly httpsAgent: Agent;
  readonly lookup: LookupFunction;
  readonly connectMs: number;
  readonly idleMs: number;
  /** Longest headers of an answer. */
  readonly maxAnswerHeaderBytes: number;
}

export interface UpstreamRequestOptions {
  readonly method: string;
  /** With query. */
  readonly path: string;
  /** Name, value, name, value, … Host and framing are included. */
  readonly headers: readonly string[];
  /**
   * True where a second attempt would not be safe. A kept connection that the upstream has closed is then noticed
   * before anything is sent. This costs a turn of the event loop.
   */
  readonly onlyOnce: boolean;
}

/** An upstream that did not speak in time. */
export class UpstreamTimeoutError extends Error {
  readonly code: "connect_timeout" | "timeout";
  constructor(code: UpstreamTimeoutError["code"], message: string) {
    super(message);
    this.name = "UpstreamTimeoutError";
    this.code = code;
  }
}

export interface UpstreamObserver {
  /** The connection stands, and nothing was sent yet. Until then the request may be tried elsewhere without harm. */
  connected(): void;
  /** Nothing came or went for `idleMs`. The observer has to end the request. */
  idle(): void;
}

/**
 * Opens a request, whose errors the caller has to observe. A connection that does not stand in time destroys it with
 * UpstreamTimeoutError `connect_timeout`. A kept connection that proves closed before anything was sent destroys it
 * with what Node makes of that, and `reusedSocket` is set.
 * @throws for headers that HTTP does not allow
 */
export function openUpstream(
  target: Target,
  { method, path, headers, onlyOnce }: UpstreamRequestOptions,
  connector: Connector,
  observer: UpstreamObserver,
): ClientRequest {
  const { connectMs, idleMs } = connector;
  const send = target.secure ? httpsRequest : httpRequest;
  const request = send({
    host: target.host,
    port: target.port,
    method,
    path,
    headers: headers as string[],
    agent: target.secure ? connector.httpsAgent : connector.httpAgent,
    lookup: connector.lookup,
    maxHeaderSize: connector.maxAnswerHeaderBytes,
  });
  request.once("socket", (socket) => {
    const connected = (): void => {
      request.setTimeout(idleMs, () => observer.idle());
      observer.connected();
    };
    const { connecting, secureConnecting } = socket as TLSSocket & { secureConnecting?: boolean };
    if (!connecting && secureConnecting !== true) {
      // The end of a connection may have arrived with the caller's request. It then waits its turn behind the request.
      let failed = false;
      request.once("error", () => {
        failed = true;
      });
      if (onlyOnce) setImmediate(() => !failed && !request.destroyed && connected());
      else connected();
      return;
    }
    const timer = setTimeout(() => {
      request.destroy(new UpstreamTimeoutError("connect_timeout", `no connection within ${connectMs} ms`));
    }, connectMs);
    const settle = (): void => clearTimeout(timer);
    request.once("close", settle);
    socket.once(target.secure ? "secureConnect" : "connect", () => {
      settle();
      if (!request.destroyed) connected();
    });
  });
  return request;
}
