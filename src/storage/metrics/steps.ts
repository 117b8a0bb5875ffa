import { PermanentError } from "../../component/errors.ts";
import { MAX_METRIC_STEPS, type MetricsQuery } from "../../model/metrics-query.ts";
import type { SpanColumns } from "../../model/span-columns.ts";

/** Differences of times are exact up to it, ns: 104 days. */
const MAX_RANGE = 2n ** 53n;
const TWO_32 = 0x1_0000_0000;

/** The steps of a range of time. */
export class Steps {
  readonly count: number;
  readonly #startHigh: number;
  readonly #startLow: number;
  readonly #range: number;
  readonly #step: number;

  /** Throws PermanentError `bad_request` for a range that cannot be answered. */
  constructor({ start, end, step }: Pick<MetricsQuery, "start" | "end" | "step">) {
    if (start < 0n || end <= start || end >= 2n ** 64n) {
      throw new PermanentError("bad_request", `time range from ${start} to ${end} ns: expected an end after the start`);
    }
    if (end - start > MAX_RANGE) {
      throw new PermanentError("bad_request", `time range of ${end - start} ns: expected at most 104 days`);
    }
    if (step <= 0n) throw new PermanentError("bad_request", `step ${step} ns: expected more than 0`);
    const count = (end - start + step - 1n) / step;
    if (count > MAX_METRIC_STEPS) {
      throw new PermanentError(
        "bad_request",
        `${count} steps of ${step} ns: expected at most ${MAX_METRIC_STEPS}, by a longer step or a shorter range`,
      );
    }
    this.count = Number(count);
    this.#startHigh = Number(start >> 32n);
    this.#startLow = Number(start & 0xffff_ffffn);
    this.#range = Number(end - start);
    // A longer one is one step all the same, and exact.
    this.#step = Number(step < MAX_RANGE ? step : MAX_RANGE);
  }

  /** The step in which a row starts; -1 for one outside of the range. */
  of({ startHigh, startLow }: SpanColumns, row: number): number {
    const since =
      ((startHigh[row] as number) - this.#startHigh) * TWO_32 + ((startLow[row] as number) - this.#startLow);
    if (since < 0 || since >= this.#range) return -1;
    const step = Math.floor(since / this.#step);
    // The quotient of the last nanosecond of a step can be rounded up.
    return step * this.#step > since ? step - 1 : step;
  }
}
