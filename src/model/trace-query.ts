import type { AnyValue } from "./any-value.ts";
import type { SpanKind, StatusCode } from "./span.ts";
import type { TraceqlField, TraceqlLiteral, TraceqlQuery } from "./traceql.ts";

/**
 * The logical plan of a search: what TraceQL, Jaeger's and Zipkin's parameters compile to. A trace matches when at
 * least one of its spans satisfies `filter` and starts inside the time range; with `spansets` when at least one of the
 * spans that it leaves starts there. Results are ordered as `order` says, then newest trace start first, ties by trace
 * id, and the limit is applied after that order.
 */
export interface TraceQuery {
  /** With `spansets` what every span satisfies that these may leave: it finds candidates. */
  readonly filter: SpanFilter;
  /**
   * Asked of all spans of a trace, those outside of the time range included. The matched spans are those of the ones
   * that are left that start in the range.
   */
  readonly spansets?: TraceqlQuery["pipeline"];
  /**
   * Filters each of which also holds for some span of every trace that the pipeline lets through. They change no
   * answer: without a time range the one that leaves the fewest blocks finds the candidates.
   */
  readonly also?: readonly SpanFilter[];
  /** What to show of the matched spans, as `TraceSummary.spanSets`. */
  readonly show?: ShownSpans;
  /** Inclusive bounds on the start of the matching span, ns since the epoch. */
  readonly startMin?: bigint;
  readonly startMax?: bigint;
  /** Bounds on the duration of the whole trace (latest end − earliest start), ns. */
  readonly traceDurationMin?: bigint;
  readonly traceDurationMax?: bigint;
  /** Most traces to return; at least 1. */
  readonly limit: number;
  /** Absent: newest. Of any other order every match is looked at, as far as the time budget goes. */
  readonly order?: TraceOrder;
  /** Keyset paging: only traces that come after this one in the order. */
  readonly after?: TraceKey;
  /** Also count what matches but for its start, as `SearchResult.outside`. */
  readonly outside?: boolean;
  /** Also count all traces that match, whatever `limit` and `after`, as far as the time budget goes. */
  readonly count?: boolean;
}

/** By trace start; by duration of the whole trace, both ways; by failed spans and by spans, the most first. */
export const TRACE_ORDERS = ["newest", "longest", "shortest", "errors", "spans"] as const;
export type TraceOrder = (typeof TRACE_ORDERS)[number];

/** The place of a trace in an order. */
export interface TraceKey {
  /** ns since the epoch. */
  readonly start: bigint;
  readonly traceId: string;
  /** What the order goes by, the greatest first: present but for the newest first. */
  readonly weight?: bigint;
}

/** Levels of a filter below its first. */
export const MAX_FILTER_DEPTH = 64;

export type SpanFilter =
  | { readonly op: "all" }
  | { readonly op: "and" | "or"; readonly of: readonly SpanFilter[] }
  | { readonly op: "not"; readonly of: SpanFilter }
  | { readonly op: "compare"; readonly field: SpanField; readonly is: Comparison; readonly value: Literal }
  | { readonly op: "exists"; readonly field: SpanField }
  /** Some value of a left field compares so with some value of a right one, as `Literal` has types. */
  | {
      readonly op: "pair";
      readonly left: readonly SpanField[];
      readonly is: Exclude<Comparison, "=~" | "!~">;
      readonly right: readonly SpanField[];
    }
  /**
   * One value of the attribute holds all of the words, `adjacent`: one right after the other in this order, with
   * nothing but what is no word between them. Words are letters and digits, and their case says nothing; an empty list
   * of words holds for no value.
   */
  | {
      readonly op: "words";
      readonly field: AttributeField;
      readonly words: readonly string[];
      readonly adjacent: boolean;
    }
  /** One event, or one link, satisfies the filter: fields of that level are those of the one element. */
  | { readonly op: "some"; readonly level: ElementLevel; readonly where: SpanFilter };

/** What a span has several of. */
export type ElementLevel = "event" | "link";

