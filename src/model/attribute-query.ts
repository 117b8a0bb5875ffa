import type { AnyValue } from "./any-value.ts";
import type { FieldValue, SpanFilter, TraceQuery } from "./trace-query.ts";
import type { TraceqlField } from "./traceql.ts";

export type KeyScope = "resource" | "instrumentation" | "span" | "event" | "link";

/** Where names and values are looked for: the newest spans first, as far as `budgetMs` goes. */
export interface AttributeRange {
  /** Inclusive bounds on the start of the spans, ns since the epoch. */
  readonly startMin?: bigint;
  readonly startMax?: bigint;
  /** Most names or values to return; at least 1. */
  readonly limit: number;
  /** Time to look, ms; by default that of completion while somebody types. */
  readonly budgetMs?: number;
}

export interface AttributeNamesQuery extends AttributeRange {
  /** Only names of spans that satisfy it. */
  readonly filter?: SpanFilter;
  /** Only names of these, or of all. */
  readonly scopes?: readonly KeyScope[];
}

export interface AttributeValuesQuery extends AttributeRange {
  readonly field: TraceqlField;
  /** Of texts, numbers and booleans only those in which this stands, whatever the case of its letters. */
  readonly text?: string;
  /** Only values of spans that satisfy it. */
  readonly filter?: SpanFilter;
}

/** How far an answer goes. Counts are of the spans that were looked at, a span that was stored twice as two. */
export interface LookedAt {
  readonly spans: number;
  /** ns since the epoch: all spans of the range that start at or after it were looked at; absent where all were. */
  readonly backTo?: bigint;
  /** False where there may be more: time or the limit ended it, or a part of what is stored cannot be read. */
  readonly complete: boolean;
  /** Where not complete: why, one sentence without a full stop. */
  readonly reason?: string;
}

export interface AttributeNames extends LookedAt {
  /** Most spans first, ties by scope and key. */
  readonly names: readonly { readonly scope: KeyScope; readonly key: string; readonly spans: number }[];
}

export interface AttributeValues extends LookedAt {
  /** Most spans first, ties by type and text. */
  readonly values: readonly { readonly value: FieldValue; readonly spans: number }[];
}

/** Of `intrinsic` the keys are `name`, `kind` and `status`. */
export type FacetScope = "intrinsic" | "span" | "resource";

/** What the spans that match a query say: of all traces of the query, whatever its limit, order and page. */
export interface FacetQuery {
  readonly query: TraceQuery;
  /** Only this one, with more of its values told apart. */
  readonly only?: { readonly scope: FacetScope; readonly key: string };
  /** Most keys, and most values of each; at least 1. */
  readonly keys: number;
  readonly values: number;
  /** What is not looked at by then is left out, and said; ms. */
  readonly budgetMs: number;
}

export interface Facets {
  /** What tells traces apart first: keys of a few values, of many, of one; then by traces, scope and key. */
  readonly facets: readonly Facet[];
  /** That were looked at, with a span that matches: what all counts are of. */
  readonly traces: number;
  /** As in SearchResult; false too where there are more attributes than are told apart. */
  readonly complete: boolean;
  readonly reason?: string;
  readonly searchedBackTo?: bigint;
}

/** Counts are traces with a matching span that has the key, or the value under it: its first, where it has several. */
export interface Facet {
  readonly scope: FacetScope;
  readonly key: string;
  readonly traces: number;
  /** Most traces first, ties by type and text. A number is one value whether it came as an integer or a double. */
  readonly values: readonly { readonly value: FieldValue; readonly traces: number }[];
  /** Values that were told apart, those that no comparison finds (arrays, bytes) not among them. */
  readonly distinct: number;
  /** False where some value was not told apart, for there are too many or it is long: one of them may be frequent. */
  readonly exact: boolean;
}

/**
 * Some traces of a search and the others of the same search: what attributes do the ones have more often? A trace has
 * an attribute where one of its spans has it, or their resource.
 */
export interface SelectionQuery {
  /** All traces that are weighed; its limit, order and page mean nothing here. */
  readonly query: TraceQuery;
  /** Of those the selected ones are what this finds, too; absent: all of them. Limit, order and page mean nothing. */
  readonly selected?: TraceQuery;
  /** Only traces with a failed span are selected. */
  readonly failed: boolean;
  /** What is not counted by then is not counted: what was is a sample; ms. */
  readonly budgetMs: number;
}

export interface SelectionCounts {
  readonly selected: GroupCount;
  readonly rest: GroupCount;
  /** Spans whose attributes were counted. */
  readonly spans: number;
  /** What at least two traces have; in no order. */
  readonly values: readonly WeighedAttribute[];
  /** Distinct attributes that were told apart. */
  readonly distinct: number;
  /** Attributes with so many values that rare ones could not be told apart. */
  readonly crowded: readonly Pick<WeighedAttribute, "scope" | "key">[];
  /** As in SearchResult: of the search for the traces. */
  readonly complete: boolean;
  readonly reason?: string;
  readonly searchedBackTo?: bigint;
}

/** Traces of one side of the scales. */
export interface GroupCount {
  readonly found: number;
  /** As many where all of them were counted, else a sample: blocks of the log in no order. */
  readonly counted: number;
}

export interface WeighedAttribute {
  /** `intrinsic` is the name of a span, under the key `name`. */
  readonly scope: "span" | "resource" | "intrinsic";
  readonly key: string;
  /** Absent: any value, so that the key is there. */
  readonly value?: AnyValue;
  /** Only on spans of this service; such are told beside the value on any span where several services have it. */
  readonly service?: string;
  /** Traces of each side that have it, of those counted. */
  readonly selected: number;
  readonly rest: number;
  /** Up to so many more may have it. */
  readonly missed: number;
  /** Values of its key that were told apart. */
  readonly distinct: number;
  /** Two that have the same number are of the same traces, but for chance. */
  readonly traces: number;
}
