import type { SegmentId } from "../../model/log.ts";
import type { LongTrace } from "../cache/long-trace.ts";
import type { SegmentBlocks } from "../cache/segment-blocks.ts";

/**
 * Blocks all of whose traces a search has come to: they hold no other match, and need not be read. Counted for long
 * traces alone, which lie in so many blocks that it matters.
 */
export class SpentBlocks {
  readonly #traces = new Set<LongTrace>();
  /** Traces of each block that were come to. */
  readonly #counts = new Map<SegmentId, Uint32Array>();

  /** A trace that was come to; `segments` are those of the log. */
  add(trace: LongTrace, segments: readonly SegmentBlocks[]): void {
    if (this.#traces.has(trace)) return;
    this.#traces.add(trace);
    const sizes = new Map(segments.map(({ id, count }) => [id, count]));
    for (const { segment, number } of trace.blocks()) {
      let counts = this.#counts.get(segment);
      if (counts === undefined) {
        counts = new Uint32Array(sizes.get(segment) ?? 0);
        this.#counts.set(segment, counts);
      }
      if (number <= counts.length) counts[number - 1] = (counts[number - 1] as number) + 1;
    }
  }

  has(segment: SegmentBlocks, number: number): boolean {
    const counts = this.#counts.get(segment.id);
    return counts !== undefined && counts[number - 1] === segment.traceCount(number);
  }
}
