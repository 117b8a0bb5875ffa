import { withThreshold } from "../../codec/otlp/message/trace-state.ts";
import {
  atLeast,
  MIN_PROBABILITY,
  parseRandomness,
  readOtSampling,
  thresholdOf,
} from "../../model/sampling-threshold.ts";
import type { SamplingDecision, TraceContext } from "../../propagation/context.ts";
import type { AttributesInput } from "./attributes.ts";
import type { SpanKindName } from "./span.ts";
import type { SpanContext } from "./span-context.ts";

export interface SamplingInput {
  /** Of the new span. */
  readonly traceId: string;
  readonly parent: SpanContext | undefined;
  /** What the parent decided; `defer` where there is none or it left the decision open. */
  readonly parentDecision: SamplingDecision;
  readonly name: string;
  readonly kind: SpanKindName;
  readonly attributes: AttributesInput;
  readonly links: readonly TraceContext[];
}

export interface SamplingResult {
  readonly sampled: boolean;
  /** Trace state of the new span. */
  readonly traceState: string;
}

/** Decides when a span starts. Must not throw. */
export interface Sampler {
  /** What it does, for people: `ratio(0.1)`. */
  readonly description: string;
  sample(input: SamplingInput): SamplingResult;
}

export const alwaysOn: Sampler = {
  description: "always_on",
  sample: (input) => ({ sampled: true, traceState: stateWith(input, "0") }),
};

export const alwaysOff: Sampler = {
  description: "always_off",
  sample: (input) => ({ sampled: false, traceState: stateWith(input, undefined) }),
};

/**
 * Keeps a share of traces from 0.0 to 1.0, consistently: every process with the same ratio keeps the same traces, and
 * one with a higher ratio keeps all of them. Decided by `rv` of the trace state or the last 7 bytes of the trace id;
 * `th` tells readers how much a kept span stands for. Throws RangeError for a ratio outside.
 */
export function ratio(probability: number): Sampler {
  if (!(probability >= 0 && probability <= 1)) {
    throw new RangeError(`sampling ratio ${probability}: expected a number from 0.0 to 1.0`);
  }
  if (probability < MIN_PROBABILITY) return { ...alwaysOff, description: "ratio(0)" };
  const threshold = thresholdOf(probability);
  return {
    description: `ratio(${probability})`,
    sample(input) {
      const randomness =
        readOtSampling(input.parent?.traceState ?? "").randomness ?? parseRandomness(input.traceId.slice(-14));
      const sampled = randomness !== undefined && atLeast(randomness, threshold);
      return { sampled, traceState: stateWith(input, sampled ? threshold.text : undefined) };
    },
  };
}

export interface ParentBasedSamplers {
  /** For spans without parent, and where the parent left the decision open. */
  readonly root: Sampler;
  /** Default: always on. */
  readonly remoteSampled?: Sampler;
  /** Default: always off. */
  readonly remoteNotSampled?: Sampler;
  /** Default: always on. */
  readonly localSampled?: Sampler;
  /** Default: always off. */
  readonly localNotSampled?: Sampler;
}

/** Follows the parent's decision, and asks `root` where there is none. A debug flag keeps the span whatever is set. */
export function parentBased(samplers: ParentBasedSamplers): Sampler {
  return {
    description: `parent_based(${samplers.root.description})`,
    sample(input) {
      const { parent, parentDecision } = input;
      if (parentDecision === "debug") return { sampled: true, traceState: parent?.traceState ?? "" };
      if (parentDecision === "defer") return samplers.root.sample(input);
      const keep = parentDecision === "keep";
      const remote = parent?.isRemote ?? true;
      const chosen = remote
        ? keep
          ? samplers.remoteSampled
          : samplers.remoteNotSampled
        : keep
          ? samplers.localSampled
          : samplers.localNotSampled;
      if (chosen !== undefined) return chosen.sample(input);
      return { sampled: keep, traceState: parent?.traceState ?? "" };
    },
  };
}

/** The parent's trace state with this `th`, or without one. */
function stateWith({ parent }: SamplingInput, threshold: string | undefined): string {
  return withThreshold(parent?.traceState ?? "", threshold ?? "");
}
