import type { ServiceDefinition, UntypedServiceImplementation } from "@grpc/grpc-js";
import type { Access, Need } from "../../component/access.ts";
import type { Logger } from "../../component/logger.ts";
import type { RequestBudget } from "../../component/receiver.ts";
import type { EndpointSetting } from "../listen-addresses.ts";
import type { ListenerName } from "../listen-error.ts";
import type { TlsConfig } from "../tls.ts";
import type { ReceiveRefusal } from "./grpc-receive-guard.ts";
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
  /** Undefined: the collector has no access control. */
  readonly access: Access | undefined;
  /** What a call of any of its services needs. The health of the server is told to everybody. */
  readonly need: Need;
  /** `host:port`, checked before by `endpointSchema`. */
  readonly endpoint: EndpointSetting;
  readonly tls?: GrpcTlsConfig | undefined;
  /** Told of TLS files that changed. */
  readonly logger: Logger;
  readonly services: () => Promise<readonly GrpcService[]>;
  /** The gRPC library and the services are loaded for the first connection, and not at the start. */
  readonly late?: boolean;
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

/** Time for a TLS handshake, and for the first bytes of HTTP/2, ms. */
export const DEFAULT_BEGIN_MS = 10_000;
