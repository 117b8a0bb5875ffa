/**
 * JSON answers of `/api/ui/…`, shared with the web UI; nothing here may need Node. 64-bit numbers are decimal strings,
 * times are ns since the Unix epoch, ids lower-case hex. The header `x-spanloom-incomplete` of an answer, columns and
 * downloads included, says why it may lack something.
 */

export type UiKind = "unspecified" | "internal" | "server" | "client" | "producer" | "consumer";
export type UiStatusCode = "unset" | "ok" | "error";

/** `int` is a decimal string, `bytes` base64, a double that JSON lacks `"NaN"`, `"Infinity"` or `"-Infinity"`. */
export type UiValue =
  | { readonly type: "string" | "int" | "bytes"; readonly value: string }
  | { readonly type: "bool"; readonly value: boolean }
  | { readonly type: "double"; readonly value: number | "NaN" | "Infinity" | "-Infinity" }
  | { readonly type: "array"; readonly value: readonly UiValue[] }
  | { readonly type: "kvlist"; readonly value: readonly UiAttribute[] }
  | { readonly type: "empty"; readonly value: null };

export type UiAttribute = { readonly key: string } & UiValue;

export interface UiEvent {
  readonly timeUnixNano: string;
  readonly name: string;
  readonly attributes: readonly UiAttribute[];
  readonly droppedAttributesCount: number;
}

export interface UiLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState: string;
  readonly flags: number;
  readonly attributes: readonly UiAttribute[];
  readonly droppedAttributesCount: number;
}

export interface UiSpanDetail {
  readonly traceId: string;
  readonly spanId: string;
  /** `""` for a root. */
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly flags: number;
  readonly service: string;
  readonly name: string;
  readonly kind: UiKind;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  /** End − start; may be negative. 0 where a time is impossible, which `marks` then says. */
  readonly durationNano: string;
  readonly status: { readonly code: UiStatusCode; readonly message: string };
  /**
   * What a failed span says about why: its status message, its last exception, `error.type`, or the status code of HTTP
   * or gRPC; empty where it says nothing.
   */
  readonly errorText: string;
  readonly attributes: readonly UiAttribute[];
  readonly droppedAttributesCount: number;
  readonly events: readonly UiEvent[];
  readonly droppedEventsCount: number;
  readonly links: readonly UiLink[];
  readonly droppedLinksCount: number;
  readonly resource: {
    readonly attributes: readonly UiAttribute[];
    readonly droppedAttributesCount: number;
    readonly schemaUrl: string;
  };
  readonly scope: {
    readonly name: string;
    readonly version: string;
    readonly attributes: readonly UiAttribute[];
    readonly droppedAttributesCount: number;
    readonly schemaUrl: string;
  };
  /** What the collector found wrong with the span, in words; empty for most. */
  readonly marks: readonly string[];
  /** The span alone as OTLP JSON: a TracesData object. */
  readonly otlp: unknown;
}

/** `GET /api/ui/traces/{id}/spans/{spanId}?kind=`: several where client and server share an id, in log order. */
export interface UiSpanResponse {
  readonly spans: readonly UiSpanDetail[];
}

/** `GET /api/ui/traces/{id}/search?q=`. */
export interface UiTraceSearchResponse {
  /** Rows of the trace's columns, ascending. */
  readonly rows: readonly number[];
  /** The span ids of those rows: rows move when spans arrive in between, ids do not. */
  readonly spanIds: readonly string[];
}

/**
 * `GET /api/ui/traces/{id}/spans/{spanId}/place`: whether what a link names is stored. It answers 200 for what is not,
 * too.
 */
export interface UiSpanPlace {
  /** Whether any span of the trace is stored. */
  readonly traceStored: boolean;
  /** Absent where the span is not stored. Of a client and a server that share the id, the one that came first. */
  readonly span?: { readonly service: string; readonly name: string };
}

/**
 * `GET /api/ui/traces/{id}/linked-from`: spans of any stored trace that link to this one, newest trace first; a span
 * once for each span it links to. Empty where the trace is unknown.
 */
export interface UiLinkedFromResponse {
  readonly spans: readonly {
    readonly traceId: string;
    readonly spanId: string;
    readonly service: string;
    readonly name: string;
    readonly startTimeUnixNano: string;
    readonly toSpanId: string;
  }[];
  /** False where there may be more. */
  readonly complete: boolean;
}

/**
 * How long spans of an operation took in the day before the trace, ns; where fewer than 50 were seen then, in the day
 * after it too. Of at least 50.
 */
export interface UiUsual {
  readonly service: string;
  readonly name: string;
  readonly kind: UiKind;
  readonly samples: number;
  readonly medianNano: number;
  readonly p95Nano: number;
  readonly p99Nano: number;
}

interface UiPlace {
  readonly spanId: string;
  readonly kind: UiKind;
}

