/** Limits on what one span keeps; what is beyond is counted as dropped (OpenTelemetry specification, "Span limits"). */
export interface SpanLimits {
  readonly attributes: number;
  readonly events: number;
  readonly links: number;
  readonly attributesPerEvent: number;
  readonly attributesPerLink: number;
  /** UTF-16 units of a string value, bytes of a bytes value. */
  readonly valueLength: number;
}

export const DEFAULT_SPAN_LIMITS: SpanLimits = {
  attributes: 128,
  events: 128,
  links: 128,
  attributesPerEvent: 128,
  attributesPerLink: 128,
  valueLength: Number.POSITIVE_INFINITY,
};
