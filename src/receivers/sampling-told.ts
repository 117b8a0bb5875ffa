import type { HeadSampling, HeadSamplingRule } from "../component/receiver.ts";
import {
  byOperation,
  type OperationStrategy,
  probabilistic,
  rateLimiting,
  type SamplingStrategy,
} from "./strategies.ts";

/** Everything is recorded, and whoever gets it decides. */
export const RECORD_ALL = probabilistic(1);

/**
 * What the collector's own `sampling` says of a service, as far as senders can be told. They know neither the
 * attributes of a span before it ends nor patterns of names: where a rule asks for such, they are told the largest
 * share that any rule might keep, so that nothing is missing that `sampling` would have kept. A rate limit is one for
 * each sender.
 */
export function toldOfSampling({ ratio, rules }: HeadSampling, service: string): SamplingStrategy {
  const operations = new Map<string, number>();
  let atLeast = 0;
  for (const rule of rules) {
    if (rule.service !== undefined && !matches(rule.service, service)) continue;
    const share = shareOf(rule);
    const { operation } = rule;
    if (rule.attributes !== undefined || (operation !== undefined && isPattern(operation))) {
      atLeast = Math.max(atLeast, share);
    } else if (operation !== undefined) {
      if (!operations.has(operation)) operations.set(operation, Math.max(share, atLeast));
    } else {
      const limit = rule.rate_limit_traces_per_second;
      const whole = limit === undefined || atLeast > 0 ? undefined : rateLimiting(Math.max(1, limit));
      return withOperations(whole ?? probabilistic(Math.max(share, atLeast)), operations);
    }
  }
  return withOperations(probabilistic(Math.max(ratio, atLeast)), operations);
}

/** A limit of traces a second may keep any of them. */
function shareOf({ ratio, never }: HeadSamplingRule): number {
  return never === true ? 0 : (ratio ?? 1);
}

function withOperations(strategy: SamplingStrategy, operations: ReadonlyMap<string, number>): SamplingStrategy {
  if (operations.size === 0) return strategy;
  const told = Array.from(
    operations,
    ([operation, samplingRate]): OperationStrategy => ({ operation, probabilisticSampling: { samplingRate } }),
  );
  return { ...strategy, operationSampling: byOperation(strategy.probabilisticSampling?.samplingRate ?? 1, told) };
}

function isPattern(text: string): boolean {
  return /[*?]/.test(text);
}

/** As a rule's glob: `*` for any run of characters, `?` for one. Linear in the text for each `*`. */
function matches(pattern: string, text: string): boolean {
  let [at, from, star, mark] = [0, 0, -1, 0];
  while (from < text.length) {
    if (pattern[at] === "*") {
      star = at++;
      mark = from;
    } else if (at < pattern.length && (pattern[at] === "?" || pattern[at] === text[from])) {
      at++;
      from++;
    } else if (star >= 0) {
      at = star + 1;
      from = ++mark;
    } else return false;
  }
  while (pattern[at] === "*") at++;
  return at === pattern.length;
}
