import type { ScanResult } from "../../codec/otlp/scan/scan-result.ts";
import { attributeHash } from "../../model/attribute-hash.ts";
import { BoundedMap } from "../../model/collections/bounded-map.ts";
import { TokenBucket } from "../../model/collections/token-bucket.ts";
import { nameOf, serviceOf } from "../../model/span-columns.ts";
import { globMatcher } from "./glob.ts";
import type { SamplingRuleConfig } from "./sampling-config.ts";

export type RuleAction =
  | { readonly type: "always" }
  | { readonly type: "never" }
  | { readonly type: "ratio"; readonly ratio: number }
  | { readonly type: "rate_limit"; readonly limit: TraceRateLimit };

export interface Rule {
  readonly name: string;
  readonly action: RuleAction;
  /** Whether a row of a scan is the rule's. */
  matches(scan: ScanResult, row: number): boolean;
}

/** One decision a trace, remembered, so that later spans of the trace follow the first. */
export class TraceRateLimit {
  readonly #bucket: TokenBucket;
  readonly #decisions: BoundedMap<string, boolean>;

  constructor(perSecond: number, rememberedTraces: number, now: () => number) {
    this.#bucket = new TokenBucket(perSecond, now);
    this.#decisions = new BoundedMap(rememberedTraces);
  }

  keeps(traceKey: string): boolean {
    let keep = this.#decisions.get(traceKey);
    if (keep === undefined) {
      keep = this.#bucket.take();
      this.#decisions.set(traceKey, keep);
    }
    return keep;
  }
}

/** Attributes are compared by the 32-bit hashes of the scan: another value passes for one of them once in 2^32. */
export function createRules(
  configs: readonly SamplingRuleConfig[],
  rememberedTraces: number,
  now: () => number,
): readonly Rule[] {
  return configs.map((config, index) => {
    const service = config.service === undefined ? undefined : globMatcher(config.service);
    const operation = config.operation === undefined ? undefined : globMatcher(config.operation);
    const wanted = Object.entries(config.attributes ?? {}).map(([key, value]) => attributeHash(key, String(value)));
    return {
      name: config.name ?? `rules[${index}]`,
      action: actionOf(config, rememberedTraces, now),
      matches: (scan, row) =>
        (service === undefined || service(serviceOf(scan.columns, row))) &&
        (operation === undefined || operation(nameOf(scan.columns, row))) &&
        wanted.every((hash) => hasHash(scan, row, hash)),
    };
  });
}

function actionOf(config: SamplingRuleConfig, rememberedTraces: number, now: () => number): RuleAction {
  if (config.always === true) return { type: "always" };
  if (config.never === true) return { type: "never" };
  const perSecond = config.rate_limit_traces_per_second;
  if (perSecond !== undefined) {
    return { type: "rate_limit", limit: new TraceRateLimit(perSecond, rememberedTraces, now) };
  }
  return { type: "ratio", ratio: config.ratio ?? 1 };
}

function hasHash(scan: ScanResult, row: number, hash: number): boolean {
  const group = scan.columns.groupIndex[row] as number;
  return (
    contains(scan.hashes, scan.hashStart[row] as number, scan.hashStart[row + 1] as number, hash) ||
    contains(scan.groupHashes, scan.groupHashStart[group] as number, scan.groupHashStart[group + 1] as number, hash)
  );
}

function contains(hashes: Uint32Array, start: number, end: number, hash: number): boolean {
  for (let i = start; i < end; i++) if (hashes[i] === hash) return true;
  return false;
}