/**
 * The key under which blooms know the trace ids of links: no attribute's, as a sender could only make it look likelier.
 */
export const LINK_TRACE_KEY = "link:traceID";

export type Comparison = "=" | "!=" | "=~" | "!~" | ">" | ">=" | "<" | "<=";

export type SpanField =
  /**
   * `duration` is ns as bigint; `root` is a boolean: the span has no parent; `linkTraceId` is the trace id of each of
   * the span's links, 32 lower-case hex digits. Spans that were stored before links were hashed may not be found by
   * `linkTraceId = …`. `eventName` is the name of each of its events. `traceId`, `spanId` and `parentSpanId` are the
   * ids as they are stored, 32 and 16 lower-case hex digits; a root has no parent. `startTime`, `endTime` and
   * `eventTime`, one of each event, are ns since the epoch as bigint, where they are times at all, and
   * `eventTimeSinceStart` is ns after the span's start, where both are. `linkSpanId` and `linkTraceState` are of each
   * link. Trace states and schema URLs exist where they are not empty.
   */
  | {
      readonly intrinsic:
        | "service"
        | "name"
        | "kind"
        | "status"
        | "duration"
        | "statusMessage"
        | "root"
        | "linkTraceId"
        | "eventName"
        | "traceId"
        | "spanId"
        | "parentSpanId"
        | "startTime"
        | "endTime"
        | "traceState"
        | "resourceSchemaUrl"
        | "scopeSchemaUrl"
        | "eventTime"
        | "eventTimeSinceStart"
        | "linkSpanId"
        | "linkTraceState";
    }
  | AttributeField;

export type AttributeField =
  /** `any` looks at span, resource, scope and event attributes, as Jaeger's tags do. */
  { readonly scope: "any" | "span" | "resource" | "instrumentation" | "event" | "link"; readonly key: string };

/**
 * `text` compares with the attribute's text whatever its type (Jaeger: `http.status_code=200` finds the integer).
 * The typed ones compare only with values of that type (ints and doubles with each other).
 */
export type Literal =
  | { readonly type: "text"; readonly value: string }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "int"; readonly value: bigint }
  | { readonly type: "double"; readonly value: number }
  | { readonly type: "bool"; readonly value: boolean }
  | { readonly type: "kind"; readonly value: SpanKind }
  | { readonly type: "status"; readonly value: StatusCode };

/** Which spans of a result are shown, and what of them. */
export interface ShownSpans {
  /** Most of each spanset, the earliest; at least 1. */
  readonly spansPerSet: number;
  readonly fields: readonly TraceqlField[];
  /** Told of the matched spans as a whole, as `TraceSummary.columns`. */
  readonly columns?: readonly TraceqlField[];
}

/** One trace as a result list shows it. Counts are of distinct spans (trace, span, kind). */
export interface TraceSummary {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** Where spans came under several ids that name this trace: all of them. */
  readonly storedIds?: readonly string[];
  /** Service and operation of the root span; of the earliest span where no root has arrived. */
  readonly rootService: string;
  readonly rootName: string;
  /** False where no span without parent is stored for the trace. */
  readonly hasRoot: boolean;
  /** ns since the epoch. */
  readonly start: bigint;
  readonly end: bigint;
  /** No span of it has a start and an end that make a duration (`makesDuration`): what lies between both is none. */
  readonly durationUnknown?: true;
  readonly spanCount: number;
  readonly errorCount: number;
  /** Spans whose parent is not in the trace. */
  readonly orphanCount: number;
  readonly services: readonly { readonly name: string; readonly spanCount: number; readonly errorCount: number }[];
  /** Up to 3 span ids (16 hex digits) that satisfy the filter, earliest first. */
  readonly matchedSpans: readonly string[];
  readonly matchedCount: number;
  /** Present where it was asked for: one, or what `by` stages made of it, by type and text of their values. */
  readonly spanSets?: readonly MatchedSpanset[];
  /** Of `ShownSpans.columns`, in their order: undefined where no matched span has the field. */
  readonly columns?: readonly (ColumnValue | undefined)[];
}

