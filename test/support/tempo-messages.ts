/**
 * What Tempo's JSON may hold: fields of its tempo.proto and the OpenTelemetry messages that it has, by protobuf's JSON.
 * Its Go clients refuse a field that they do not know.
 */
type Kind = "text" | "number" | "bool" | "uint64" | "bytes" | keyof typeof MESSAGES;
type Fields = Readonly<Record<string, string>>;

const MESSAGES = {
  SearchResponse: { traces: "[Trace]", metrics: "Metrics" },
  Trace: {
    traceID: "text",
    rootServiceName: "text",
    rootTraceName: "text",
    startTimeUnixNano: "uint64",
    durationMs: "number",
    spanSet: "SpanSet",
    spanSets: "[SpanSet]",
    serviceStats: "{ServiceStats}",
  },
  ServiceStats: { spanCount: "number", errorCount: "number" },
  SpanSet: { spans: "[FoundSpan]", matched: "number", attributes: "[KeyValue]" },
  FoundSpan: {
    spanID: "text",
    name: "text",
    startTimeUnixNano: "uint64",
    durationNanos: "uint64",
    attributes: "[KeyValue]",
  },
  KeyValue: { key: "text", value: "AnyValue" },
  AnyValue: {
    stringValue: "text",
    boolValue: "bool",
    intValue: "uint64",
    doubleValue: "double",
    arrayValue: "ArrayValue",
    kvlistValue: "KeyValueList",
    bytesValue: "bytes",
  },
  ArrayValue: { values: "[AnyValue]" },
  KeyValueList: { values: "[KeyValue]" },
  Metrics: { completedJobs: "number", totalJobs: "number" },
  TagNames: { tagNames: "[text]", metrics: "Metrics" },
  TagNamesV2: { scopes: "[Scope]", metrics: "Metrics" },
  Scope: { name: "text", tags: "[text]" },
  TagValues: { tagValues: "[text]", metrics: "Metrics" },
  TagValuesV2: { tagValues: "[TagValue]", metrics: "Metrics" },
  TagValue: { type: "text", value: "text" },
  QueryRange: { series: "[Series]", metrics: "Metrics", status: "text", message: "text" },
  Series: { labels: "[KeyValue]", samples: "[Sample]" },
  Sample: { timestampMs: "uint64", value: "double" },
  QueryInstant: { series: "[InstantSeries]", metrics: "Metrics", status: "text", message: "text" },
  InstantSeries: { labels: "[KeyValue]", value: "double" },
  TraceV1: { batches: "[ResourceSpans]" },
  TraceV2: { trace: "OtlpTrace", metrics: "None", status: "text", message: "text" },
  None: {},
  OtlpTrace: { resourceSpans: "[ResourceSpans]" },
  ResourceSpans: { resource: "Resource", scopeSpans: "[ScopeSpans]", schemaUrl: "text" },
  Resource: { attributes: "[KeyValue]", droppedAttributesCount: "number" },
  ScopeSpans: { scope: "InstrumentationScope", spans: "[Span]", schemaUrl: "text" },
  InstrumentationScope: {
    name: "text",
    version: "text",
    attributes: "[KeyValue]",
    droppedAttributesCount: "number",
  },
  Span: {
    traceId: "bytes",
    spanId: "bytes",
    traceState: "text",
    parentSpanId: "bytes",
    name: "text",
    kind: "text",
    startTimeUnixNano: "uint64",
    endTimeUnixNano: "uint64",
    attributes: "[KeyValue]",
    droppedAttributesCount: "number",
    events: "[Event]",
    droppedEventsCount: "number",
    links: "[Link]",
    droppedLinksCount: "number",
    status: "Status",
  },
  Event: { timeUnixNano: "uint64", name: "text", attributes: "[KeyValue]", droppedAttributesCount: "number" },
  Link: {
    traceId: "bytes",
    spanId: "bytes",
    traceState: "text",
    attributes: "[KeyValue]",
    droppedAttributesCount: "number",
  },
  Status: { message: "text", code: "text" },
} satisfies Readonly<Record<string, Fields>>;

export type TempoMessage = keyof typeof MESSAGES;

/** What is wrong with a message, with its place; empty for one that a strict client takes. */
export function faultsOf(message: TempoMessage, value: unknown): string[] {
  return check(message, value, message);
}

function check(kind: string, value: unknown, at: string): string[] {
  const many = /^([[{])(\w+)[\]}]$/.exec(kind);
  if (many !== null) {
    const [, bracket, of] = many as unknown as [string, string, string];
    if (bracket === "[" ? !Array.isArray(value) : !isObject(value)) return [`${at}: expected ${kind}`];
    const entries = Object.entries(value as object);
    if (entries.length === 0) return [`${at}: empty, which is left out`];
    return entries.flatMap(([key, one]) => check(of, one, `${at}.${key}`));
  }
  switch (kind as Kind | "double") {
    case "text":
      return typeof value === "string" ? [] : [`${at}: no text`];
    case "bool":
      return typeof value === "boolean" ? [] : [`${at}: no boolean`];
    case "number":
      return Number.isInteger(value) && value !== 0 ? [] : [`${at}: no number other than 0`];
    case "double":
      return typeof value === "number" || /^(?:NaN|-?Infinity)$/.test(String(value)) ? [] : [`${at}: no double`];
    case "uint64":
      return /^-?\d+$/.test(value as string) && typeof value === "string" ? [] : [`${at}: no number as text`];
    case "bytes":
      return typeof value === "string" && Buffer.from(value, "base64").toString("base64") === value
        ? []
        : [`${at}: no base64`];
    default: {
      if (!isObject(value)) return [`${at}: no message`];
      const fields: Fields = MESSAGES[kind as TempoMessage];
      return Object.entries(value).flatMap(([key, one]) =>
        Object.hasOwn(fields, key) ? check(fields[key] as string, one, `${at}.${key}`) : [`${at}.${key}: unknown`],
      );
    }
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
