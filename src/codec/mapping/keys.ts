/**
 * Tags under which formats without a place for them carry fields of OTLP: OpenTelemetry specification, "Mapping to
 * non-OTLP formats" and "OpenTelemetry to Zipkin transformation"; OpenTracing's semantic conventions for the others.
 */
export const TAG = {
  spanKind: "span.kind",
  statusCode: "otel.status_code",
  statusDescription: "otel.status_description",
  error: "error",
  scopeName: "otel.scope.name",
  scopeVersion: "otel.scope.version",
  libraryName: "otel.library.name",
  libraryVersion: "otel.library.version",
  traceState: "w3c.tracestate",
  droppedAttributes: "otel.dropped_attributes_count",
  droppedEvents: "otel.dropped_events_count",
  droppedLinks: "otel.dropped_links_count",
  event: "event",
  refType: "opentracing.ref_type",
  samplingPriority: "sampling.priority",
  httpStatusMessage: "http.status_message",
  serviceName: "service.name",
  hostName: "host.name",
  jaegerHostName: "hostname",
  zipkinShared: "zipkin.shared",
} as const;

/** The name of a status code in `otel.status_code`; unset has none. */
export const STATUS_NAMES = [undefined, "OK", "ERROR"] as const;
