/** How much of a span is stored. What is beyond is dropped, counted on the span, and the span is marked. */
export interface SpanLimits {
  /** Most attributes of one span, event, link, resource or scope. */
  readonly maxAttributes: number;
  /** Most bytes of one attribute value: a string, bytes, or a list as a whole. */
  readonly maxValueBytes: number;
  /** Deepest nesting of attribute values. */
  readonly maxDepth: number;
  /** Most events of one span. */
  readonly maxEvents: number;
  /** Most links of one span. */
  readonly maxLinks: number;
  /** Most bytes of a name: of a service, span, event, scope or attribute, and of a version or schema URL. */
  readonly maxNameBytes: number;
}

export const DEFAULT_SPAN_LIMITS: SpanLimits = {
  maxAttributes: 1_024,
  maxValueBytes: 1 << 20,
  maxDepth: 64,
  maxEvents: 4_096,
  maxLinks: 4_096,
  maxNameBytes: 4_096,
};

/** For spans that were stored, under whatever limits held then. */
export const NO_SPAN_LIMITS: SpanLimits = {
  maxAttributes: Number.POSITIVE_INFINITY,
  maxValueBytes: Number.POSITIVE_INFINITY,
  maxDepth: DEFAULT_SPAN_LIMITS.maxDepth,
  maxEvents: Number.POSITIVE_INFINITY,
  maxLinks: Number.POSITIVE_INFINITY,
  maxNameBytes: Number.POSITIVE_INFINITY,
};
