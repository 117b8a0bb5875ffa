/** The tracing SDK: what `import … from "spanloom"` gives. It loads nothing of the collector. */
export { type Logger, SILENT_LOGGER } from "../component/logger.ts";
export { PROPAGATION_FORMATS, type PropagationFormat } from "../propagation/composite.ts";
export type {
  Baggage,
  BaggageEntry,
  Carrier,
  HeaderPair,
  Propagated,
  SamplingDecision,
} from "../propagation/context.ts";
export {
  type AgentOptions,
  DISCOVERY_BACKENDS,
  type DiscoveryBackendName,
  type DiscoveryBackendOption,
  type DnsOptions,
  type DnsServiceOptions,
  type EtcdOptions,
  type KubernetesOptions,
  type RegistryTlsOptions,
} from "./declarations/backend-options.ts";
export { ServiceError } from "./declarations/http-endpoint.ts";
export {
  DEFAULT_SERVICE_SETTINGS,
  type HealthCheckOption,
  type ServiceDeclaration,
  ServiceDeclarationError,
  type ServiceOptions,
  type ServiceSettings,
  type TransportOption,
} from "./declarations/options.ts";
export {
  type Operation,
  type Service,
  type ServiceContext,
  type ServiceHandler,
  type ServiceRuntime,
  service,
} from "./declarations/service.ts";
export { type CallOptions, type CallTarget, ServiceCallError } from "./declarations/service-client.ts";
export { type ConsoleSettings, consoleExporter } from "./exporters/console.ts";
export { EXPORTER_NAMES, type ExporterInput, type ExporterName } from "./exporters/create.ts";
export type { CustomExporter, SpanExporter } from "./exporters/exporter.ts";
export { type JaegerSettings, jaegerExporter } from "./exporters/jaeger.ts";
export { type OtlpGrpcSettings, otlpGrpcExporter } from "./exporters/otlp-grpc.ts";
export { type OtlpHttpSettings, otlpHttpExporter } from "./exporters/otlp-http.ts";
export { type ZipkinSettings, zipkinExporter } from "./exporters/zipkin.ts";
export { type HttpRequest, type TracedRequest, tracedFetch, tracedRequest } from "./instrument/http-client.ts";
export {
  expressErrorMiddleware,
  expressMiddleware,
  type HttpServerOptions,
  type RequestHandler,
  traceHttpHandler,
} from "./instrument/http-server.ts";
export { ConsulRegistry, type ConsulSettings } from "./registry/consul.ts";
export { LocalRegistry } from "./registry/local.ts";
export {
  type HealthCheck,
  type HealthStatus,
  instanceUrl,
  pickInstance,
  type Registration,
  type ServiceInstance,
  type ServiceRegistry,
} from "./registry/registry-client.ts";
export type { AttributeInput, AttributesInput } from "./trace/attributes.ts";
export { type BatchSettings, DEFAULT_BATCH, type ExportStats } from "./trace/batch-processor.ts";
export type { TimeInput } from "./trace/clock.ts";
export { DEFAULT_SPAN_LIMITS, type SpanLimits } from "./trace/limits.ts";
export {
  alwaysOff,
  alwaysOn,
  type ParentBasedSamplers,
  parentBased,
  ratio,
  type Sampler,
  type SamplingInput,
  type SamplingResult,
} from "./trace/sampler.ts";
export type { LinkInput, Span, SpanKindName, StatusName } from "./trace/span.ts";
export {
  childContext,
  fromW3cHeader,
  rootContext,
  type SpanContext,
  toB3Headers,
  toW3cHeader,
} from "./trace/span-context.ts";
export type { ParentInput, StartOptions, Tracer } from "./trace/tracer.ts";
export { createTracing, type Tracing, type TracingOptions } from "./trace/tracing.ts";
