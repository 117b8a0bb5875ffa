import { normalUpperQuantile } from "../statistics/normal.ts";
import { median } from "../statistics/run-noise.ts";
import type { CompareSettings } from "./compare-settings.ts";
import type { LeastDetectable } from "./comparison.ts";
import type { TimedPair } from "./measure-times.ts";

/** Found in four of five comparisons. */
const POWER_Z = normalUpperQuantile(0.2);

/** How small a slow-down of one operation these runs would have shown. Undefined where none could be judged. */
export function leastDetectable(
  timed: readonly TimedPair[],
  { alpha, minEffect, scatter, tests }: CompareSettings & { readonly scatter: number; readonly tests: number },
): LeastDetectable | undefined {
  if (timed.length === 0) return undefined;
  const limit = normalUpperQuantile(alpha / Math.max(1, tests));
  const shares = timed.map(({ self }) => {
    const error = Math.hypot(self.error, scatter);
    return Math.expm1(Math.max(limit * error, Math.log1p(minEffect)) + POWER_Z * error);
  });
  return { median: median(shares), worst: Math.max(...shares), paths: timed.length };
}
