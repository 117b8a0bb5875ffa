import { normalUpperQuantile } from "./normal.ts";

export interface RankTest {
  /** Probability that a value of the second sample is greater than one of the first, half of the ties counted. */
  readonly superiority: number;
  /** How far the second sample lies above the first, as a standard normal variable where they are alike. */
  readonly z: number;
}

/** Up to as many pairs, and without ties, the exact distribution is used. */
const EXACT_PAIRS = 400;

/**
 * The Mann–Whitney (Wilcoxon rank sum) test: by the exact distribution for small samples without ties, else by the
 * normal approximation with corrections for ties and continuity. Undefined where all values are equal or one is empty.
 * @param before sorted
 * @param after sorted
 */
export function rankTest(before: Float64Array, after: Float64Array): RankTest | undefined {
  const [n, m] = [before.length, after.length];
  if (n === 0 || m === 0) return undefined;
  let wins = 0;
  let ties = 0;
  let i = 0;
  let j = 0;
  while (i < n || j < m) {
    const value = Math.min(before[i] ?? Number.POSITIVE_INFINITY, after[j] ?? Number.POSITIVE_INFINITY);
    const [fromI, fromJ] = [i, j];
    while (i < n && before[i] === value) i++;
    while (j < m && after[j] === value) j++;
    const [inBefore, inAfter] = [i - fromI, j - fromJ];
    wins += inAfter * (fromI + inBefore / 2);
    const tied = inBefore + inAfter;
    ties += tied ** 3 - tied;
  }
  const all = n + m;
  const variance = ((n * m) / 12) * (all + 1 - ties / (all * (all - 1)));
  if (!(variance > 0)) return undefined;
  const superiority = wins / (n * m);
  if (ties === 0 && n * m <= EXACT_PAIRS) return { superiority, z: exactZ(n, m, wins) };
  const distance = wins - (n * m) / 2;
  const z = (Math.sign(distance) * Math.max(0, Math.abs(distance) - 0.5)) / Math.sqrt(variance);
  return { superiority, z };
}

/** The z whose upper tail is the exact probability of at least so many wins; the same below the middle. */
function exactZ(n: number, m: number, wins: number): number {
  const middle = (n * m) / 2;
  if (wins < middle) return -exactZ(n, m, n * m - wins);
  const p = exactUpper(n, m, wins);
  return p >= 0.5 ? 0 : normalUpperQuantile(p);
}

/**
 * The probability of at least so many wins where both samples are alike. Orders with u wins are counted by the
 * coefficients of the Gaussian binomial of n + m and n.
 */
export function exactUpper(n: number, m: number, wins: number): number {
  const ways = new Float64Array(n * m + 1);
  ways[0] = 1;
  // Factor by factor: times (1 - q^(m+k)), divided by (1 - q^k).
  for (let k = 1; k <= n; k++) {
    for (let u = n * m; u >= m + k; u--) ways[u] = (ways[u] as number) - (ways[u - m - k] as number);
    for (let u = k; u <= n * m; u++) ways[u] = (ways[u] as number) + (ways[u - k] as number);
  }
  let above = 0;
  let all = 0;
  for (let u = 0; u <= n * m; u++) {
    all += ways[u] as number;
    if (u >= wins) above += ways[u] as number;
  }
  return above / all;
}
