/** What counts as a change. */
export interface CompareSettings {
  /** Least slow-down that matters, as a share: 0.05 is 5 %. */
  readonly minEffect: number;
  /** Least slow-down that matters, ns: a tenth of a microsecond more is nobody's trouble. */
  readonly minTimeNano: number;
  /** Least rise of a share of failed traces that matters, 0 to 1. */
  readonly minErrors: number;
  /** How often two equal runs may be told apart by chance, over all of a comparison. */
  readonly alpha: number;
  /** Greatest shift of the run as a whole that is not worse by itself, as a share; undefined: any. */
  readonly maxShift: number | undefined;
}

export const DEFAULT_COMPARE: CompareSettings = {
  minEffect: 0.05,
  minTimeNano: 20_000,
  minErrors: 0.01,
  alpha: 0.01,
  maxShift: undefined,
};
