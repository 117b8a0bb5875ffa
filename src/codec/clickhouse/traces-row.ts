/** Pairs in order, as ClickHouse's Map keeps them. */
export type TextMap = readonly (readonly [key: string, value: string])[];

export interface TracesRowEvent {
  /** ns since the epoch. */
  readonly timestamp: bigint;
  readonly name: string;
  readonly attributes: TextMap;
}

export interface TracesRowLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState: string;
  readonly attributes: TextMap;
}

/** A row of `otel_traces`, the table of the OpenTelemetry Collector's ClickHouse exporter: one span. */
export interface TracesRow {
  /** Start, ns since the epoch; 0 to MAX_ROW_TIME. */
  readonly timestamp: bigint;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for a root. */
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly spanName: string;
  /** `Unspecified`, `Internal`, `Server`, `Client`, `Producer`, `Consumer`. */
  readonly spanKind: string;
  /** Empty where the resource names none. */
  readonly serviceName: string;
  readonly resourceAttributes: TextMap;
  readonly scopeName: string;
  readonly scopeVersion: string;
  readonly spanAttributes: TextMap;
  /** ns. */
  readonly duration: bigint;
  /** `Unset`, `Ok`, `Error`. */
  readonly statusCode: string;
  readonly statusMessage: string;
  readonly events: readonly TracesRowEvent[];
  readonly links: readonly TracesRowLink[];
  /** JSON of what the other columns cannot say (codec/mapping/span-residue.ts); empty where they say all. */
  readonly otlp: string;
}

/** The last second that a DateTime knows, ns since the epoch: the table sorts by it, and keeps traces' times in it. */
export const MAX_ROW_TIME = 4_294_967_295_000_000_000n;

/** Column of our own tables for `TracesRow.otlp`. Tables of others have it among the span's attributes. */
export const OTLP_COLUMN = "SpanloomOtlp";

/** Columns of the Collector's table, in the order in which rowJson writes them. */
export const TRACES_COLUMNS = [
  "Timestamp",
  "TraceId",
  "SpanId",
  "ParentSpanId",
  "TraceState",
  "SpanName",
  "SpanKind",
  "ServiceName",
  "ResourceAttributes",
  "ScopeName",
  "ScopeVersion",
  "SpanAttributes",
  "Duration",
  "StatusCode",
  "StatusMessage",
  "Events.Timestamp",
  "Events.Name",
  "Events.Attributes",
  "Links.TraceId",
  "Links.SpanId",
  "Links.TraceState",
  "Links.Attributes",
] as const;

/**
 * The row as a line of ClickHouse's JSONEachRow, without a line break. Times are unix seconds with nine decimals, which
 * no time zone of a server moves.
 * @param place where `otlp` goes: its column, or else an attribute of the span
 */
export function rowJson(row: TracesRow, place: { readonly column: string } | { readonly attribute: string }): string {
  const { events, links, otlp } = row;
  const inColumn = "column" in place;
  const attributes: TextMap =
    inColumn || otlp === "" ? row.spanAttributes : [...row.spanAttributes, [place.attribute, otlp]];
  const values = [
    timeJson(row.timestamp),
    JSON.stringify(row.traceId),
    JSON.stringify(row.spanId),
    JSON.stringify(row.parentSpanId),
    JSON.stringify(row.traceState),
    JSON.stringify(row.spanName),
    JSON.stringify(row.spanKind),
    JSON.stringify(row.serviceName),
    mapJson(row.resourceAttributes),
    JSON.stringify(row.scopeName),
    JSON.stringify(row.scopeVersion),
    mapJson(attributes),
    String(row.duration),
    JSON.stringify(row.statusCode),
    JSON.stringify(row.statusMessage),
    listJson(events, ({ timestamp }) => timeJson(timestamp)),
    listJson(events, ({ name }) => JSON.stringify(name)),
    listJson(events, (event) => mapJson(event.attributes)),
    listJson(links, ({ traceId }) => JSON.stringify(traceId)),
    listJson(links, ({ spanId }) => JSON.stringify(spanId)),
    listJson(links, ({ traceState }) => JSON.stringify(traceState)),
    listJson(links, (link) => mapJson(link.attributes)),
  ];
  let json = "{";
  for (const [index, column] of TRACES_COLUMNS.entries())
    json += `${index === 0 ? "" : ","}"${column}":${values[index]}`;
  return inColumn ? `${json},"${place.column}":${JSON.stringify(otlp)}}` : `${json}}`;
}

function timeJson(nanos: bigint): string {
  const seconds = (nanos / 1_000_000_000n).toString().padStart(10, "0");
  return `"${seconds}.${(nanos % 1_000_000_000n).toString().padStart(9, "0")}"`;
}

function listJson<T>(list: readonly T[], json: (item: T) => string): string {
  return `[${list.map(json).join(",")}]`;
}

function mapJson(map: TextMap): string {
  let json = "{";
  for (const [key, value] of map) json += `${json === "{" ? "" : ","}${JSON.stringify(key)}:${JSON.stringify(value)}`;
  return `${json}}`;
}
