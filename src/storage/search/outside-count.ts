import type { SpanColumns } from "../../model/span-columns.ts";
import { LATEST_TIME } from "../../model/span-times.ts";
import type { OutsideMatches, TraceQuery } from "../../model/trace-query.ts";
import type { SegmentBlocks } from "../cache/segment-blocks.ts";
import type { RowTest } from "./filter-node.ts";

const MS = 1_000_000;
/** A start further before the receipt of its span is not what senders do, ns. */
const LATE = 10 * 60_000 * MS;
/** A start further after it is that of a clock that is ahead, ns. */
const AHEAD = 60_000 * MS;
/** Counting ends there. */
const MAX_COUNTED = 100_000;

/** Counts matches as OutsideMatches says. Times are float64 ns, 256 ns at a step: nothing here depends on less. */
export class OutsideCount {
  readonly #startMin: number;
  readonly #startMax: number;
  #before = 0;
  #after = 0;

  constructor({ startMin, startMax }: TraceQuery) {
    this.#startMin = startMin === undefined ? Number.NEGATIVE_INFINITY : Number(startMin);
    this.#startMax = Number(startMax ?? LATEST_TIME);
  }

  get isFull(): boolean {
    return this.#before + this.#after >= MAX_COUNTED;
  }

  /** False where the block certainly holds none. */
  mayHold(segment: SegmentBlocks, block: number): boolean {
    const received = segment.receivedAtMs(block) * MS;
    if (received < this.#startMin || received > this.#startMax) return false;
    return (
      segment.minStart(block) < Math.min(this.#startMin, received - LATE) ||
      segment.maxStart(block) > Math.max(this.#startMax, received + AHEAD)
    );
  }

  add({ count, startHigh, startLow }: SpanColumns, receivedAtMs: number, matches: RowTest): void {
    const received = receivedAtMs * MS;
    const before = Math.min(this.#startMin, received - LATE);
    const after = Math.max(this.#startMax, received + AHEAD);
    for (let row = 0; row < count; row++) {
      const start = (startHigh[row] as number) * 0x1_0000_0000 + (startLow[row] as number);
      if (start >= before && start <= after) continue;
      if (!matches(row)) continue;
      if (start < before) this.#before++;
      else this.#after++;
    }
  }

  result(exact: boolean): OutsideMatches {
    return { before: this.#before, after: this.#after, exact };
  }
}
