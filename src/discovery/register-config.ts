import { z } from "zod";
import { DEFAULT_TTL_MS } from "../component/discovery.ts";

/** `discovery.register`: the listeners of this process as instances in the registry of `discovery.backend`. */
export const registerConfig = z.strictObject({
  enabled: z
    .boolean()
    .default(false)
    .describe("Register the receivers, the web UI and the proxy with the registry of discovery.backend."),
  name: z.string().min(1).max(255).default("spanloom").describe("Name of the service."),
  host: z
    .string()
    .max(255)
    .regex(/^[\p{L}\p{N}_:][\p{L}\p{N}_.:-]*$/u, "expected a host name or address without port or brackets")
    .optional()
    .describe(
      "By which others reach this machine. Default: what a listener is bound to, the machine's name where that is every address; listeners on loopback are registered with the `local` backend alone.",
    ),
  tags: z
    .array(z.string().min(1))
    .default([])
    .describe("Added to the tag of each listener: `otlp_grpc`, `otlp_http`, …, `ui`, `proxy`."),
  metadata: z.record(z.string(), z.string()).default({}).describe("Shown with the instances."),
  weight: z.number().min(0).max(65_535).default(1).describe("Share of requests relative to other collectors."),
  zone: z.string().min(1).optional().describe("Where it runs, shown with the instances."),
  ttl_ms: z
    .int()
    .min(1_000)
    .max(86_400_000)
    .default(DEFAULT_TTL_MS)
    .describe("Without a heartbeat for this long the registry takes it for gone, ms; there are three in it."),
  check: z
    .boolean()
    .default(true)
    .describe("Have a registry that runs checks connect to each listener as well; etcd runs none."),
});
