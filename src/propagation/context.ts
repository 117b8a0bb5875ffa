/** What identifies a span across process boundaries (W3C Trace Context level 2, §3.2 and §3.3). */
export interface TraceContext {
  /** 32 lower-case hex digits, not all zero. */
  readonly traceId: string;
  /** 16 lower-case hex digits, not all zero. */
  readonly spanId: string;
  /** Bits of TRACE_FLAG; other bits are zero. */
  readonly flags: number;
  /** A valid `tracestate` value, or `""`. */
  readonly traceState: string;
}

/** Bits of the W3C trace flags that level 2 defines. */
export const TRACE_FLAG = { sampled: 1, random: 2 } as const;

/** All bits of TRACE_FLAG; the others are zeroed on the way in and out. */
export const KNOWN_TRACE_FLAGS = TRACE_FLAG.sampled | TRACE_FLAG.random;

/**
 * What the caller decided about recording. `defer`: it left the decision to us (B3 without a sampling state);
 * `debug`: keep, whatever samplers say (B3 `d`, Jaeger's debug flag).
 */
export type SamplingDecision = "defer" | "drop" | "keep" | "debug";

/** One member of W3C Baggage. */
export interface BaggageEntry {
  /** An HTTP token. */
  readonly key: string;
  /** Decoded text. */
  readonly value: string;
  /** Properties after the first `;` as received, `""` for none. */
  readonly metadata: string;
}

/** Unique keys, in order of appearance. */
export type Baggage = readonly BaggageEntry[];

/** All that a set of headers says about the trace that a request belongs to. */
export interface Propagated {
  /** The caller's span; undefined when the headers name none that is valid. */
  readonly span: TraceContext | undefined;
  /** May be other than `defer` without a span: `b3: 0` alone says not to record. */
  readonly sampling: SamplingDecision;
  readonly baggage: Baggage;
}

export const NOTHING_PROPAGATED: Propagated = { span: undefined, sampling: "defer", baggage: [] };

/** The decision that the sampled bit of a span's flags states. */
export function decisionOf(flags: number): SamplingDecision {
  return (flags & TRACE_FLAG.sampled) === 0 ? "drop" : "keep";
}

/** One format on the wire. Both directions are pure and neither throws, whatever it is given. */
export interface Propagator {
  /** Lower-case names of the headers it writes; a name that ends in `*` is a prefix. */
  readonly fields: readonly string[];
  extract(carrier: Carrier): Propagated;
  /** Header names and values to send; empty where the context holds nothing that this format can say. */
  inject(context: Propagated): readonly HeaderPair[];
}

export type HeaderPair = readonly [name: string, value: string];

export type HeaderValue = string | readonly string[] | number | undefined;

/** Request headers as Node, fetch and tests hold them: a record, a `Headers`, a `Map`, or Node's raw list of pairs. */
export type Carrier =
  | Readonly<Record<string, HeaderValue>>
  | Iterable<readonly [string, HeaderValue]>
  | { readonly headers: Iterable<readonly [string, HeaderValue]> };
