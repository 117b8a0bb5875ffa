import { ALWAYS, atLeast, probabilityOf, type Threshold, thresholdOf } from "../../model/sampling-threshold.ts";
import { contradicts, type SpanSampling } from "./ot-reader.ts";
import type { SamplingMode } from "./sampling-config.ts";
import { ERASED } from "./threshold-column.ts";
import { BUCKETS, keptBuckets, traceIdBucket } from "./trace-id-hash.ts";

/** What is to become of a span: undefined drops it; else `th` to write, ERASED, or `unchanged`. */
export type Decision = { readonly threshold: string | undefined } | undefined;

/** Kept, and its trace state stays as it came. */
export const UNCHANGED: Decision = { threshold: undefined };
const ERASE: Decision = { threshold: ERASED };

/** A span as probability sees it. */
export interface Candidate extends SpanSampling {
  readonly traceIds: Uint8Array;
  /** Where the 16 bytes of the trace id begin. */
  readonly traceIdStart: number;
}

export type Decide = (span: Candidate) => Decision;

/**
 * Keeps a share of all traces; collectors with the same settings keep the same ones.
 * - `equalizing`: what was sampled less before is brought to the ratio; what was sampled more stays. R ≥ T(ratio).
 * - `proportional`: the ratio applies to what arrives, R ≥ T(p in · ratio).
 * - `hash_seed`: 14 bits of a hash of the trace id, as the Collector has them. It writes the `th` of its ratio, which
 *   the trace id's own randomness may contradict: an incoming one holds where either randomness does not.
 * A threshold is only ever raised. One that its own span contradicts (R < th) is no information: it is erased, and so
 * is the count that could be made from it.
 */
export function probabilityDecision(mode: SamplingMode, ratio: number, hashSeed: number): Decide {
  if (ratio <= 0) return () => undefined;
  if (ratio >= 1) return (span) => (contradicts(span) ? ERASE : UNCHANGED);
  if (mode === "hash_seed") return hashDecision(ratio, hashSeed);
  const own = thresholdOf(ratio);
  const proportional = mode === "proportional" ? proportionalThresholds(ratio) : undefined;
  return (span) => {
    const { randomness, ot } = span;
    const incoming = ot.threshold;
    const lies = contradicts(span);
    const needed = proportional === undefined || lies ? own : proportional(incoming ?? ALWAYS);
    if (!atLeast(randomness, needed)) return undefined;
    if (lies) return ERASE;
    if (incoming !== undefined && atLeast(incoming, needed)) return UNCHANGED;
    return { threshold: needed.text };
  };
}

function hashDecision(ratio: number, seed: number): Decide {
  const kept = keptBuckets(ratio);
  if (kept === 0) return () => undefined;
  const own = thresholdOf(kept / BUCKETS);
  return (span) => {
    const bucket = traceIdBucket(span.traceIds, span.traceIdStart, seed);
    if (bucket >= kept) return undefined;
    const incoming = span.ot.threshold;
    if (incoming === undefined || !atLeast(incoming, own)) return { threshold: own.text };
    if (!contradicts(span)) return UNCHANGED;
    // Stated, or it would be read as what the trace id's randomness makes of it: no information.
    return { threshold: bucket < BUCKETS * probabilityOf(incoming) ? incoming.text : own.text };
  };
}

/** Kept because its sender said so, whatever its randomness: it stands for what its own `th` says, or for itself. */
export function explicit(span: Candidate): Decision {
  return span.ot.threshold === undefined || contradicts(span) ? { threshold: ALWAYS.text } : UNCHANGED;
}

/** Kept for a reason that is no probability: what the trace state says of one holds no more. */
export function certain(span: Candidate): Decision {
  return span.ot.threshold === undefined ? UNCHANGED : ERASE;
}

/** Incoming thresholds that a sampler remembers: senders use few. */
const REMEMBERED = 1_024;

function proportionalThresholds(ratio: number): (incoming: Threshold) => Threshold {
  const known = new Map<string, Threshold>();
  return (incoming) => {
    let threshold = known.get(incoming.text);
    if (threshold === undefined) {
      threshold = thresholdOf(probabilityOf(incoming) * ratio);
      if (known.size >= REMEMBERED) known.clear();
      known.set(incoming.text, threshold);
    }
    return threshold;
  };
}
