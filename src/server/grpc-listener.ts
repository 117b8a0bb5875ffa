import { createServer } from "node:net";
import { Server, ServerCredentials, type ServerOptions } from "@grpc/grpc-js";
import type { Endpoint } from "../component/endpoint.ts";
import type { Logger } from "../component/logger.ts";
import type { RequestBudget } from "../component/receiver.ts";
import { onAbort } from "../component/signals.ts";
import { formatEndpoint } from "./endpoint.ts";
import { followingCredentials } from "./grpc-credentials.ts";
import { grpcHealth } from "./grpc-health.ts";
import { rawUnaryMethod } from "./grpc-raw.ts";
import { type ReceiveRefusal, receiveGuard } from "./grpc-receive-guard.ts";
import type { RawUnaryHandler } from "./grpc-unary.ts";
import { type EndpointSetting, listenOnEach, wantedAddresses } from "./listen-addresses.ts";
import { type ListenerName, listenError } from "./listen-error.ts";
import type { TlsConfig } from "./tls.ts";
import { openTlsFiles, type TlsFiles } from "./tls-files.ts";

export interface GrpcService {
  /** `opentelemetry.proto.collector.trace.v1.TraceService`. */
  readonly name: string;
  /** By name: `Export`. */
  readonly methods: Readonly<Record<string, RawUnaryHandler>>;
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
  readonly endpoint: EndpointSetting;
  readonly tls?: GrpcTlsConfig | undefined;
  /** Told of TLS files that changed. */
  readonly logger: Logger;
  readonly services: readonly GrpcService[];
  /** Longest message, before and after decompression; a longer one is RESOURCE_EXHAUSTED without RetryInfo. */
  readonly maxMessageBytes: number;
  readonly maxConcurrentStreams: number;
  readonly keepalive: GrpcKeepalive;
  /** Time for a whole message to arrive, ms: what slow senders are shed by. */
  readonly receiveTimeoutMs: number;
  /** Bytes of a message count in it as they arrive; calls are refused at their headers when it has no room. */
  readonly inFlight: RequestBudget;
  /** Told of calls that were ended before their message was whole, and what their senders were told. */
  readonly onRefused: (reason: ReceiveRefusal, message: string) => void;
}

/** One gRPC listener on its addresses, with its services and grpc.health.v1, drained in order. */
export class GrpcListener {
  readonly #options: GrpcListenerOptions;
  #server: Server | undefined;
  #tls: TlsFiles | undefined;
  #address: Endpoint | undefined;
  #draining: Promise<void> | undefined;

  constructor(options: GrpcListenerOptions) {
    this.#options = options;
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
    const { name, tls, logger } = this.#options;
    const files = openTlsFiles(tls && { ...tls, min_version: "1.2" }, name, logger);
    try {
      this.#address = await this.#listen(() =>
        files === undefined ? ServerCredentials.createInsecure() : followingCredentials(files),
      );
      this.#tls = files;
    } catch (error) {
      files?.close();
      throw error;
    }
    return this.#address;
  }

  /** Reads certificate, key and authority again, as it happens by itself when they change. Nothing without TLS. */
  reloadTls(): void {
    this.#tls?.reload();
  }

  async #listen(credentials: () => ServerCredentials): Promise<Endpoint> {
    const { name, endpoint, services, logger } = this.#options;
    const handlers = new Map<string, RawUnaryHandler>();
    for (const service of services) {
      for (const [method, handler] of Object.entries(service.methods))
        handlers.set(`/${service.name}/${method}`, handler);
    }
    const server = new Server(serverOptions(this.#options, handlers));
    // The server has to know the methods; what serves them stands before it.
    for (const path of handlers.keys()) server.addService({ [path]: rawUnaryMethod(path) }, {});
    const names = services.map((service) => service.name);
    const health = grpcHealth(names, () => this.#draining === undefined);
    server.addService(health.definition, health.implementation);
    const open = async (wanted: Endpoint): Promise<Endpoint> => {
      if (wanted.port !== 0) await probe(wanted, name);
      return new Promise((resolve, reject) => {
        server.bindAsync(formatEndpoint(wanted), credentials(), (error, port) => {
          if (error === null) resolve({ host: wanted.host, port });
          else reject(listenError(error, wanted, name));
        });
      });
    };
    try {
      const [first] = await listenOnEach(wantedAddresses(endpoint), open, logger);
      this.#server = server;
      return first as Endpoint;
    } catch (error) {
      server.forceShutdown();
      throw error;
    }
  }

  /** Stops accepting and lets calls under way finish; the signal's abort ends the rest. */
  async shutdown(signal: AbortSignal): Promise<void> {
    this.#tls?.close();
    this.#draining ??= this.#drain();
    const release = onAbort(signal, () => this.#server?.forceShutdown());
    await this.#draining;
    release();
  }

  #drain(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      server.tryShutdown(() => {
        this.#address = undefined;
        resolve();
      });
    });
  }
}

/** Opens and closes the port once: the library would print its own report of a taken port beside our error. */
function probe(endpoint: Endpoint, name: ListenerName): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error) => reject(listenError(error, endpoint, name)));
    server.listen({ host: endpoint.host, port: endpoint.port }, () => server.close(() => resolve()));
  });
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
    "grpc.keepalive_time_ms": keepalive.time_ms,
    "grpc.keepalive_timeout_ms": keepalive.timeout_ms,
    ...optional("grpc.max_connection_idle_ms", keepalive.max_connection_idle_ms),
    ...optional("grpc.max_connection_age_ms", keepalive.max_connection_age_ms),
    ...optional("grpc.max_connection_age_grace_ms", keepalive.max_connection_age_grace_ms),
  };
}
