import type { Attributes } from "./any-value.ts";

/** opentelemetry.proto.trace.v1.Span.SpanKind. */
export const SPAN_KIND = { unspecified: 0, internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const;
export type SpanKind = (typeof SPAN_KIND)[keyof typeof SPAN_KIND];
export const SPAN_KIND_NAMES = ["unspecified", "internal", "server", "client", "producer", "consumer"] as const;

/** opentelemetry.proto.trace.v1.Status.StatusCode. */
export const STATUS_CODE = { unset: 0, ok: 1, error: 2 } as const;
export type StatusCode = (typeof STATUS_CODE)[keyof typeof STATUS_CODE];

/** What the store says of a span beside its bytes; bits of `SpanColumns.marks`. */
export const SPAN_MARK = {
  /** end < start */
  negativeDuration: 1,
  /** start or end is 0, or later than 2200-01-01 */
  impossibleTime: 2,
  /** kind is none of the six the standard knows; read as unspecified */
  unknownKind: 4,
  /** something was changed on the way in: a value of the wrong type, invalid UTF-8, a short id, a limit */
  mended: 8,
  /** the resource had no `service.name` */
  serviceDefaulted: 16,
} as const;

/** Service of spans whose resource names none (OpenTelemetry resource semantic conventions). */
export const DEFAULT_SERVICE = "unknown_service";

export interface Resource {
  readonly attributes: Attributes;
  readonly droppedAttributesCount: number;
  /** opentelemetry.proto.common.v1.EntityRef messages, kept as received. */
  readonly entityRefs: readonly Uint8Array[];
}

export interface Scope {
  readonly name: string;
  readonly version: string;
  readonly attributes: Attributes;
  readonly droppedAttributesCount: number;
}

export interface SpanEvent {
  readonly timeUnixNano: bigint;
  readonly name: string;
  readonly attributes: Attributes;
  readonly droppedAttributesCount: number;
}

export interface SpanLink {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits. */
  readonly spanId: string;
  readonly traceState: string;
  readonly attributes: Attributes;
  readonly droppedAttributesCount: number;
  readonly flags: number;
}

export interface Span {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits. */
  readonly spanId: string;
  /** 16 lower-case hex digits, or `""` for a root. */
  readonly parentSpanId: string;
  readonly traceState: string;
  /** Bits 0–7 W3C trace flags, bit 8 "remote is known", bit 9 "parent is remote". */
  readonly flags: number;
  readonly name: string;
  readonly kind: SpanKind;
  readonly startTimeUnixNano: bigint;
  readonly endTimeUnixNano: bigint;
  readonly attributes: Attributes;
  readonly droppedAttributesCount: number;
  readonly events: readonly SpanEvent[];
  readonly droppedEventsCount: number;
  readonly links: readonly SpanLink[];
  readonly droppedLinksCount: number;
  readonly status: { readonly code: StatusCode; readonly message: string };
}

export interface ScopeSpans {
  readonly scope: Scope;
  readonly schemaUrl: string;
  readonly spans: readonly Span[];
}

export interface ResourceSpans {
  readonly resource: Resource;
  readonly schemaUrl: string;
  readonly scopeSpans: readonly ScopeSpans[];
}

/** opentelemetry.proto.trace.v1.TracesData as objects. For the slow paths; the hot path works on SpanColumns. */
export type TracesData = readonly ResourceSpans[];

/** One span with all that it belongs to: what mappings to other formats take. */
export interface SpanRecord {
  readonly span: Span;
  readonly resource: Resource;
  readonly resourceSchemaUrl: string;
  readonly scope: Scope;
  readonly scopeSchemaUrl: string;
  /** `service.name`, or DEFAULT_SERVICE. */
  readonly service: string;
  /** Bits of SPAN_MARK. */
  readonly marks: number;
}
