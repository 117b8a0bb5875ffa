import { pairwiseShift } from "../statistics/pairwise-shift.ts";
import { rankTest } from "../statistics/rank-test.ts";
import { placements, serialNoise } from "../statistics/serial.ts";

/** Below it clocks tell nothing, ns. */
const LEAST_NANO = 100;
/** So that a sample of equal values has some error. */
const LEAST_ERROR = 1e-6;

/** Times of one path in two runs, as logarithms, each in the order of its traces. */
export interface TimeSamples {
  readonly before: Float64Array;
  readonly after: Float64Array;
}

export interface TimeChange {
  /** Logarithm of how many times as long, with its interval of 95 %. */
  readonly change: number;
  readonly low: number;
  readonly high: number;
  /** Standard error of `change`, what hangs together in time considered. */
  readonly error: number;
  readonly superiority: number;
  /**
   * Standard normal where nothing has changed, before the noise of the run is considered: of the ranks, or by its error
   * where that is nearer to none. Where a run was slow for a while, ranks are surer than they may be.
   */
  readonly z: number;
  /** Degrees of freedom of that error; undefined for as good as unlimited. */
  readonly df: number | undefined;
}

export function timeSamples(beforeNano: Float64Array, afterNano: Float64Array): TimeSamples {
  const logarithm = (nano: number) => Math.log(Math.max(LEAST_NANO, nano));
  return { before: beforeNano.map(logarithm), after: afterNano.map(logarithm) };
}

/** Compares times by their ranks, the second ones divided by e^shift. Neither may be empty. */
export function testTimes({ before, after }: TimeSamples, shift: number): TimeChange {
  const moved = shift === 0 ? after : after.map((value) => value - shift);
  const [first, second] = [before.toSorted(), moved.toSorted()];
  const { estimate, low, high, error } = pairwiseShift(first, second);
  const test = rankTest(first, second);
  const { inflation, df } = serialNoise([placements(before, second), placements(moved, first)]);
  const widened = Math.sqrt(inflation);
  const ranks = (test?.z ?? 0) / widened;
  const own = estimate / Math.max(LEAST_ERROR, error * widened);
  return {
    change: estimate,
    low: estimate - (estimate - low) * widened,
    high: estimate + (high - estimate) * widened,
    error: Math.max(LEAST_ERROR, error * widened),
    superiority: test?.superiority ?? 0.5,
    z: Math.sign(ranks) === Math.sign(own) ? Math.sign(own) * Math.min(Math.abs(ranks), Math.abs(own)) : 0,
    df,
  };
}
