import { NO_THRESHOLD, type SpanColumns } from "../../model/span-columns.ts";

/** Marks an incoming `th` that does not hold any more and has to leave the trace state. */
export const ERASED = "";

/** Collects the thresholds of a batch's rows and puts them beside the columns. */
export class ThresholdColumn {
  readonly #columns: SpanColumns;
  #strings: string[] | undefined;
  readonly #positions = new Map<string, number>();
  #index: Uint32Array | undefined;

  constructor(columns: SpanColumns) {
    this.#columns = columns;
  }

  /** @param threshold `th` without trailing zeros, `receivedThreshold` of one, or ERASED */
  set(row: number, threshold: string): void {
    this.#strings ??= [...this.#columns.strings];
    let position = this.#positions.get(threshold);
    if (position === undefined) {
      // The position that means "none" is taken by a spare copy.
      if (this.#strings.length === NO_THRESHOLD) this.#strings.push(threshold);
      position = this.#strings.push(threshold) - 1;
      this.#positions.set(threshold, position);
    }
    this.#index ??= new Uint32Array(this.#columns.count).fill(NO_THRESHOLD);
    this.#index[row] = position;
  }

  /** The columns with what was set; the same object when nothing was. */
  finish(): SpanColumns {
    if (this.#index === undefined || this.#strings === undefined) return this.#columns;
    const narrow = this.#strings.length <= NO_THRESHOLD;
    return {
      ...this.#columns,
      strings: this.#strings,
      thresholdIndex: narrow ? Uint16Array.from(this.#index) : this.#index,
    };
  }
}
