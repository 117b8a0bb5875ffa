/** Reasons for which a span is refused: fixed texts, as metrics are labelled with them. */
export const REFUSED = {
  traceEmpty: "trace id is empty",
  traceZero: "trace id is all zero",
  traceLong: "trace id is longer than 16 bytes",
  traceNoHex: "trace id is no hex",
  traceBase64: "trace id is base64 where hex is expected",
  traceType: "trace id has the wrong type",
  spanEmpty: "span id is empty",
  spanZero: "span id is all zero",
  spanLong: "span id is longer than 8 bytes",
  spanNoHex: "span id is no hex",
  spanBase64: "span id is base64 where hex is expected",
  spanType: "span id has the wrong type",
  time: "start or end time is unreadable",
  list: "a list is none",
  unreadable: "the span is unreadable",
} as const;
export type Refused = (typeof REFUSED)[keyof typeof REFUSED];

export interface IdKind {
  readonly bytes: number;
  readonly empty: Refused;
  readonly zero: Refused;
  readonly long: Refused;
  readonly noHex: Refused;
  readonly base64: Refused;
  readonly type: Refused;
}

export const TRACE_ID: IdKind = {
  bytes: 16,
  empty: REFUSED.traceEmpty,
  zero: REFUSED.traceZero,
  long: REFUSED.traceLong,
  noHex: REFUSED.traceNoHex,
  base64: REFUSED.traceBase64,
  type: REFUSED.traceType,
};

export const SPAN_ID: IdKind = {
  bytes: 8,
  empty: REFUSED.spanEmpty,
  zero: REFUSED.spanZero,
  long: REFUSED.spanLong,
  noHex: REFUSED.spanNoHex,
  base64: REFUSED.spanBase64,
  type: REFUSED.spanType,
};
