import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Endpoint } from "../component/endpoint.ts";
import type { Logger } from "../component/logger.ts";
import { onAbort } from "../component/signals.ts";
import { gated, type HttpAccess } from "./admission/http-gate.ts";
import {
  AnsweredByListener,
  answerClosing,
  answerInput,
  type ClientError,
  endedEarly,
  goAway,
  isHttp2Preface,
  type ListenerRefusal,
  refusedInput,
  unmetExpectation,
} from "./client-error.ts";
import { OrderlyResponse, RequestOrder, refusedForm } from "./connection-end.ts";
import type { EndpointSetting } from "./listen-addresses.ts";
import type { ListenerName } from "./listen-error.ts";
import { openListener } from "./open-listener.ts";
import { refuseTls } from "./sniff-protocol.ts";
import type { TlsConfig } from "./tls.ts";
import { serveTls, type TlsFiles } from "./tls-files.ts";

export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** Who may ask is asked of every listener: one without `access` and `needOf` is not complete. */
export interface HttpListenerOptions extends HttpAccess {
  readonly name: ListenerName;
  readonly endpoint: EndpointSetting;
  readonly tls?: TlsConfig | undefined;
  /** Told of TLS files that changed. */
  readonly logger: Logger;
  /**
   * Called for every request. A request that expects `100-continue` has not been told to go on: call
   * `response.writeContinue()` before reading its body.
   */
  readonly handler: HttpHandler;
  /**
   * Told of a connection that speaks HTTP/2 without TLS, which gRPC does and this port does not.
   * @returns what its peer is told
   */
  readonly onHttp2?: () => string;
  /** Told of what is refused before a handler sees it. */
  readonly onRefused?: (refusal: ListenerRefusal) => void;
  /** Where the config has this listener, for refusals that name `read_timeout_ms` and others below it. */
  readonly configPath?: string;
  /** On each of its addresses. */
  readonly maxConnections?: number;
  /** How long an idle connection is kept, ms. Node's own 5 s races exporters that send every 5 s. */
  readonly keepAliveTimeoutMs?: number;
  /** Time for the headers of a request, ms. */
  readonly headersTimeoutMs?: number;
  /** Time for a whole request, body included, ms: what slow senders are shed by. */
  readonly requestTimeoutMs?: number;
}

const DEFAULTS = {
  maxConnections: 4_096,
  keepAliveTimeoutMs: 75_000,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 15_000,
} as const;
/** How often Node looks for requests that are past their time, ms. */
const CHECK_INTERVAL_MS = 1_000;

/**
 * A request under way. In a list and not in a Set: one that lives long keeps what has left it until V8's next full
 * collection, as each table that it has outgrown hangs on the one before.
 */
interface Active {
  readonly response: ServerResponse;
  place: number;
}

/** One HTTP or HTTPS listener on its addresses: bounded in connections and time, and drained in order. */
export class HttpListener {
  readonly #options: HttpListenerOptions;
  readonly #handler: HttpHandler;
  readonly #active: Active[] = [];
  readonly #order = new RequestOrder();
  readonly #servers: (Server | TlsServer)[] = [];
  /** Accepted connections; those are among them whose TLS has not begun. */
  readonly #sockets = new Set<Socket>();
  #tls: TlsFiles | undefined;
  #address: Endpoint | undefined;
  #draining: Promise<void> | undefined;

