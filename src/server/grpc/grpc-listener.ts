import type { Http2Server } from "node:http2";
import { createServer as createTcp, type Server as NetServer, type Socket } from "node:net";
import { createServer as createTls, type TLSSocket } from "node:tls";
import {
  Server,
  ServerCredentials,
  type ServerOptions,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import type { Endpoint } from "../../component/endpoint.ts";
import type { Logger } from "../../component/logger.ts";
import type { RequestBudget } from "../../component/receiver.ts";
import { onAbort } from "../../component/signals.ts";
import { endGently } from "../connection-end.ts";
import { boundHttp2 } from "../http2-bounds.ts";
import type { EndpointSetting } from "../listen-addresses.ts";
import type { ListenerName } from "../listen-error.ts";
import { openListener } from "../open-listener.ts";
import { refuseTls, sniffProtocol, tlsToPlain } from "../sniff-protocol.ts";
import type { TlsConfig } from "../tls.ts";
import { serveTls, type TlsFiles } from "../tls-files.ts";
import { grpcHealth } from "./grpc-health.ts";
import { rawUnaryMethod } from "./grpc-raw.ts";
import { type ReceiveRefusal, receiveGuard } from "./grpc-receive-guard.ts";
import type { RawUnaryHandler } from "./grpc-unary.ts";

export interface GrpcService {
  /** `opentelemetry.proto.collector.trace.v1.TraceService`. */
  readonly name: string;
  /** By name: `Export`. */
  readonly methods: Readonly<Record<string, RawUnaryHandler>>;
}

/** A service whose methods grpc-js runs: for answers that come in several messages, or requests. */
export interface StreamedService {
  readonly name: string;
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}

export type GrpcTlsConfig = Omit<TlsConfig, "min_version">;

export interface GrpcKeepalive {
  readonly max_connection_idle_ms?: number | undefined;
  readonly max_connection_age_ms?: number | undefined;
  readonly max_connection_age_grace_ms?: number | undefined;
  readonly time_ms: number;
  readonly timeout_ms: number;
}

export interface GrpcListenerOptions {
  readonly name: ListenerName;
  /** `host:port`, checked before by `endpointSchema`. */
  readonly endpoint: EndpointSetting;
  readonly tls?: GrpcTlsConfig | undefined;
  /** Told of TLS files that changed. */
  readonly logger: Logger;
  readonly services: readonly GrpcService[];
  readonly streamed?: readonly StreamedService[];
  /** What a peer is told that speaks HTTP/1; one line. Default: where OTLP over HTTP goes. */
  readonly http1Hint?: string;
  /** Longest message, before and after decompression; a longer one is RESOURCE_EXHAUSTED without RetryInfo. */
  readonly maxMessageBytes: number;
  readonly maxConcurrentStreams: number;
  /** Connections at once; further ones are closed. */
  readonly maxConnections: number;
  readonly keepalive: GrpcKeepalive;
  /** Time for a whole message to arrive, ms: what slow senders are shed by. */
  readonly receiveTimeoutMs: number;
  /** Time for a TLS handshake, and then for HTTP/2 to begin, ms. Default 10 s. */
  readonly beginTimeoutMs?: number;
  /** Bytes of a message count in it as they arrive; calls are refused at their headers when it has no room. */
  readonly inFlight: RequestBudget;
  /**
   * Told of calls that were ended before their message was whole, and of connections that came to none, with what their
   * senders were told.
   */
  readonly onRefused: (reason: ReceiveRefusal, message: string) => void;
}

/** Of a call's header list: what gRPC itself takes at most. */
const MAX_HEADER_BYTES = 16 * 1024;
/** Headers of a call. A peer has Node decode as many of them, of 4 KiB each, from as many bytes. */
const MAX_HEADERS = 64;
/** Of what Node keeps for one connection: headers that are not whole, and answers that are not read. */
const SESSION_MEBIBYTES = 64;
/** Time for a TLS handshake, and for the first bytes of HTTP/2, ms. */
const DEFAULT_BEGIN_MS = 10_000;

/** gRPC on its addresses with its services and grpc.health.v1: bounded in connections, headers, frames and time. */
export class GrpcListener {
  readonly #options: GrpcListenerOptions;
  /** Accepted connections, whatever they have come to. */
  readonly #sockets = new Set<Socket>();
  /** Those that have not said yet which protocol they speak. */
  readonly #undecided = new Set<Socket>();
  readonly #listening: NetServer[] = [];
  #server: Server | undefined;
  #tls: TlsFiles | undefined;
  #address: Endpoint | undefined;
  #draining: Promise<void> | undefined;

  constructor(options: GrpcListenerOptions) {
    this.#options = options;
  }

  /** The address in use, with the port that was given for port 0; undefined unless started. */
  get address(): Endpoint | undefined {
    return this.#address;
  }

  /**
   * @returns the bound address
   * @throws PermanentError `listen_failed`, or `config_invalid` for unusable certificates
   */
  async start(): Promise<Endpoint> {
    const { name, endpoint, logger, maxConnections, onRefused } = this.#options;
    const tls = this.#options.tls && ({ ...this.#options.tls, min_version: "1.2" } as const);
    const take = this.#createServer();
    const create = (files: TlsFiles | undefined): NetServer => {
      const listening = this.#createListening(files, take);
      listening.maxConnections = maxConnections;
      listening.on("drop", () => onRefused("connections", tooManyConnections(maxConnections, name.configKey)));
      return listening;
    };
    const opened = await openListener(this.#listening, create, { name, tls, endpoint, logger });
    this.#tls = opened.tls;
    this.#address = opened.address;
    return this.#address;
  }

  /** Reads certificate, key and authority again, as it happens by itself when they change. Nothing without TLS. */
  reloadTls(): void {
    this.#tls?.reload();
  }

  /** Stops accepting and lets calls under way finish; the signal's abort ends the rest. */
  async shutdown(signal: AbortSignal): Promise<void> {
    this.#tls?.close();
    this.#draining ??= this.#drain();
    const release = onAbort(signal, () => {
      this.#server?.forceShutdown();
      for (const socket of this.#sockets) socket.destroy();
    });
    await this.#draining;
    release();
  }

  /** The gRPC library's server. Gives what hands it a connection that speaks HTTP/2. */
  #createServer(): (socket: Socket) => void {
    const { services } = this.#options;
    const handlers = new Map<string, RawUnaryHandler>();
    for (const service of services) {
      for (const [method, handler] of Object.entries(service.methods))
        handlers.set(`/${service.name}/${method}`, handler);
    }
    const server = new Server(serverOptions(this.#options, handlers));
    // The server has to know the methods; what serves them stands before it.
    for (const path of handlers.keys()) server.addService({ [path]: rawUnaryMethod(path) }, {});
    const { streamed = [] } = this.#options;
    for (const { definition, implementation } of streamed) server.addService(definition, implementation);
    const names = [...services, ...streamed].map((service) => service.name);
    const health = grpcHealth(names, () => this.#draining === undefined);
    server.addService(health.definition, health.implementation);
    this.#server = server;
    onHttp2Server(server, (http2) => this.#bound(http2));
    // TLS is ended before: the library can neither bound its handshakes nor the connections that wait for one.
    const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
    return (socket) => injector.injectConnection(socket);
  }

  #bound(http2: Http2Server): void {
    const { logger, name, beginTimeoutMs } = this.#options;
    boundHttp2(http2, {
      maxHeaderBytes: MAX_HEADER_BYTES,
      beginMs: beginTimeoutMs ?? DEFAULT_BEGIN_MS,
      onShed: (reason, peer) => logger.warn(`${name.title}: a connection was ended`, { reason, peer }),
    });
  }

  #createListening(files: TlsFiles | undefined, take: (socket: Socket) => void): NetServer {
    const { name, onRefused, http1Hint, beginTimeoutMs: beginMs = DEFAULT_BEGIN_MS } = this.#options;
    const hold = (socket: Socket): void => {
      this.#sockets.add(socket);
      socket.setNoDelay(true).once("close", () => this.#sockets.delete(socket));
    };
    const decide = (socket: Socket): void => {
      this.#undecided.add(socket);
      sniffProtocol(socket, beginMs, (protocol) => {
        this.#undecided.delete(socket);
        if (protocol === "http2") take(socket);
        else if (protocol === "http1") {
          const hint = http1Hint ?? WRONG_PORT;
          onRefused("wrong_port", hint);
          refuseHttp1(socket, hint);
        } else if (protocol === "tls") {
          onRefused("tls", tlsToPlain(settingBeside(name.configKey, "tls")));
          refuseTls(socket);
        }
      });
    };
    if (files === undefined) return createTcp().on("connection", hold).on("connection", decide);
    const server = serveTls(files, (tls) => createTls({ ...tls, ALPNProtocols: ["h2"], handshakeTimeout: beginMs }));
    server.on("connection", hold);
    server.on("tlsClientError", (error: NodeJS.ErrnoException, socket: TLSSocket) => {
      if (error.code !== "ECONNRESET") onRefused("tls", `the TLS handshake failed: ${error.message}`);
      socket.destroy();
    });
    server.on("secureConnection", (socket) => {
      socket.on("error", () => void socket.destroy());
      decide(socket);
    });
    return server;
  }

  async #drain(): Promise<void> {
    const server = this.#server;
    if (this.#listening.length === 0 || server === undefined) return;
    const closed = this.#listening.map((one) => new Promise<void>((resolve) => void one.close(() => resolve())));
    // Its callback is not used: it does not wait for calls under way. The connections do.
    server.tryShutdown(() => {});
    for (const socket of this.#undecided) socket.destroy();
    for (const socket of this.#sockets) if (socket.bytesRead === 0) socket.destroy();
    await Promise.all(closed);
    this.#address = undefined;
  }
}

function tooManyConnections(most: number, endpointKey: string): string {
  const setting = settingBeside(endpointKey, "max_connections");
  return `closed at once: there are ${most} connections already${setting === undefined ? "" : `, which ${setting} sets`}`;
}

/** Where a listener has such a setting, it stands beside its endpoint. */
function settingBeside(endpointKey: string, name: string): string | undefined {
  return endpointKey.endsWith(".endpoint") ? endpointKey.replace(/endpoint$/, name) : undefined;
}

const WRONG_PORT =
  "this port takes OTLP over gRPC, which is HTTP/2; OTLP over HTTP has a port of its own, by default 4318";

/** Tells a sender of HTTP/1 that it has the wrong port. */
function refuseHttp1(socket: Socket, hint: string): void {
  const text = `${hint}\n`;
  socket.write(
    `HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
  );
  endGently(socket);
}

/**
 * What the gRPC library makes its HTTP/2 servers with. It has no other way to them, and without it nothing is bounded.
 */
interface ServerInternals {
  commonServerOptions?: { maxHeaderListPairs?: number };
  createHttp2Server?: (credentials: ServerCredentials) => Http2Server;
}

function onHttp2Server(server: Server, told: (http2: Http2Server) => void): void {
  const internals = server as unknown as ServerInternals;
  const { createHttp2Server, commonServerOptions } = internals;
  if (createHttp2Server === undefined || commonServerOptions === undefined) {
    throw new Error("this release of @grpc/grpc-js makes its servers in another way");
  }
  commonServerOptions.maxHeaderListPairs = MAX_HEADERS;
  internals.createHttp2Server = (credentials) => {
    const http2 = createHttp2Server.call(server, credentials);
    told(http2);
    return http2;
  };
}

/** Channelz stays on: without it grpc-js keeps no list of sessions and `forceShutdown` ends none of them. */
function serverOptions(options: GrpcListenerOptions, handlers: ReadonlyMap<string, RawUnaryHandler>): ServerOptions {
  const { keepalive } = options;
  const optional = (key: string, value: number | undefined): ServerOptions =>
    value === undefined ? {} : { [key]: value };
  return {
    interceptors: [receiveGuard({ ...options, handlers })],
    "grpc.max_receive_message_length": options.maxMessageBytes,
    "grpc.max_concurrent_streams": options.maxConcurrentStreams,
    "grpc-node.max_session_memory": SESSION_MEBIBYTES,
    "grpc.keepalive_time_ms": keepalive.time_ms,
    "grpc.keepalive_timeout_ms": keepalive.timeout_ms,
    ...optional("grpc.max_connection_idle_ms", keepalive.max_connection_idle_ms),
    ...optional("grpc.max_connection_age_ms", keepalive.max_connection_age_ms),
    ...optional("grpc.max_connection_age_grace_ms", keepalive.max_connection_age_grace_ms),
  };
}
