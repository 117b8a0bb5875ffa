import { PermanentError } from "../../component/errors.ts";
import { MAX_METRIC_STEPS, type MetricsQuery } from "../../model/metrics-query.ts";
import type { SpanColumns } from "../../model/span-columns.ts";

/** Differences of times are exact up to it, ns: 104 days. */
const MAX_RANGE = 2n ** 53n;
const MAX_U64 = 2 ** 64;
const TWO_32 = 0x1_0000_0000;

/** The steps of a range of time. */
export class Steps {
  readonly count: number;
  readonly #start: bigint;
  readonly #startHigh: number;
  readonly #startLow: number;
  readonly #range: number;
  readonly #step: number;
  #rows = new Int32Array(0);

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
    this.#start = start;
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
    return stepAt(since, this.#step);
  }

  /** The step in which all times from `first` to `last` lie, ns since the epoch; -1 where there is no such one. */
  ofBoth(first: number, last: number): number {
    if (last >= MAX_U64) return -1;
    const [from, to] = [BigInt(first) - this.#start, BigInt(last) - this.#start];
    if (from < 0n || to >= BigInt(this.#range)) return -1;
    const step = stepAt(Number(from), this.#step);
    return stepAt(Number(to), this.#step) === step ? step : -1;
  }

  /** The steps of all rows of a block, in memory that the next call uses again. */
  ofAll({ count, startHigh, startLow }: SpanColumns): Int32Array {
    if (this.#rows.length < count) this.#rows = new Int32Array(count * 2);
    const rows = this.#rows;
    const [high, low, range, length] = [this.#startHigh, this.#startLow, this.#range, this.#step];
    // Spans of a block start close to each other: mostly in the step of the one before.
    let [from, to, known] = [0, 0, -1];
    for (let row = 0; row < count; row++) {
      const since = ((startHigh[row] as number) - high) * TWO_32 + ((startLow[row] as number) - low);
      if (since < from || since >= to) {
        known = since < 0 || since >= range ? -1 : stepAt(since, length);
        [from, to] = known < 0 ? [0, 0] : [known * length, Math.min((known + 1) * length, range)];
      }
      rows[row] = known;
    }
    return rows;
  }
}

/** The quotient of the last nanosecond of a step can be rounded up. */
function stepAt(since: number, length: number): number {
  const step = Math.floor(since / length);
  return step * length > since ? step - 1 : step;
}
