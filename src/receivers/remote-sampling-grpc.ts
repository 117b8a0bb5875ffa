import { Metadata, status } from "@grpc/grpc-js";
import { samplingParameters, samplingStrategy } from "../codec/rpc/sampling.ts";
import { messageOf } from "../model/message-of.ts";
import type { GrpcService } from "../server/grpc/grpc-listener-options.ts";
import { inflateBody } from "../server/inflate.ts";
import type { StrategyOf } from "./strategies.ts";

/** A question is one name. */
const MAX_MESSAGE_BYTES = 64 * 1024;

/** What the listener allows: gRPC's own keepalive, and few calls at once on a connection. */
export const SAMPLING_LIMITS = {
  maxMessageBytes: MAX_MESSAGE_BYTES,
  maxConcurrentStreams: 64,
  maxConnections: 4_096,
  keepalive: { max_connection_idle_ms: 300_000, time_ms: 7_200_000, timeout_ms: 20_000 },
  receiveTimeoutMs: 10_000,
} as const;

/** @param answered told of each call, whether it got a strategy */
export function samplingService(strategyOf: StrategyOf, answered: (yes: boolean) => void): GrpcService {
  return {
    name: "jaeger.api_v2.SamplingManager",
    methods: {
      GetSamplingStrategy(message, reply, encoding) {
        try {
          const { serviceName } = samplingParameters.decode(inflateBody(message, encoding, MAX_MESSAGE_BYTES));
          reply.succeed(samplingStrategy.encode(strategyOf(serviceName)));
          answered(true);
        } catch (error) {
          reply.fail({ code: status.INVALID_ARGUMENT, details: messageOf(error), metadata: new Metadata() });
          answered(false);
        }
      },
    },
  };
}
