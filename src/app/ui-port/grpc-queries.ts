import { fileDescriptors } from "../../codec/rpc/file-descriptors.ts";
import { REFLECTION_FILE } from "../../codec/rpc/reflection.ts";
import type { Access } from "../../component/access.ts";
import type { Logger } from "../../component/logger.ts";
import type { ViewHost } from "../../component/read.ts";
import type { AnswerBounds } from "../../query/answer-bounds.ts";
import { V2_FILE, V3_FILE } from "../../query/jaeger-grpc/messages.ts";
import { jaegerQueryServices } from "../../query/jaeger-grpc/services.ts";
import { GrpcListener } from "../../server/grpc/grpc-listener.ts";
import { grpcReflection } from "../../server/grpc/grpc-reflection.ts";
import { InFlightBudget } from "../../server/limits/in-flight.ts";
import type { TlsConfig } from "../../server/tls.ts";

export interface GrpcQueriesSettings {
  /** Undefined: the collector has no access control. */
  readonly access: Access | undefined;
  readonly endpoint: string;
  readonly tls: TlsConfig | undefined;
  readonly viewHost: ViewHost;
  readonly bounds: AnswerBounds;
  readonly logger: Logger;
}

const HEALTH_FILE = "grpc/health/v1/health.proto";
const HEALTH_SERVICE = "grpc.health.v1.Health";
/** A question is short; a filter may be long. */
const MAX_REQUEST_BYTES = 1024 * 1024;
const IN_FLIGHT_BYTES = 16 * 1024 * 1024;
const LIMITS = { maxConcurrentStreams: 100, maxConnections: 1_024, receiveTimeoutMs: 15_000 } as const;
/** gRPC's own defaults for servers. */
const KEEPALIVE = { time_ms: 7_200_000, timeout_ms: 20_000 } as const;

/** Jaeger's gRPC query services of both generations, with health and reflection. */
export function createGrpcQueries({
  access,
  endpoint,
  tls,
  viewHost,
  bounds,
  logger,
}: GrpcQueriesSettings): GrpcListener {
  const services = jaegerQueryServices(viewHost, bounds);
  const names = [...services.map(({ name }) => name), HEALTH_SERVICE];
  const descriptors = () => fileDescriptors([V3_FILE, V2_FILE, HEALTH_FILE, REFLECTION_FILE]);
  return new GrpcListener({
    name: {
      title: "Jaeger's gRPC query services",
      configKey: "ui.grpc_endpoint",
      usualOccupant: "Jaeger or another spanloom",
    },
    access,
    need: ["read"],
    endpoint,
    tls,
    logger,
    services: async () => [],
    streamed: [...services, ...grpcReflection(names, descriptors)],
    http1Hint: "this port has Jaeger's query services over gRPC; the web UI and the HTTP APIs are at ui.endpoint",
    maxMessageBytes: MAX_REQUEST_BYTES,
    ...LIMITS,
    keepalive: KEEPALIVE,
    inFlight: new InFlightBudget(IN_FLIGHT_BYTES),
    onRefused: (reason, message) => logger.debug("refused a gRPC query", { reason, message }),
  });
}
