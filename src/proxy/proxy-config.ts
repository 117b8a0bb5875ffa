import { BlockList, isIP } from "node:net";
import { z } from "zod";
import { parseDiscoverEndpoint } from "../component/discover-endpoint.ts";
import { isDiscoverEndpoint } from "../component/discovery.ts";
import { PROPAGATION_FORMATS } from "../propagation/composite.ts";
import { endpointSchema } from "../server/endpoint.ts";
import { tlsConfig } from "../server/tls.ts";

const MAX_TIME_MS = 86_400_000;
const timeMs = (fallback: number, text: string) => z.int().min(1).max(MAX_TIME_MS).default(fallback).describe(text);

const propagationConfig = z
  .union([z.enum(PROPAGATION_FORMATS), z.array(z.enum(PROPAGATION_FORMATS)).min(1)])
  .transform((value) => (typeof value === "string" ? [value] : value));

const upstreamConfig = z.string().superRefine((text, context) => {
  const message = upstreamProblem(text);
  if (message !== undefined) context.addIssue({ code: "custom", message, input: text });
});

const healthCheckConfig = z.strictObject({
  path: z
    .string()
    .regex(/^\/[\x21-\x7e]*$/, "expected a path that begins with /")
    .default("/health")
    .describe("Asked with GET; 2xx passes."),
  interval_ms: timeMs(30_000, "From one check to the next, ms."),
  timeout_ms: timeMs(5_000, "For one check, ms."),
  healthy_threshold: z.int().min(1).default(1).describe("Successes in a row."),
  unhealthy_threshold: z.int().min(1).default(2).describe("Failures in a row; what no retry can mend counts at once."),
});

const routeConfig = z
  .strictObject({
    prefix: z
      .string()
      .regex(/^\/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*$/, "expected a path such as / or /shop")
      .default("/")
      .describe("Whole path segments: `/shop` takes /shop and /shop/1, not /shopping. The longest prefix wins."),
    host: z
      .string()
      .regex(/^(\*\.)?[\w-]+(\.[\w-]+)*$/, "expected a host name without port, or *.example.org")
      .transform((text) => text.toLowerCase())
      .optional()
      .describe("Only requests for this host name; `*.example.org` is any name below. Comes before routes without."),
    upstream: z
      .union([upstreamConfig.transform((text) => [text]), z.array(upstreamConfig).min(1)])
      .describe("`http://host:port`, several of them, or one `discover://service?tag=…`."),
    service: z
      .string()
      .min(1)
      .max(255)
      .optional()
      .describe("service.name of the spans. Default: the service that is discovered, else the upstream's host name."),
    strip_prefix: z.boolean().default(false).describe("Take the prefix off the path that is sent on."),
    preserve_host: z.boolean().default(false).describe("Send the caller's Host instead of the upstream's."),
    propagation: propagationConfig.optional().describe("In place of proxy.propagation."),
    health_check: healthCheckConfig
      .optional()
      .describe("HTTP checks of fixed upstreams; those that fail get no requests. Discovered ones are the registry's."),
    ca_file: z.string().min(1).optional().describe("PEM certificates to trust in place of the system's."),
    insecure_skip_verify: z.boolean().default(false).describe("Accept any certificate of an https upstream."),
  })
  .superRefine(({ upstream, health_check }, context) => {
    const discovered = upstream.some(isDiscoverEndpoint);
    if (discovered && upstream.length > 1) {
      context.addIssue({
        code: "custom",
        path: ["upstream"],
        message: "expected fixed upstreams, or one discover:// and nothing else",
      });
    }
    if (discovered && health_check !== undefined) {
      context.addIssue({
        code: "custom",
        path: ["health_check"],
        message: "discovered instances are checked by the registry; health_check is for fixed upstreams",
      });
    }
  });

const trustConfig = z
  .union([z.enum(["all", "none"]), z.array(z.string())])
  .default("none")
  .superRefine((value, context) => {
    for (const text of Array.isArray(value) ? value : []) {
      if (parseNetwork(text) !== undefined) continue;
      context.addIssue({
        code: "custom",
        message: `${JSON.stringify(text)} is no address or network; expected 10.0.0.7 or 10.0.0.0/8`,
      });
    }
  });

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
export type RouteConfig = ProxyConfig["routes"][number];

/** Peers that the config trusts to tell where a request came from. */
export function trustedPeers(trust: ProxyConfig["trust_forwarded"]): (address: string | undefined) => boolean {
  if (!Array.isArray(trust)) return () => trust === "all";
  const list = new BlockList();
  for (const network of trust.map(parseNetwork)) {
    if (network !== undefined) list.addSubnet(network.address, network.bits, network.family);
  }
  return (address) => {
    const bare = address?.replace(/^::ffff:(?=\d+\.)/, "") ?? "";
    const family = isIP(bare);
    return family !== 0 && list.check(bare, family === 6 ? "ipv6" : "ipv4");
  };
}

/** What is wrong with an upstream; undefined when nothing is. */
function upstreamProblem(text: string): string | undefined {
  if (isDiscoverEndpoint(text)) {
    try {
      if (parseDiscoverEndpoint(text).scheme !== "grpc") return undefined;
      return `${JSON.stringify(text)}: the scheme says with or without TLS, for gRPC too; expected scheme http or https`;
    } catch (error) {
      return (error as Error).message;
    }
  }
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.hostname === "") {
    return `${JSON.stringify(text)} is no upstream; expected http://host:port, https://host:port or discover://service`;
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    return `${JSON.stringify(text)}: an upstream has no user, query or fragment`;
  }
  return undefined;
}

function parseNetwork(text: string): { address: string; bits: number; family: "ipv4" | "ipv6" } | undefined {
  const [address = "", bits, ...rest] = text.split("/");
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return undefined;
  const width = version === 6 ? 128 : 32;
  const size = bits === undefined ? width : /^\d{1,3}$/.test(bits) ? Number(bits) : -1;
  return size < 0 || size > width ? undefined : { address, bits: size, family: version === 6 ? "ipv6" : "ipv4" };
}
