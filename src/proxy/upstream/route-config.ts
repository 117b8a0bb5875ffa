import { z } from "zod";
import { parseDiscoverEndpoint } from "../../component/discover-endpoint.ts";
import { isDiscoverEndpoint } from "../../component/discovery.ts";
import { PROPAGATION_FORMATS } from "../../propagation/composite.ts";

const MAX_TIME_MS = 86_400_000;
/** A setting in milliseconds, a day at most. */
export const timeMs = (fallback: number, text: string) =>
  z.int().min(1).max(MAX_TIME_MS).default(fallback).describe(text);

/** One format or several, always read as a list. */
export const propagationConfig = z
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

/** One of `proxy.routes`. */
export const routeConfig = z
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

export type RouteConfig = z.output<typeof routeConfig>;

/** What is wrong with an upstream. Undefined when nothing is. */
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
