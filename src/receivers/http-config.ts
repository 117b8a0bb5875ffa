import { z } from "zod";
import { corsConfig } from "../server/cors.ts";
import { endpointsSchema } from "../server/endpoint.ts";
import { tlsConfig } from "../server/tls.ts";
import { receiverCommonConfig } from "./common-config.ts";

const MIB = 1024 * 1024;
const positiveMs = z.int().min(1);

export const ENDPOINT_HELP =
  "`host:port` to listen on, or a list of them; port 0 takes a free one. 127.0.0.1 and localhost stand for both families, ::1 too.";

/** What every listener has that spans are posted to over HTTP. Spread it into a strict object. */
export function httpListenerConfig(endpoint: string) {
  return {
    endpoint: endpointsSchema.default(endpoint).describe(ENDPOINT_HELP),
    tls: tlsConfig.optional(),
    cors: corsConfig.prefault({}),
    max_request_body_size: z
      .int()
      .min(1)
      .max(1_024 * MIB)
      .default(64 * MIB)
      .describe("Longest body, bytes, before and after decompression."),
    allowed_hosts: z
      .array(z.string().min(1))
      .optional()
      .describe(
        "Host names to answer for beside localhost and IP addresses. Left out: every name, unless the listener is bound to a loopback address; then none, which keeps pages of foreign sites out.",
      ),
    read_timeout_ms: positiveMs.default(15_000).describe("Time for a request to arrive whole."),
    read_header_timeout_ms: positiveMs.default(10_000).describe("Time for the headers of a request to arrive."),
    idle_timeout_ms: positiveMs.default(75_000).describe("How long an idle connection is kept."),
    max_connections: z.int().min(1).default(4_096).describe("Connections at once; further ones are closed at once."),
  };
}

/** The config of a receiver that has one such listener and nothing else. */
export function httpPostsConfig(endpoint: string) {
  return z.strictObject({ ...receiverCommonConfig, ...httpListenerConfig(endpoint) });
}