/** `GET /api/ui/traces/{id}/verdict`. Parts are absent where there is nothing to say. Texts are sentences. */
export interface UiVerdict {
  /** Absent where it has not arrived. `usually`: a sentence, where that is known. */
  readonly root?: UiPlace & { readonly text: string; readonly durationNano: number; readonly usually?: string };
  /** From the earliest start to the latest end, as lists have it; absent where it is unknown. */
  readonly traceDurationNano?: number;
  readonly slow?: {
    readonly text: string;
    /** Of the root, ns. */
    readonly durationNano: number;
    readonly usualNano: number;
    readonly p95Nano: number;
    readonly samples: number;
    /** Where most of the excess over the usual went; `nano` of the critical path, in so many calls together. */
    readonly blame?: UiPlace & { readonly text: string; readonly nano: number; readonly calls: number };
  };
  readonly failed?: UiPlace & { readonly text: string; readonly count: number; readonly recovered: boolean };
  /** Many calls of one operation below one span: N+1, or tries of what failed. */
  readonly repeated?: UiPlace & {
    readonly text: string;
    readonly calls: number;
    readonly nano: number;
    readonly share: number;
  };
  /** Why nothing is said of the duration. */
  readonly silent?: string;
  /** Spans have just come, and more may. */
  readonly growing: boolean;
  /** What the word on its duration waits for, where it may be said within a minute: ask again. */
  readonly waits?: "spans" | "usual";
  /** Of the operations of the trace's services. */
  readonly usual: readonly UiUsual[];
}

/** Where a trace went wrong first: the earliest failed span below which nothing failed. */
export interface UiFirstError {
  readonly spanId: string;
  readonly service: string;
  readonly name: string;
  /** Its `errorText` on one line of at most 200 characters. */
  readonly text: string;
}

export interface UiTraceSummary {
  readonly traceId: string;
  readonly rootService: string;
  readonly rootName: string;
  /** False where no span without parent is stored for the trace. */
  readonly hasRoot: boolean;
  /** Of the times that can be believed; 0 where none can. */
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  /** The trace duration: latest end − earliest start; 0 where it is unknown. The root's may be shorter. */
  readonly durationNano: string;
  /** Present where no span has both a start and an end that can be believed. */
  readonly durationUnknown?: true;
  readonly spanCount: number;
  readonly errorCount: number;
  readonly orphanCount: number;
  readonly services: readonly { readonly name: string; readonly spanCount: number; readonly errorCount: number }[];
  /** Up to 3 span ids that satisfy the search, earliest first. */
  readonly matchedSpans: readonly string[];
  readonly matchedCount: number;
  /** Absent without errors, and where it was not read. */
  readonly firstError?: UiFirstError;
  /**
   * Why a trace with errors comes without its first one: the answer's time for reading them was up, or the trace has
   * more spans than are read for a row of a list.
   */
  readonly firstErrorUnread?: "time" | "size";
  /** Where the query has `select(…)`: the matched spans, as one set, or as one for each value of its `by(…)`. */
  readonly spanSets?: readonly UiSpanset[];
  /**
   * Where the search has `columns`: of each of its fields, in their order, the value of the earliest matched span that
   * has one, and how many other values are among them. Null where no matched span has the field.
   */
  readonly columns?: readonly ({ readonly value: UiValue; readonly others: number } | null)[];
}

export interface UiSpanset {
  /** Values of the `by(…)` stages, in their order; null stands for spans without one. */
  readonly by: readonly (UiValue | null)[];
  readonly matchedCount: number;
  /** Earliest first, up to `spansPerSet` (3). */
  readonly spans: readonly UiShownSpan[];
  /** Fewer spans are shown than were asked for: the answer had grown too large. */
  readonly cut: boolean;
}

export interface UiShownSpan {
  readonly spanId: string;
  readonly name: string;
  readonly service: string;
  readonly startTimeUnixNano: string;
  /** Negative where the end is earlier. */
  readonly durationNano: string;
  /** What `select(…)` names, by its name; without those that the span does not have. Durations are numbers of ns. */
  readonly fields: Readonly<Record<string, UiValue>>;
}

/** `GET /api/ui/search`. */
export interface UiSearchResponse {
  /** Newest trace start first. */
  readonly traces: readonly UiTraceSummary[];
  /** False where the time budget ended the search early, and where a part of what is stored could not be read. */
  readonly complete: boolean;
  /** Where not complete: why, one sentence without a full stop. */
  readonly reason?: string;
  /** Where the time budget ended it: everything at or after this time was searched. */
  readonly searchedBackToUnixNano?: string;
  /** Where more traces match: pass as `after`. */
  readonly next?: string;
  /** With `count=true`: all traces that match, on any page; where not exact at least so many. */
  readonly total?: { readonly traces: number; readonly exact: boolean };
  /**
   * On the first page of a search with a time range: spans that match, were received in it, and began before or after
   * it, as a wrong clock or a replay makes them. Where not exact at least so many.
   */
  readonly outside?: { readonly before: number; readonly after: number; readonly exact: boolean };
}

