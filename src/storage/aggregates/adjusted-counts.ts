import { adjustedCount } from "../../model/adjusted-count.ts";
import { effectiveThreshold, type SpanColumns } from "../../model/span-columns.ts";

/** Thresholds remembered: senders use few, and made-up ones must not fill memory. */
const REMEMBERED = 10_000;

/** How many spans the rows of the log stand for; thresholds repeat, so answers are remembered. */
export class AdjustedCounts {
  readonly #known = new Map<string, number | undefined>();

  /** Undefined where nobody stated a sampling probability. */
  of(columns: SpanColumns, row: number): number | undefined {
    if (columns.thresholdIndex === undefined) return undefined;
    const threshold = effectiveThreshold(columns, row);
    if (threshold === undefined) return undefined;
    let count = this.#known.get(threshold);
    if (count === undefined && !this.#known.has(threshold)) {
      if (this.#known.size >= REMEMBERED) this.#known.clear();
      count = adjustedCount(threshold);
      this.#known.set(threshold, count);
    }
    return count;
  }
}
