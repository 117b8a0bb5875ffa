import { STATUS_CODE } from "../../model/span.ts";
import type { TraceKey, TraceOrder } from "../../model/trace-query.ts";
import type { TraceRows, TraceTimes } from "../cache/cached-block.ts";

/** Where a trace stands in an order; the greater weight first, then the later start, then the lesser trace id. */
interface Placed extends Omit<TraceKey, "weight"> {
  readonly weight: bigint;
}

/** Less than any duration, or what one lacks: what has none comes last in either order. */
const UNKNOWN = -(2n ** 64n);

/** What an order other than the newest first goes by. A trace has to be looked up for it. */
export class ResultOrder {
  readonly #order: TraceOrder;

  constructor(order: TraceOrder = "newest") {
    this.#order = order;
  }

  /** True where only a look-up says where a trace stands: nothing is decided before every match was looked at. */
  get needsAll(): boolean {
    return this.#order !== "newest";
  }

  /** The weight of a trace of these times; undefined where its spans have to be counted. */
  weightOfTimes({ start, end, ended }: TraceTimes): bigint | undefined {
    if (this.#order === "newest") return 0n;
    if (!ended && (this.#order === "longest" || this.#order === "shortest")) return UNKNOWN;
    if (this.#order === "longest") return end - start;
    return this.#order === "shortest" ? start - end : undefined;
  }

  /** The weight by the spans of a trace, each once. */
  weightOfSpans(trace: readonly TraceRows[]): bigint {
    let weight = 0;
    for (const { block, rows } of trace) {
      if (this.#order === "spans") weight += rows.length;
      else for (const row of rows) if (block.columns.status[row] === STATUS_CODE.error) weight++;
    }
    return BigInt(weight);
  }

  /** The key of a trace, to page from. */
  keyOf({ start, traceId, weight }: Placed): TraceKey {
    return this.needsAll ? { start, traceId, weight } : { start, traceId };
  }
}

/** Whether `a` stands behind `b`. */
export function comesAfter(a: Placed, b: TraceKey): boolean {
  const weight = b.weight ?? 0n;
  if (a.weight !== weight) return a.weight < weight;
  return a.start === b.start ? a.traceId > b.traceId : a.start < b.start;
}