  constructor(options: HttpListenerOptions) {
    this.#options = options;
    const { handler, name } = options;
    this.#handler = gated(handler, options, name.configKey, ({ socket }, { reason, message }) =>
      this.#refused({ reason, message, sender: peerOf(socket) }),
    );
  }

  /** The first address in use, with the port that was given for port 0; undefined unless started. */
  get address(): Endpoint | undefined {
    return this.#address;
  }

  /**
   * @returns the first bound address
   * @throws PermanentError `listen_failed`, or `config_invalid` for unusable certificates
   */
  async start(): Promise<Endpoint> {
    const { name, tls, endpoint, logger } = this.#options;
    const create = (files: TlsFiles | undefined) => this.#create(files);
    const opened = await openListener(this.#servers, create, { name, tls, endpoint, logger });
    this.#tls = opened.tls;
    this.#address = opened.address;
    return this.#address;
  }

  /** Reads certificate, key and authority again, as it happens by itself when they change. Nothing without TLS. */
  reloadTls(): void {
    this.#tls?.reload();
  }

  /** Stops accepting, lets requests under way finish, closes idle connections; the signal's abort ends the rest. */
  async shutdown(signal: AbortSignal): Promise<void> {
    this.#tls?.close();
    this.#draining ??= this.#drain();
    const release = onAbort(signal, () => {
      for (const socket of this.#sockets) socket.destroy();
    });
    await this.#draining;
    release();
  }

  async #drain(): Promise<void> {
    for (const { response } of this.#active) if (!response.headersSent) response.setHeader("connection", "close");
    const closed = this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
    this.#closeIdle();
    // Node takes a connection that never said anything for one with a request.
    for (const socket of this.#sockets) if (socket.bytesRead === 0) socket.destroy();
    await Promise.all(closed);
    this.#address = undefined;
  }

  #closeIdle(): void {
    for (const server of this.#servers) server.closeIdleConnections();
  }

  #create(files: TlsFiles | undefined): Server | TlsServer {
    const { maxConnections, keepAliveTimeoutMs, headersTimeoutMs, requestTimeoutMs } = this.#options;
    const requestTimeout = requestTimeoutMs ?? DEFAULTS.requestTimeoutMs;
    const options = {
      // Its refusal would have no words: `refusedForm` has.
      requireHostHeader: false,
      keepAliveTimeout: keepAliveTimeoutMs ?? DEFAULTS.keepAliveTimeoutMs,
      headersTimeout: Math.min(headersTimeoutMs ?? DEFAULTS.headersTimeoutMs, requestTimeout),
      requestTimeout,
      connectionsCheckingInterval: CHECK_INTERVAL_MS,
      noDelay: true,
      ServerResponse: OrderlyResponse,
    };
    const server =
      files === undefined
        ? createServer(options)
        : serveTls(files, (tls) => createTlsServer({ ...options, ...tls, handshakeTimeout: options.headersTimeout }));
    server.maxConnections = maxConnections ?? DEFAULTS.maxConnections;
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    server.on("request", this.#handle).on("checkContinue", this.#handle);
    this.#onUnhandled(server, options.headersTimeout, requestTimeout);
    return server;
  }

  /** What comes to no handler. */
  #onUnhandled(server: Server | TlsServer, headersTimeoutMs: number, requestTimeoutMs: number): void {
    const { tls, onHttp2, configPath } = this.#options;
    const tlsSetting = tls === undefined && configPath !== undefined ? `${configPath}.tls` : undefined;
    const settings = { configPath, tlsSetting, headersTimeoutMs, requestTimeoutMs };
    server.on("drop", (data) => {
      const setting = configPath === undefined ? "" : `, which ${configPath}.max_connections sets`;
      const message = `closed at once: there are ${server.maxConnections} connections already${setting}`;
      this.#refused({ reason: "connections", message, sender: data?.remoteAddress });
    });
    // A handshake that failed, or took too long, has nothing to be told over.
    server.on("tlsClientError", (error: NodeJS.ErrnoException, socket: Socket) => {
      if (error.code !== "ECONNRESET") {
        this.#refused({ reason: "tls", message: `the TLS handshake failed: ${error.message}`, sender: peerOf(socket) });
      }
      socket.destroy();
    });
    server.on("checkExpectation", (request: IncomingMessage, response: ServerResponse) => {
      const message = unmetExpectation(request);
      this.#refused({ reason: "http", message, sender: peerOf(request.socket) });
      answerClosing(response, 417, message);
    });
    server.on("connect", (request: IncomingMessage, socket: Duplex) => {
      const message = "CONNECT is for proxies, and this is none";
      this.#refused({ reason: "method", message, sender: peerOf(request.socket) });
      answerInput(socket, { status: 405, message });
    });
    server.on("clientError", (error: Error & ClientError, socket: Duplex) => {
      if (this.#order.hasEnded(socket)) return;
      if (onHttp2 !== undefined && isHttp2Preface(error)) socket.end(goAway(onHttp2()), () => socket.destroy());
      // Who goes away, or never said anything, has refused nothing and asked for nothing.
      else if (error.code === "ECONNRESET" || socket.writable !== true || (socket as Socket).bytesRead === 0)
        socket.destroy();
      else {
        const request = this.#order.unfinished(socket);
        const refusal = refusedInput(error, request !== undefined, settings);
        if (refusal.reason === "tls") refuseTls(socket);
        else answerInput(socket, refusal);
        if (endedEarly(error)) return;
        this.#refused({ ...refusal, sender: peerOf(socket as Socket) });
        if ((request?.listenerCount("error") ?? 0) > 0) request?.emit("error", new AnsweredByListener(refusal.message));
      }
    });
  }

  #refused({ reason, message, sender }: ListenerRefusal): void {
    this.#options.onRefused?.({ reason, message, sender });
  }

  readonly #handle = (request: IncomingMessage, response: ServerResponse): void => {
    if (!this.#order.admit(request, response)) return;
    const active: Active = { response, place: this.#active.length };
    this.#active.push(active);
    if (this.#draining !== undefined) response.setHeader("connection", "close");
    response.once("close", () => {
      this.#remove(active);
      this.#order.answered(request);
      if (this.#draining !== undefined) this.#closeIdle();
    });
    const refusal = refusedForm(request);
    if (refusal === undefined) {
      this.#handler(request, response);
      return;
    }
    this.#refused({ reason: "http", message: refusal.message, sender: peerOf(request.socket) });
    answerClosing(response, refusal.status, refusal.message);
  };

  /** The last takes its place. */
  #remove({ place }: Active): void {
    const last = this.#active.pop() as Active;
    if (last.place === place) return;
    last.place = place;
    this.#active[place] = last;
  }
}

function peerOf(socket: Socket): string | undefined {
  return socket.remoteAddress;
}
