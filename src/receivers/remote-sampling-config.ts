import { z } from "zod";
import { endpointsSchema } from "../server/endpoint.ts";
import { tlsConfig } from "../server/tls.ts";
import { receiverCommonConfig } from "./common-config.ts";
import { ENDPOINT_HELP, httpListenerConfig } from "./http-config.ts";

const enabled = z.boolean().default(true).describe("`false` turns this protocol off.");
const { endpoint, tls, allowed_hosts } = httpListenerConfig("127.0.0.1:5778");

/** `file.path` and the protocols are named as in Jaeger v2's extension `remote_sampling`. */
export const remoteSamplingConfig = z.strictObject({
  ...receiverCommonConfig,
  file: z
    .strictObject({
      path: z
        .string()
        .min(1)
        .optional()
        .describe(
          "Jaeger's strategies file (JSON: `default_strategy`, `service_strategies`). It is read again when it changes; one that cannot be read then changes nothing, and the log says so.",
        ),
    })
    .prefault({}),
  from_sampling: z
    .boolean()
    .default(false)
    .describe(
      "Without a file: `false` tells senders to record every trace, and `sampling` alone decides; `true` tells them what `sampling` says. What they have thinned by it `sampling` thins again, unless their spans say by how much (`ot=th:` in the tracestate).",
    ),
  http: z.strictObject({ enabled, endpoint, tls, allowed_hosts }).prefault({}),
  grpc: z
    .strictObject({
      enabled,
      endpoint: endpointsSchema.default("127.0.0.1:5779").describe(ENDPOINT_HELP),
      tls: tlsConfig.omit({ min_version: true }).optional(),
    })
    .prefault({}),
});

export type RemoteSamplingConfig = z.infer<typeof remoteSamplingConfig>;
