import type { ScanResult } from "../../codec/otlp/scan/scan-result.ts";
import type { Counter, Metrics } from "../../component/metrics.ts";
import { BoundedMap } from "../../model/collections/bounded-map.ts";
import { receivedThreshold, type SpanColumns } from "../../model/span-columns.ts";
import {
  type Candidate,
  certain,
  type Decide,
  type Decision,
  explicit,
  probabilityDecision,
  UNCHANGED,
} from "./decide.ts";
import { contradicts, OtReader } from "./ot-reader.ts";
import { createRules, type Rule, type RuleAction } from "./rules.ts";
import type { SamplingConfig } from "./sampling-config.ts";
import { ThresholdColumn } from "./threshold-column.ts";

export interface HeadSamplerSettings {
  readonly metrics: Metrics;
  /** A monotonic clock, ms. */
  readonly now: () => number;
}

export interface SampleResult {
  /** Rows to keep, ascending; undefined keeps all. */
  readonly keep: Uint32Array | undefined;
  /** The scan's columns, with thresholds where some row has one. */
  readonly columns: SpanColumns;
  readonly dropped: number;
}

interface Outcome {
  readonly decide: Decide | RuleAction["type"];
  readonly rule: Rule | undefined;
  readonly kept: Counter;
  readonly dropped: Counter;
  keptNow: number;
  droppedNow: number;
}

/**
 * Decides span by span, as batches arrive, which are stored. In this order: `sampling.priority` (0 drops the span, more
 * keeps it and the rest of its trace, as far as the bounded memory of trace ids reaches; a sender's debug flag arrives
 * as such a priority), the first rule that matches, the ratio. The sampled bit of the trace flags is not looked at:
 * some SDKs leave it out of sampled spans.
 *
 * Pure probability gives one trace the same answer in every collector. A rate limit gives a trace one answer in this
 * process only. An explicit keep holds for spans of the same batch and for later ones, not for those already dropped.
 *
 * A threshold that comes in a kept span's trace state and holds on is noted beside the columns, as adjusted counts need
 * it.
 */
export class HeadSampler {
  readonly #rules: readonly Rule[];
  readonly #byRule: readonly Outcome[];
  readonly #fallback: Outcome;
  readonly #priority: Outcome;
  readonly #remembered: Outcome;
  readonly #all: readonly Outcome[];
  readonly #keptTraces: BoundedMap<string, true>;
  readonly #ot = new OtReader();
  readonly #keepsEverything: boolean;

