import type { ClientRequest, IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Span } from "../../sdk/trace/span.ts";
import type { Attempt } from "../http/attempt.ts";
import { type AttemptsObserver, httpAttempts } from "../http/http-attempts.ts";
import { type Admitted, type ExchangeSettings, headersFor } from "../message/admitted.ts";
import { callerHeaders } from "../message/headers.ts";
import { endServerSpan, failSpan } from "../message/http-spans.ts";
import { respondWithText, writeHead } from "../message/response.ts";
import { responseHead, responseOn } from "../message/socket-response.ts";
import type { Attempts } from "../upstream/attempts.ts";
import type { UpstreamFailure } from "../upstream/errors.ts";
import { upstreamPath } from "../upstream/router.ts";
import type { PickedTarget } from "../upstream/upstream-pool.ts";
import { isAccepted } from "./handshake.ts";
import { joinSockets } from "./websocket-join.ts";

export interface TunnelSettings extends ExchangeSettings {
  /** Silence in both directions that ends a tunnel, ms. */
  readonly idleMs: number;
  /** Called with what closes a tunnel once it stands. */
  readonly opened: (close: () => void) => void;
  readonly closed: (close: () => void) => void;
}

/**
 * A WebSocket through the proxy. Server and client span cover the handshake and end with it. So they are seen while the
 * WebSocket is open, and no latency counts its life. A third span covers that. An upstream that refuses the upgrade
 * answers the caller itself.
 */
export class Tunnel implements AttemptsObserver {
  readonly #request: IncomingMessage;
  readonly #socket: Duplex;
  /** What the caller sent after its headers. */
  readonly #head: Buffer;
  readonly #admitted: Admitted;
  readonly #settings: TunnelSettings;
  readonly #attempts: Attempts<Attempt>;
  readonly #onClose = (): void => this.#callerClosed();

  constructor(request: IncomingMessage, socket: Duplex, head: Buffer, admitted: Admitted, settings: TunnelSettings) {
    this.#request = request;
    this.#socket = socket;
    this.#head = head;
    this.#admitted = admitted;
    this.#settings = settings;
    const { route, guarded, server } = admitted;
    const asked = {
      method: "GET",
      path: (basePath: string) => upstreamPath(route, basePath, guarded.path),
      query: guarded.query,
      bodyless: true,
      rewindBody: () => true,
      server,
      headers: (client: Span, picked: PickedTarget) => this.#headers(client, picked),
    };
    this.#attempts = httpAttempts(route, asked, settings.retries, this);
  }

  start(): void {
    this.#socket.on("error", () => {});
    this.#socket.once("close", this.#onClose);
    this.#attempts.start();
  }

  connected(upstream: ClientRequest): void {
    upstream.end();
  }

  informed(status: number, rawHeaders: readonly string[]): void {
    this.#socket.write(responseHead(status, callerHeaders(rawHeaders, false)), "latin1");
  }

  acceptsUpgrade({ rawHeaders }: IncomingMessage): boolean {
    return isAccepted(this.#request, rawHeaders);
  }

  responded(upstreamResponse: IncomingMessage): void {
    const status = upstreamResponse.statusCode as number;
    this.#socket.once("close", () => upstreamResponse.destroy());
    const response = responseOn(this.#request, this.#socket);
    writeHead(response, status, callerHeaders(upstreamResponse.rawHeaders, false), upstreamResponse.statusMessage);
    upstreamResponse.once("error", () => this.#socket.destroy());
    upstreamResponse.pipe(response);
    this.#attempts.current?.succeeded(status);
    this.#ended(status);
  }

  upgraded(upstreamResponse: IncomingMessage, upstream: Duplex, upstreamHead: Buffer): void {
    const { route, server } = this.#admitted;
    const { idleMs, opened, closed } = this.#settings;
    this.#socket.off("close", this.#onClose);
    this.#ended(101);
    const headers = ["Connection", "Upgrade", "Upgrade", "websocket"];
    this.#socket.write(responseHead(101, [...headers, ...callerHeaders(upstreamResponse.rawHeaders, false)]), "latin1");
    const span = route.tracer.startSpan(`WebSocket ${route.prefix}`, { parent: server });
    const close = (): void => {
      this.#socket.end();
      upstream.end();
    };
    opened(close);
    const ends = { caller: this.#socket, callerHead: this.#head, upstream, upstreamHead, idleMs };
    joinSockets(ends, ({ fromCaller, fromUpstream, error }) => {
      span.setAttribute("spanloom.websocket.from_caller_bytes", fromCaller);
      span.setAttribute("spanloom.websocket.from_upstream_bytes", fromUpstream);
      if (error === undefined) span.end();
      else failSpan(span, error.type, error.message);
      closed(close);
    });
  }

  failed(failure: UpstreamFailure): void {
    const { route, server } = this.#admitted;
    if (server.ended) return;
    this.#settings.logFailure(route, failure, this.#attempts.current?.picked.target.authority);
    failSpan(server, failure.type, failure.told, failure.status);
    route.counted.responded(failure.status);
    respondWithText(this.#request, responseOn(this.#request, this.#socket), failure.status, failure.told);
  }

  /** False: a handshake is all headers, so the silent one is the upstream. */
  stalledByCaller(): boolean {
    return false;
  }

  #headers(client: Span, { target }: PickedTarget): string[] {
    const headers = headersFor(this.#admitted, this.#request.rawHeaders, client, target);
    headers.push("Connection", "Upgrade", "Upgrade", "websocket");
    return headers;
  }

  #ended(status: number): void {
    endServerSpan(this.#admitted.server, status);
    this.#admitted.route.counted.responded(status);
  }

  #callerClosed(): void {
    const { server } = this.#admitted;
    if (server.ended) return;
    failSpan(server, "connection_lost", "the caller went away during the handshake");
    this.#attempts.cancel("the caller went away");
  }
}
