import { z } from "zod";
import { networksConfig } from "../component/networks-config.ts";
import { inNetworks } from "../model/net/networks.ts";
import { endpointSchema } from "../server/endpoint.ts";
import { tlsConfig } from "../server/tls.ts";
import { propagationConfig, routeConfig, timeMs } from "./upstream/route-config.ts";

const trustConfig = z.union([z.enum(["all", "none"]), networksConfig]).default("none");

/** `proxy:` in the config file. Off without routes. */
export const proxyConfig = z.strictObject({
  endpoint: endpointSchema.default("127.0.0.1:8088").describe("Where the proxy listens; HTTP/1.1 and HTTP/2."),
  tls: tlsConfig.optional().describe("Serve HTTPS; HTTP/2 is negotiated. Without it HTTP/2 is by prior knowledge."),
  routes: z.array(routeConfig).default([]).describe("What goes where. Without any the proxy is off."),
  allowed_hosts: z
    .array(z.string())
    .default([])
    .describe("Host names by which callers may reach it, besides localhost, addresses and those of the routes."),
  propagation: propagationConfig
    .default(["w3c", "baggage"])
    .describe("What is sent upstream: `w3c`, `b3`, `b3_single`, `jaeger`, `baggage`. Every format is read."),
  sampling: z.number().min(0).max(1).default(1).describe("Share of the traces kept that begin here, 0.0 to 1.0."),
  trust_forwarded: trustConfig.describe(
    "Callers whose Forwarded and X-Forwarded-* headers are kept and added to: `all`, `none`, or addresses and networks.",
  ),
  allow_link_local: z.boolean().default(false).describe("Let upstreams be link-local addresses (169.254.0.0/16, …)."),
  retries: z
    .int()
    .min(0)
    .max(10)
    .default(2)
    .describe(
      "How often a gRPC call, GET, HEAD, OPTIONS, PUT, DELETE or TRACE is tried again that reached no upstream.",
    ),
  ejection: z
    .strictObject({
      consecutive_failures: z
        .int()
        .min(1)
        .default(3)
        .describe("Failures in a row after which an instance is left out."),
      base_ms: timeMs(30_000, "For how long the first time; longer each further time, ms."),
      max_ms: timeMs(300_000, "For how long at most, ms."),
      max_share: z.number().min(0).max(1).default(0.5).describe("Share of the instances that may be left out at once."),
    })
    .prefault({})
    .describe("Of fixed upstreams."),
  limits: z
    .strictObject({
      header_kibibytes: z.int().min(1).max(1024).default(32).describe("Of a request's headers; beyond it 431."),
      answer_header_kibibytes: z.int().min(1).max(1024).default(64).describe("Of an upstream's answer; beyond it 502."),
      body_mebibytes: z
        .number()
        .positive()
        .nullable()
        .default(1024)
        .describe("Of a request's body; beyond it 413. All that a gRPC call sends counts. null is no limit."),
      connections: z.int().min(1).default(4096).describe("Open at once; further ones are closed."),
      streams_per_connection: z.int().min(1).default(128).describe("HTTP/2 requests at once on one connection."),
    })
    .prefault({}),
  timeouts: z
    .strictObject({
      connect_ms: timeMs(5_000, "To connect to an upstream, ms."),
      idle_ms: timeMs(60_000, "Without a byte from or to the upstream, before or after its headers, ms."),
      headers_ms: timeMs(10_000, "For a request's headers to arrive, ms."),
      request_ms: timeMs(300_000, "For a whole request to arrive, ms."),
      keep_alive_ms: timeMs(75_000, "How long an idle connection of a caller is kept, ms."),
      tunnel_idle_ms: timeMs(3_600_000, "How long a WebSocket or a gRPC call may be silent, ms."),
    })
    .prefault({}),
  exporter: z
    .strictObject({
      endpoint: z
        .url({ protocol: /^https?$/, error: "expected an http or https URL" })
        .default("http://127.0.0.1:4318/v1/traces")
        .describe("OTLP over HTTP."),
      headers: z.record(z.string(), z.string()).default({}).describe("Sent with every export."),
    })
    .prefault({})
    .describe("Where `spanloom proxy` sends its spans. Inside `spanloom serve` they go straight to its store."),
});

export type ProxyConfig = z.output<typeof proxyConfig>;
export type ProxyConfigInput = z.input<typeof proxyConfig>;

/** Peers that the config trusts to tell where a request came from. */
export function trustedPeers(trust: ProxyConfig["trust_forwarded"]): (address: string | undefined) => boolean {
  return Array.isArray(trust) ? inNetworks(trust) : () => trust === "all";
}
