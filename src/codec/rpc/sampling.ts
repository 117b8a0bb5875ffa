import { MessageType } from "./definitions.ts";

const FILE = "jaeger/api_v2/sampling.proto";

/** Whose strategy is asked for. */
export const samplingParameters = new MessageType<{ readonly serviceName: string }>(
  FILE,
  "jaeger.api_v2.SamplingStrategyParameters",
);
export const samplingStrategy = new MessageType<object>(FILE, "jaeger.api_v2.SamplingStrategyResponse");
