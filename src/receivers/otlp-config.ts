import { z } from "zod";
import { endpointsSchema } from "../server/endpoint.ts";
import { tlsConfig } from "../server/tls.ts";
import { receiverCommonConfig } from "./common-config.ts";
import { ENDPOINT_HELP, httpListenerConfig } from "./http-config.ts";

const positiveMs = z.int().min(1);

/** Defaults are gRPC's own server defaults, as in the Collector, but that an idle connection ends. */
const keepaliveConfig = z.strictObject({
  server_parameters: z
    .strictObject({
      max_connection_idle_ms: positiveMs.default(300_000).describe("A connection without calls is closed after it."),
      max_connection_age_ms: positiveMs
        .optional()
        .describe("A connection is asked to end at this age, so that senders spread anew; left out: never."),
      max_connection_age_grace_ms: positiveMs
        .optional()
        .describe("Time for the calls of a connection that was asked to end; left out: no limit."),
      time_ms: positiveMs.default(7_200_000).describe("A silent connection is pinged after it."),
      timeout_ms: positiveMs.default(20_000).describe("A connection that does not answer a ping in it is closed."),
    })
    .prefault({}),
});

const enabled = z.boolean().default(true).describe("`false` turns this protocol off.");

const otlpGrpcConfig = z.strictObject({
  enabled,
  endpoint: endpointsSchema.default("127.0.0.1:4317").describe(ENDPOINT_HELP),
  /** Without `min_version`: the gRPC library takes Node's own minimum, TLS 1.2. */
  tls: tlsConfig.omit({ min_version: true }).optional(),
  max_recv_msg_size_mib: z
    .int()
    .min(1)
    .max(1_024)
    .default(64)
    .describe("Longest message, MiB, before and after decompression."),
  max_concurrent_streams: z.int().min(1).default(256).describe("Calls at once on one connection."),
  max_connections: z.int().min(1).default(4_096).describe("Connections at once; further ones are closed at once."),
  keepalive: keepaliveConfig.prefault({}),
  read_timeout_ms: positiveMs.default(15_000).describe("Time for a message to arrive whole."),
  begin_timeout_ms: positiveMs
    .default(10_000)
    .describe("Time for a new connection to end its TLS handshake, and then to begin HTTP/2."),
});

const otlpHttpConfig = z.strictObject({
  enabled,
  ...httpListenerConfig("127.0.0.1:4318"),
  traces_url_path: z.string().startsWith("/").default("/v1/traces").describe("Where traces are posted to."),
});

/**
 * Both protocols run with their defaults, also where a key is left out or has nothing below it, so that changing one
 * never stops the other; `enabled: false` turns one off. At least one is on.
 */
export const otlpConfig = z.strictObject({
  ...receiverCommonConfig,
  other_signals: z
    .enum(["accept", "refuse"])
    .default("accept")
    .describe(
      "Logs and metrics. `accept`: those that an exporter asks for by its `signals` are forwarded, and the others answered with a partial success that says they were not kept, so that senders go on in peace; `refuse`: 404 and UNIMPLEMENTED.",
    ),
  protocols: z
    .strictObject({ grpc: otlpGrpcConfig.nullable().prefault({}), http: otlpHttpConfig.nullable().prefault({}) })
    .refine((protocols) => protocols.grpc?.enabled !== false || protocols.http?.enabled !== false, {
      error: "names no protocol: grpc and http are both off; expected at least one without enabled: false",
    })
    .prefault({}),
});

export type OtlpConfig = z.infer<typeof otlpConfig>;
export type OtlpGrpcConfig = z.infer<typeof otlpGrpcConfig>;
export type OtlpHttpConfig = z.infer<typeof otlpHttpConfig>;

/** What the config says of OTLP/gRPC; a key with nothing below it stands for the defaults. */
export function grpcOf({ protocols }: OtlpConfig): OtlpGrpcConfig {
  return protocols.grpc ?? otlpGrpcConfig.parse({});
}

/** What the config says of OTLP/HTTP, likewise. */
export function httpOf({ protocols }: OtlpConfig): OtlpHttpConfig {
  return protocols.http ?? otlpHttpConfig.parse({});
}
