/** The resource attribute that says of which run a span is. */
export const RUN_ATTRIBUTE = "spanloom.run";

/**
 * The environment of a command whose spans are to come to one collector, marked with the label of the run. What the
 * caller has set of resource attributes and sampling stays. OpenTelemetry's "Environment Variable Specification"; the
 * variables of traces go before the general ones. The port takes gRPC and HTTP.
 * @param url OTLP/HTTP base
 */
export function runEnvironment(env: NodeJS.ProcessEnv, url: string, label: string): NodeJS.ProcessEnv {
  const grpc = (env.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL ?? env.OTEL_EXPORTER_OTLP_PROTOCOL) === "grpc";
  const protocol = grpc ? "grpc" : "http/protobuf";
  return {
    ...env,
    OTEL_RESOURCE_ATTRIBUTES: withRun(env.OTEL_RESOURCE_ATTRIBUTES ?? "", label),
    OTEL_SDK_DISABLED: "false",
    OTEL_TRACES_EXPORTER: "otlp",
    OTEL_METRICS_EXPORTER: "none",
    OTEL_LOGS_EXPORTER: "none",
    OTEL_EXPORTER_OTLP_ENDPOINT: url,
    OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: grpc ? url : `${url}/v1/traces`,
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: protocol,
    OTEL_TRACES_SAMPLER: env.OTEL_TRACES_SAMPLER || "parentbased_always_on",
    OTEL_BSP_SCHEDULE_DELAY: env.OTEL_BSP_SCHEDULE_DELAY || "50",
    SPANLOOM_RUN: label,
  };
}

/** `a=b,spanloom.run=pr-42`: percent-encoded as W3C Baggage has values. */
function withRun(attributes: string, label: string): string {
  const others = attributes
    .split(",")
    .filter((pair) => pair.trim() !== "" && pair.split("=")[0]?.trim() !== RUN_ATTRIBUTE);
  return [...others, `${RUN_ATTRIBUTE}=${encodeURIComponent(label)}`].join(",");
}