/** What the matched spans of a trace say under one field. */
export interface ColumnValue {
  /** Of the earliest span that has one. */
  readonly value: FieldValue;
  /** Other values that are among them; where there are very many at least so many. */
  readonly others: number;
}

export interface MatchedSpanset {
  /** The values of the `by` stages, in their order; undefined stands for spans without one. */
  readonly by: readonly (FieldValue | undefined)[];
  readonly matchedCount: number;
  /** Earliest first. */
  readonly spans: readonly MatchedSpanFields[];
  /** Fewer spans are shown than were asked for: the answer had grown too large. */
  readonly cut: boolean;
}

export interface MatchedSpanFields {
  /** 16 lower-case hex digits. */
  readonly spanId: string;
  readonly name: string;
  readonly service: string;
  /** ns since the epoch. */
  readonly start: bigint;
  /** ns; negative where the end is earlier, 0 where its times make no duration. */
  readonly duration: bigint;
  /** Of `ShownSpans.fields`, in their order: undefined where the span has none, the first where it has several. */
  readonly values: readonly (FieldValue | undefined)[];
}

/** Durations are `int`, ns, or `double`. */
export type FieldValue = AnyValue | Extract<TraceqlLiteral, { type: "status" | "kind" }>;

export interface SearchResult {
  readonly traces: readonly TraceSummary[];
  /** False where the time budget ended the search early, and where a part of what is stored could not be read. */
  readonly complete: boolean;
  /** Where not complete: why, one sentence without a full stop. */
  readonly reason?: string;
  /**
   * ns since the epoch; present where the time budget ended the search: everything at or after it was seen, but for
   * what could not be read. Of an order other than the newest first the traces are those of what was seen.
   */
  readonly searchedBackTo?: bigint;
  /** Present when more traces match than the limit gave: pass as `after`. */
  readonly next?: TraceKey;
  /** Present when it was asked for; where not `exact` at least so many traces match. */
  readonly total?: { readonly traces: number; readonly exact: boolean };
  /** Present when it was asked for, and the query has a time range and no condition on whole traces. */
  readonly outside?: OutsideMatches;
}

/**
 * Spans that satisfy the filter, were received in the time range, and began outside of it, more than some minutes from
 * their receipt: a clock is wrong, or somebody sends old spans. Where not `exact` there are at least so many.
 */
export interface OutsideMatches {
  readonly before: number;
  readonly after: number;
  readonly exact: boolean;
}

export interface Operation {
  readonly name: string;
  readonly kind: SpanKind;
}

/** Which calls between services are asked for: those whose child began in an hour that touches the range. */
export interface DependencyQuery {
  /** ms since the epoch. */
  readonly startMs: number;
  readonly endMs: number;
  /** Also how long the calls took. */
  readonly durations: boolean;
}

/**
 * Calls from one service to another. A call counts as many as the called span stands for by its sampling threshold, as
 * one where nobody stated any; sums are rounded.
 */
export interface DependencyLink {
  readonly parent: string;
  readonly child: string;
  readonly callCount: number;
  readonly errorCount: number;
  /** Quantiles of the durations of the called spans, within 2.2 %; absent where not asked for or not counted. */
  readonly p50Nano?: number;
  readonly p99Nano?: number;
}

export interface CallSeriesQuery {
  readonly parent: string;
  readonly child: string;
  /** ms since the epoch; 0 for the first that is stored. */
  readonly startMs: number;
  readonly endMs: number;
  /** At least 1. */
  readonly maxPoints: number;
}

/** The calls of a DependencyLink over time. Point i begins at startMs + i stepMs; steps are whole hours. */
export interface CallSeries {
  readonly startMs: number;
  readonly stepMs: number;
  readonly points: readonly CallPoint[];
}

export interface CallPoint {
  readonly callCount: number;
  readonly errorCount: number;
  /** Absent where there was no call, or none of which durations were counted. */
  readonly p99Nano?: number;
}
