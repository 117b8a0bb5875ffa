import type { FieldValue, SpanFilter } from "./trace-query.ts";
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
