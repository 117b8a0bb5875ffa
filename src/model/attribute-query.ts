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
