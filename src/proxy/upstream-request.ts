import { type Agent, type ClientRequest, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { LookupFunction } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Target } from "./upstream-pool.ts";

/** How the connections of a route are made. */
export interface Connector {
  readonly httpAgent: Agent;
  readonly httpsAgent: Agent;
  readonly lookup: LookupFunction;
  readonly connectMs: number;
  readonly idleMs: number;
}

export interface UpstreamRequestOptions {
  readonly method: string;
  /** With query. */
  readonly path: string;
  /** Name, value, name, value, …; Host and framing included. */
  readonly headers: readonly string[];
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

/**
 * Opens a request and resolves when its connection stands and nothing was sent yet, so that until then it may be tried
 * elsewhere without anything done twice. Rejects with the socket's error, or UpstreamTimeoutError `connect_timeout`.
 * Afterwards silence longer than `idleMs` destroys the request with UpstreamTimeoutError `timeout`.
 */
export function connectUpstream(
  target: Target,
  { method, path, headers }: UpstreamRequestOptions,
  connector: Connector,
  signal: AbortSignal,
): Promise<ClientRequest> {
  const send = target.secure ? httpsRequest : httpRequest;
  const { connectMs, idleMs } = connector;
  return new Promise((resolve, reject) => {
    const request = send({
      host: target.host,
      port: target.port,
      method,
      path,
      headers: headers as string[],
      agent: target.secure ? connector.httpsAgent : connector.httpAgent,
      lookup: connector.lookup,
    });
    let timer: NodeJS.Timeout | undefined;
    // Instead of the option `signal`, which costs a request more than all spans do.
    const giveUp = (): void => void request.destroy(new Error("given up"));
    signal.addEventListener("abort", giveUp, { once: true });
    request.once("close", () => signal.removeEventListener("abort", giveUp));
    if (signal.aborted) giveUp();
    const connected = (): void => {
      clearTimeout(timer);
      request.setTimeout(idleMs, () => {
        request.destroy(new UpstreamTimeoutError("timeout", `no byte within ${idleMs} ms`));
      });
      resolve(request);
    };
    // Stays: an error between two listeners would end the process.
    request.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    request.once("socket", (socket) => {
      const waiting =
        socket.connecting || (socket as TLSSocket & { secureConnecting?: boolean }).secureConnecting === true;
      if (!waiting) {
        connected();
        return;
      }
      socket.once(target.secure ? "secureConnect" : "connect", connected);
      timer = setTimeout(() => {
        request.destroy(new UpstreamTimeoutError("connect_timeout", `no connection within ${connectMs} ms`));
      }, connectMs);
    });
  });
}
