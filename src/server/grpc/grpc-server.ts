import type { Http2Server } from "node:http2";
import type { Socket } from "node:net";
import { Server, ServerCredentials, type ServerOptions } from "@grpc/grpc-js";
import { boundHttp2 } from "../http2-bounds.ts";
import { grpcGate } from "./grpc-gate.ts";
import { grpcHealth } from "./grpc-health.ts";
import { DEFAULT_BEGIN_MS, type GrpcListenerOptions, type GrpcService } from "./grpc-listener-options.ts";
import { rawUnaryMethod } from "./grpc-raw.ts";
import { receiveGuard } from "./grpc-receive-guard.ts";
import type { RawUnaryHandler } from "./grpc-unary.ts";

/** Of a call's header list: what gRPC itself takes at most. */
const MAX_HEADER_BYTES = 16 * 1024;
/** Headers of a call. A peer has Node decode as many of them, of 4 KiB each, from as many bytes. */
const MAX_HEADERS = 64;
/** Of what Node keeps for one connection: headers that are not whole, and answers that are not read. */
const SESSION_MEBIBYTES = 64;
/** The gRPC library's server, which listens on nothing: it is handed connections. */
export interface GrpcServer {
  /** A connection that speaks HTTP/2. */
  take(socket: Socket): void;
  /** Takes no further calls; those under way go on. */
  endGently(): void;
  /** Ends all calls. */
  endNow(): void;
}

/** @param healthy what grpc.health.v1 says */
export function createGrpcServer(
  options: GrpcListenerOptions,
  services: readonly GrpcService[],
  healthy: () => boolean,
): GrpcServer {
  const handlers = new Map<string, RawUnaryHandler>();
  for (const service of services) {
    for (const [method, handler] of Object.entries(service.methods))
      handlers.set(`/${service.name}/${method}`, handler);
  }
  const server = new Server(serverOptions(options, handlers));
  // The server has to know the methods; what serves them stands before it.
  for (const path of handlers.keys()) server.addService({ [path]: rawUnaryMethod(path) }, {});
  const { streamed = [], logger, name, beginTimeoutMs } = options;
  for (const { definition, implementation } of streamed) server.addService(definition, implementation);
  const names = [...services, ...streamed].map((service) => service.name);
  const health = grpcHealth(names, healthy);
  server.addService(health.definition, health.implementation);
  onHttp2Server(server, (http2) =>
    boundHttp2(http2, {
      maxHeaderBytes: MAX_HEADER_BYTES,
      beginMs: beginTimeoutMs ?? DEFAULT_BEGIN_MS,
      onShed: (reason, peer) => logger.warn(`${name.title}: a connection was ended`, { reason, peer }),
    }),
  );
  // TLS is ended before: the library can neither bound its handshakes nor the connections that wait for one.
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  return {
    take: (socket) => injector.injectConnection(socket),
    // Its callback is not used: it does not wait for calls under way. The connections do.
    endGently: () => server.tryShutdown(() => {}),
    endNow: () => server.forceShutdown(),
  };
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
    interceptors: [receiveGuard({ ...options, admit: grpcGate(options), handlers })],
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
