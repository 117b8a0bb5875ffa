import { createServer, IncomingMessage, type Server, type ServerResponse } from "node:http";
import {
  createServer as createHttp2,
  type Http2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from "node:http2";
import { createServer as createHttps } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import type { Endpoint } from "../component/endpoint.ts";
import type { Logger } from "../component/logger.ts";
import { OrderlyResponse, RequestOrder } from "../server/connection-end.ts";
import { parseEndpoint } from "../server/endpoint.ts";
import { boundHttp2 } from "../server/http2-bounds.ts";
import { listen } from "../server/listen.ts";
import type { ListenerName } from "../server/listen-error.ts";
import { refuseTls, sniffProtocol, tlsToPlain } from "../server/sniff-protocol.ts";
import type { TlsConfig } from "../server/tls.ts";
import { openTlsFiles, serveTls, type TlsFiles } from "../server/tls-files.ts";
import type { AnyRequest, AnyResponse } from "./message/response.ts";
import { endWith, respondToClientError } from "./message/socket-response.ts";

export interface ProxyListenerOptions {
  readonly name: ListenerName;
  readonly endpoint: string;
  readonly tls: TlsConfig | undefined;
  /** Told of TLS files that changed. */
  readonly logger: Logger;
  readonly maxConnections: number;
  readonly maxHeaderBytes: number;
  readonly maxStreams: number;
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly onRequest: (request: AnyRequest, response: AnyResponse, expectsContinue: boolean) => void;
  readonly onUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

const CHECK_INTERVAL_MS = 1_000;
/** Of a request over HTTP/2. A peer has Node decode as many, of 4 KiB each, from as many bytes. */
const MAX_HEADERS = 200;

/**
 * One port for HTTP/1.1 and HTTP/2. TLS callers choose by ALPN, others by prior knowledge. Connections, headers,
 * streams and time are bounded. What cannot be read as HTTP is answered and closed.
 */
export class ProxyListener {
  readonly #options: ProxyListenerOptions;
  readonly #active = new Set<AnyResponse>();
  readonly #order = new RequestOrder();
  readonly #sessions = new Set<ServerHttp2Session>();
  /** Connections that have not said yet which protocol they speak. */
  readonly #undecided = new Set<Socket>();
  /** Connections that TLS goes over, or will. */
  readonly #tlsSockets = new Set<Socket>();
  /** Connections that the HTTP/1 parser has, upgraded ones included. */
  readonly #http1Sockets = new Set<Socket>();
  #http1: Server | undefined;
  #http2: Http2Server | undefined;
  #tls: TlsFiles | undefined;
  #address: Endpoint | undefined;
  #draining: Promise<void> | undefined;
  #drained = () => {};

  constructor(options: ProxyListenerOptions) {
    this.#options = options;
  }

  /** The bound address. Undefined unless started. */
  get address(): Endpoint | undefined {
    return this.#address;
  }

  /** @throws PermanentError `listen_failed`, or `config_invalid` for unusable certificates */
  async start(): Promise<Endpoint> {
    const { name, endpoint, tls, logger } = this.#options;
    const wanted = parseEndpoint(endpoint) as Endpoint;
    const files = openTlsFiles(tls, name, logger);
    const http1 = this.#createHttp1(files);
    this.#http2 = this.#createHttp2();
    try {
      this.#address = await listen(http1, wanted, name);
    } catch (error) {
      files?.close();
      throw error;
    }
    this.#http1 = http1;
    this.#tls = files;
    return this.#address;
  }

  /**
   * Stops accepting, lets requests under way finish, and closes idle connections. The abort of the signal ends the
   * rest.
   */
  async shutdown(signal: AbortSignal): Promise<void> {
    this.#tls?.close();
    this.#draining ??= this.#drain();
    const cut = (): void => {
      for (const socket of [...this.#http1Sockets, ...this.#undecided]) socket.destroy();
      for (const session of this.#sessions) session.destroy();
      this.#drained();
    };
    if (signal.aborted) cut();
    signal.addEventListener("abort", cut, { once: true });
    await this.#draining;
    signal.removeEventListener("abort", cut);
  }

  #drain(): Promise<void> {
    const http1 = this.#http1;
    if (http1 === undefined) return Promise.resolve();
    for (const response of this.#active) {
      if (!("stream" in response) && !response.headersSent) response.setHeader("connection", "close");
    }
    for (const session of this.#sessions) session.close();
    for (const socket of this.#undecided) socket.destroy();
    // The callback of `close` is not used: sessions and sockets can be looked at, and ended.
    http1.close();
    http1.closeIdleConnections();
    return new Promise((resolve) => {
      this.#drained = () => {
        this.#address = undefined;
        // What is left is in the middle of its handshake.
        for (const socket of this.#tlsSockets) socket.destroy();
        resolve();
      };
      this.#lookWhetherDrained();
    });
  }

  #lookWhetherDrained(): void {
    if (this.#http1Sockets.size + this.#sessions.size + this.#undecided.size === 0) this.#drained();
  }

  #createHttp1(files: TlsFiles | undefined): Server {
    const options = this.#options;
    const settings = {
      keepAliveTimeout: options.keepAliveTimeoutMs,
      headersTimeout: Math.min(options.headersTimeoutMs, options.requestTimeoutMs),
      requestTimeout: options.requestTimeoutMs,
      connectionsCheckingInterval: CHECK_INTERVAL_MS,
      maxHeaderSize: options.maxHeaderBytes,
      insecureHTTPParser: false,
      noDelay: true,
      ServerResponse: OrderlyResponse,
    };
    const server: Server =
      files === undefined
        ? createServer(settings)
        : serveTls(files, (tls) =>
            createHttps({
              ...settings,
              ...tls,
              ALPNProtocols: ["h2", "http/1.1"],
              handshakeTimeout: settings.headersTimeout,
            }),
          );
    server.maxConnections = options.maxConnections;
    // Headers beyond the number would be left out silently. Their bytes are bounded anyway.
    server.maxHeadersCount = 0;
    server.on("request", (request, response) => this.#request(request, response, false));
    server.on("checkContinue", (request, response) => this.#request(request, response, true));
    server.on("upgrade", options.onUpgrade);
    server.on("connect", (_request, socket: Duplex) =>
      endWith(socket, 405, "CONNECT is not forwarded: this is no open proxy"),
    );
    server.on("clientError", (error, socket) => {
      if (!this.#order.hasEnded(socket)) respondToClientError(error, socket);
    });
    if (files === undefined) this.#divertHttp2(server, "connection");
    else {
      this.#divertHttp2(server, "secureConnection");
      server.on("connection", (socket: Socket) => {
        this.#tlsSockets.add(socket);
        socket.once("close", () => this.#tlsSockets.delete(socket));
      });
      server.on("tlsClientError", (_error: Error, socket: Socket) => void socket.destroy());
    }
    return server;
  }

  /** Looks at the first bytes, or at ALPN, before the HTTP/1 parser gets a connection. */
  #divertHttp2(server: Server, event: "connection" | "secureConnection"): void {
    const toHttp1 = server.listeners(event) as ((socket: Socket) => void)[];
    server.removeAllListeners(event);
    const http1 = (socket: Socket): void => {
      this.#http1Sockets.add(socket);
      socket.once("close", () => {
        this.#http1Sockets.delete(socket);
        this.#lookWhetherDrained();
      });
      for (const take of toHttp1) take.call(server, socket);
    };
    const http2 = (socket: Socket): void => {
      // An HTTP/1 server lets a caller that has said all go on reading. An HTTP/2 session would then never learn of the
      // caller's end.
      socket.once("end", () => socket.destroy());
      this.#http2?.emit("connection", socket);
    };
    server.on(event, (socket: Socket) => {
      if (event === "connection") {
        this.#undecided.add(socket);
        sniffProtocol(socket, this.#options.headersTimeoutMs, (decision) => {
          this.#undecided.delete(socket);
          if (decision === "http1") http1(socket);
          else if (decision === "tls") {
            this.#options.logger.warn(tlsToPlain("proxy.tls"), { peer: socket.remoteAddress });
            refuseTls(socket);
            this.#lookWhetherDrained();
          } else if (decision === "http2") http2(socket);
          else this.#lookWhetherDrained();
        });
      } else if ((socket as TLSSocket).alpnProtocol === "h2") http2(socket);
      else http1(socket);
    });
  }

  #createHttp2(): Http2Server {
    const { maxHeaderBytes, maxStreams, keepAliveTimeoutMs, headersTimeoutMs, logger } = this.#options;
    const server = createHttp2({
      settings: { maxConcurrentStreams: maxStreams, enablePush: false },
      maxHeaderListPairs: MAX_HEADERS,
      maxSessionMemory: 32,
    });
    boundHttp2(server, {
      maxHeaderBytes,
      beginMs: headersTimeoutMs,
      onShed: (reason, peer) => logger.warn("a connection to the proxy was ended", { reason, peer }),
    });
    server.on("session", (session) => {
      this.#sessions.add(session);
      session.setTimeout(keepAliveTimeoutMs);
      session.on("timeout", () => {
        if (this.#isAsked(session)) session.setTimeout(keepAliveTimeoutMs);
        else session.close();
      });
      session.once("close", () => {
        this.#sessions.delete(session);
        this.#lookWhetherDrained();
      });
      session.on("error", () => {});
      if (this.#draining !== undefined) session.close();
    });
    server.on("sessionError", () => {});
    server.on("request", (request, response) => this.#request(request, response, false));
    server.on("checkContinue", (request, response) => this.#request(request, response, true));
    return server;
  }

  /** True while a request is under way. A silent request keeps its connection. */
  #isAsked(session: ServerHttp2Session): boolean {
    for (const response of this.#active) if ("stream" in response && response.stream?.session === session) return true;
    return false;
  }

  #request(
    request: IncomingMessage | Http2ServerRequest,
    response: ServerResponse | Http2ServerResponse,
    expectsContinue: boolean,
  ): void {
    const http1 = request instanceof IncomingMessage;
    if (http1 && !this.#order.admit(request, response as ServerResponse)) return;
    this.#active.add(response);
    if (this.#draining !== undefined && !("stream" in response)) response.setHeader("connection", "close");
    response.once("close", () => {
      this.#active.delete(response);
      if (http1) this.#order.answered(request);
      if (this.#draining !== undefined) this.#http1?.closeIdleConnections();
    });
    this.#options.onRequest(request, response, expectsContinue);
  }
}
