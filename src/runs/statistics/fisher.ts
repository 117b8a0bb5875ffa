import { logGamma } from "./log-gamma.ts";

/**
 * Fisher's exact test, one-sided: how probable at least `hits` of `of` are, where `otherHits` of `otherOf` stand beside
 * them and both sides have one rate.
 */
export function fisherUpper(hits: number, of: number, otherHits: number, otherOf: number): number {
  const all = hits + otherHits;
  const logChoose = (n: number, k: number) => logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1);
  const whole = logChoose(of + otherOf, all);
  let sum = 0;
  for (let k = Math.min(all, of); k >= hits; k--) {
    if (all - k <= otherOf) sum += Math.exp(logChoose(of, k) + logChoose(otherOf, all - k) - whole);
  }
  return Math.min(1, sum);
}