/**
 * `GET /api/ui/heatmap?columns=&rows=` with the conditions of a search: all traces that match, by start and duration of
 * the whole trace.
 */
export interface UiHeatMap {
  /** Equal steps of time from start to end. What lies outside is in the first or the last column. */
  readonly startUnixNano: string;
  readonly endUnixNano: string;
  readonly columns: number;
  /** Equal steps of the logarithm from least to most, powers of ten; what is shorter is in row 0, the lowest. */
  readonly leastNano: number;
  readonly mostNano: number;
  readonly rows: number;
  /** Column, row, traces there, and those of them with a failed span. */
  readonly cells: readonly (readonly [column: number, row: number, traces: number, failed: number])[];
  readonly traces: number;
  readonly failed: number;
  /** False where it lacks what was not looked at in time, and what could not be read. */
  readonly complete: boolean;
  readonly reason?: string;
  readonly searchedBackToUnixNano?: string;
}

/** A step of the view behind `GET /api/live`. */
export interface UiLiveStep {
  readonly cursor: string;
  readonly traces: readonly (UiTraceSummary & { readonly newSpans: number })[];
  readonly skippedSpans: number;
  readonly more: boolean;
  readonly reason?: string;
}

/** A line, or a server-sent event, of `GET /api/live`. Cursors are for `after`. */
export type UiLiveLine =
  /** First: what is stored after this line came is told of. */
  | { readonly type: "start"; readonly cursor: string }
  /** The trace as it is now; `newSpans` have just come, all of it where it is new. */
  | { readonly type: "trace"; readonly newSpans: number; readonly trace: UiTraceSummary }
  /**
   * After traces, and every few seconds while there are none: everything up to the cursor was told of, but for
   * `skippedSpans`, which came faster than they were taken, and what could not be read for that `reason`.
   */
  | { readonly type: "state"; readonly cursor: string; readonly skippedSpans: number; readonly reason?: string };

/** `GET /api/ui/services`, sorted by name. */
export interface UiServicesResponse {
  readonly services: readonly {
    readonly name: string;
    /** Says how the service looks, as `TraceReader.servicePlaces`; absent where the store keeps none. */
    readonly place?: number;
    readonly operations: readonly { readonly name: string; readonly kind: UiKind }[];
  }[];
  /** Where a part of what is stored could not be read: why some may be missing. */
  readonly reason?: string;
}

/** `GET /api/ui/dependencies?start&end`, times in ms since the epoch. */
export interface UiDependenciesResponse {
  readonly startMs: number;
  readonly endMs: number;
  readonly links: readonly {
    readonly parent: string;
    readonly child: string;
    readonly callCount: number;
    readonly errorCount: number;
    /** Of the called spans, within 2.2 %; absent for calls that older versions counted. */
    readonly p50Nano?: number;
    readonly p99Nano?: number;
  }[];
}

/**
 * `GET /api/ui/red?start&end&step&service&kind`, times in ms since the epoch: what services did over time. Point i
 * begins at startMs + i stepMs.
 */
export interface UiRedResponse {
  readonly startMs: number;
  readonly endMs: number;
  /** Until when calls are counted: the end of the last point, or now, where that is before. Rates are of this time. */
  readonly coveredEndMs: number;
  readonly stepMs: number;
  readonly points: number;
  /** Sorted by name; of spans by which others call the service, or of all where it has none such. */
  readonly services: readonly UiRedSeries[];
  /** Where a service was asked for, its operations, each kind by itself; else empty. */
  readonly operations: readonly UiRedSeries[];
}

export interface UiRedSeries {
  readonly service: string;
  readonly operation?: string;
  /** The span kinds that are summed here. */
  readonly kinds: readonly UiKind[];
  /** Scaled by sampling, so fractions occur. */
  readonly calls: number;
  readonly errors: number;
  readonly ratePerSecond: number;
  /** 0 to 1. */
  readonly errorRatio: number;
  /** Stored spans, and those of them whose sampling is not known, which count as one call each. */
  readonly spans: number;
  readonly unscaledSpans: number;
  /** Quantiles of durations, within 2.2 %; null where nothing was called. */
  readonly p50Nano: number | null;
  readonly p95Nano: number | null;
  readonly p99Nano: number | null;
  /** One value a point. */
  readonly series: {
    readonly calls: readonly number[];
    readonly errors: readonly number[];
    readonly p50Nano: readonly (number | null)[];
    readonly p95Nano: readonly (number | null)[];
    readonly p99Nano: readonly (number | null)[];
  };
}

/** Body of every answer that is not 2xx. */
export interface UiErrorResponse {
  readonly error: { readonly code: string; readonly message: string };
}
