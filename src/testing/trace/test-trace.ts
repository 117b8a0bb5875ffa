/** A value of an attribute. Integers that a number cannot hold exactly are bigint; an empty value is null. */
export type TestValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | Uint8Array
  | readonly TestValue[]
  | { readonly [key: string]: TestValue };
export type TestAttributes = { readonly [key: string]: TestValue };

export type TestSpanKind = "unspecified" | "internal" | "server" | "client" | "producer" | "consumer";
export type TestSpanStatus = "unset" | "ok" | "error";

/** A span as tests look at it: plain data. */
export interface TestSpan {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits. */
  readonly spanId: string;
  /** 16 lower-case hex digits, or `""` for a root. */
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly name: string;
  readonly kind: TestSpanKind;
  /** `service.name` of the resource, or `unknown_service`. */
  readonly service: string;
  readonly status: TestSpanStatus;
  readonly statusMessage: string;
  /** ns since the epoch, decimal digits as in OTLP JSON: a number does not hold them. */
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  /** Negative where the end is before the start. */
  readonly durationMs: number;
  readonly attributes: TestAttributes;
  /** The attributes of the resource. */
  readonly resource: TestAttributes;
  readonly scope: { readonly name: string; readonly version: string };
  readonly events: readonly TestEvent[];
  readonly links: readonly TestLink[];
}

export interface TestEvent {
  readonly name: string;
  readonly timeUnixNano: string;
  readonly attributes: TestAttributes;
}

export interface TestLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly attributes: TestAttributes;
}

export interface TestTrace {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** Parents before their children, children by start. */
  readonly spans: readonly TestSpan[];
  /** The earliest span without a parent; undefined where none has arrived. */
  readonly root: TestSpan | undefined;
  /** Ids of parents that spans name and that have not arrived. */
  readonly missingParents: readonly string[];
}