  constructor(config: SamplingConfig, settings: HeadSamplerSettings) {
    const { mode, ratio, hash_seed: seed } = config;
    const outcome = (name: string, decide: Outcome["decide"], rule?: Rule): Outcome => ({
      decide,
      rule,
      kept: settings.metrics.counter("spanloom_sampling_kept_spans_total", "Spans kept by head sampling.", {
        rule: name,
      }),
      dropped: settings.metrics.counter("spanloom_sampling_dropped_spans_total", "Spans dropped by head sampling.", {
        rule: name,
      }),
      keptNow: 0,
      droppedNow: 0,
    });
    this.#rules = createRules(config.rules, config.remembered_traces, settings.now);
    this.#byRule = this.#rules.map((rule) => {
      const { action } = rule;
      return outcome(
        rule.name,
        action.type === "ratio" ? probabilityDecision(mode, action.ratio, seed) : action.type,
        rule,
      );
    });
    this.#fallback = outcome("ratio", probabilityDecision(mode, ratio, seed));
    this.#priority = outcome("sampling_priority", explicit);
    this.#remembered = outcome("remembered_trace", explicit);
    this.#all = [...this.#byRule, this.#fallback, this.#priority, this.#remembered];
    this.#keptTraces = new BoundedMap(config.remembered_traces);
    this.#keepsEverything = ratio >= 1 && config.rules.length === 0;
  }

  /** @param body the bytes that were scanned */
  sample(scan: ScanResult, body: Uint8Array): SampleResult {
    const { columns } = scan;
    if (this.#keepsEverything) {
      this.#fallback.kept.add(columns.count);
      const received = new ThresholdColumn(columns);
      for (let row = 0; row < columns.count; row++) this.#noteReceived(received, scan, body, row);
      return { keep: undefined, columns: received.finish(), dropped: 0 };
    }
    const traceKeys = new Array<string | undefined>(columns.traceIds.length / 16);
    const keyOf = (row: number): string => {
      const index = columns.traceIndex[row] as number;
      traceKeys[index] ??= Buffer.from(columns.traceIds.buffer, columns.traceIds.byteOffset + index * 16, 16).toString(
        "latin1",
      );
      return traceKeys[index] as string;
    };
    this.#rememberExplicit(scan, keyOf);
    const thresholds = new ThresholdColumn(columns);
    const keep = new Uint32Array(columns.count);
    let kept = 0;
    for (let row = 0; row < columns.count; row++) {
      const outcome = this.#outcomeOf(scan, row, keyOf);
      const decision = scan.samplingPriority[row] === 0 ? undefined : this.#decide(outcome, scan, body, row, keyOf);
      if (decision === undefined) {
        outcome.droppedNow++;
        continue;
      }
      outcome.keptNow++;
      keep[kept++] = row;
      if (decision.threshold !== undefined) thresholds.set(row, decision.threshold);
      else this.#noteReceived(thresholds, scan, body, row);
    }
    this.#count();
    return {
      keep: kept === columns.count ? undefined : keep.subarray(0, kept),
      columns: thresholds.finish(),
      dropped: columns.count - kept,
    };
  }

  /** Before any row is decided: a child that is kept explicitly may stand before or after the rest of its trace. */
  #rememberExplicit(scan: ScanResult, keyOf: (row: number) => string): void {
    for (let row = 0; row < scan.columns.count; row++) {
      if (scan.samplingPriority[row] === 1) this.#keptTraces.set(keyOf(row), true);
    }
  }

  #outcomeOf(scan: ScanResult, row: number, keyOf: (row: number) => string): Outcome {
    if (scan.samplingPriority[row] !== -1) return this.#priority;
    if (this.#keptTraces.size > 0 && this.#keptTraces.get(keyOf(row)) === true) return this.#remembered;
    for (const outcome of this.#byRule) if (outcome.rule?.matches(scan, row) === true) return outcome;
    return this.#fallback;
  }

  #decide(
    { decide, rule }: Outcome,
    scan: ScanResult,
    body: Uint8Array,
    row: number,
    keyOf: (row: number) => string,
  ): Decision {
    if (typeof decide === "function") return decide(this.#candidate(scan, body, row));
    if (decide === "always") return UNCHANGED;
    if (decide === "never" || rule?.action.type !== "rate_limit") return undefined;
    return rule.action.limit.keeps(keyOf(row)) ? certain(this.#candidate(scan, body, row)) : undefined;
  }

  #candidate(scan: ScanResult, body: Uint8Array, row: number): Candidate {
    const { traceIds, traceIndex } = scan.columns;
    return { ...this.#ot.read(scan, body, row), traceIds, traceIdStart: (traceIndex[row] as number) * 16 };
  }

  #noteReceived(into: ThresholdColumn, scan: ScanResult, body: Uint8Array, row: number): void {
    if (scan.traceStateStart[row] === scan.traceStateEnd[row]) return;
    const sampling = this.#ot.read(scan, body, row);
    const { threshold } = sampling.ot;
    if (threshold !== undefined && !contradicts(sampling)) into.set(row, receivedThreshold(threshold.text));
  }

  #count(): void {
    for (const outcome of this.#all) {
      if (outcome.keptNow > 0) outcome.kept.add(outcome.keptNow);
      if (outcome.droppedNow > 0) outcome.dropped.add(outcome.droppedNow);
      outcome.keptNow = 0;
      outcome.droppedNow = 0;
    }
  }
}
