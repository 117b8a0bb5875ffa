import type { AnyValue } from "../../model/any-value.ts";

/** The five types of a Jaeger tag (jaeger.thrift TagType, jaeger.api_v2.ValueType). */
export type JaegerValue = Extract<AnyValue, { type: "string" | "bool" | "int" | "double" | "bytes" }>;

export interface JaegerTag {
  readonly key: string;
  readonly value: JaegerValue;
}

export interface JaegerLog {
  readonly timeUnixNano: bigint;
  readonly fields: readonly JaegerTag[];
}

export interface JaegerReference {
  readonly type: "child_of" | "follows_from";
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits. */
  readonly spanId: string;
}

/**
 * A span as jaeger.api_v2.Span has it; thrift's parentSpanId is the first CHILD_OF reference here. Times are in ns,
 * which is what the protobuf form carries; thrift carries whole µs.
 */
export interface JaegerSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly operationName: string;
  readonly references: readonly JaegerReference[];
  /** Bit 0 sampled, bit 1 debug; bits 8 and 9 as in OTLP's flags. */
  readonly flags: number;
  readonly startTimeUnixNano: bigint;
  /** Never negative. */
  readonly durationNano: bigint;
  readonly tags: readonly JaegerTag[];
  readonly logs: readonly JaegerLog[];
}

export interface JaegerProcess {
  readonly serviceName: string;
  readonly tags: readonly JaegerTag[];
}

/** Spans of one process: one resource of OTLP. */
export interface JaegerBatch {
  readonly process: JaegerProcess;
  readonly spans: readonly JaegerSpan[];
}

/** Bits of JaegerSpan.flags. */
export const JAEGER_FLAG = { sampled: 1, debug: 2 } as const;

/** Bits of OTLP's span flags that keep their place in Jaeger's: W3C sampled, "remote is known", "parent is remote". */
export const SHARED_FLAGS = 0x301;

/** What Jaeger calls a process that gave no service name. */
export const MISSING_SERVICE = "missing-service-name";
