import type { HeatCell, HeatMap, HeatQuery } from "../../model/metrics-query.ts";
import { EARLIEST_TIME } from "../../model/span-times.ts";

/** The lowest row begins there at the earliest: what is shorter tells little, and would take rows from the rest; ns. */
const LEAST_NS = 1_000;

/** So much room is left around what happened at any time, ns. */
const MARGIN_NS = 500_000_000n;

interface TimeRange {
  readonly start: bigint;
  readonly end: bigint;
}

/** Takes traces one by one, 17 bytes each, and makes cells of them when all are known. */
export class HeatCells {
  readonly #starts: number[] = [];
  readonly #durations: number[] = [];
  readonly #failed: boolean[] = [];

  /** ns since the epoch, ns. */
  add(start: bigint, end: bigint, failed: boolean): void {
    this.#starts.push(Number(start));
    this.#durations.push(Number(end - start));
    this.#failed.push(failed);
  }

  map({ query, now, columns, rows }: HeatQuery): Omit<HeatMap, "complete"> {
    const { start, end } = this.#timeRange(query.startMin, query.startMax, now);
    const [least, most] = this.#decades();
    const from = Number(start);
    const perColumn = (Number(end) - from) / columns;
    const perRow = Math.log10(most / least) / rows;
    const traces = new Uint32Array(columns * rows);
    const failed = new Uint32Array(columns * rows);
    for (const [i, duration] of this.#durations.entries()) {
      const column = within(((this.#starts[i] as number) - from) / perColumn, columns);
      const row = within(Math.log10(Math.max(duration, least) / least) / perRow, rows);
      const cell = column * rows + row;
      traces[cell] = (traces[cell] as number) + 1;
      if (this.#failed[i]) failed[cell] = (failed[cell] as number) + 1;
    }
    const cells: HeatCell[] = [];
    for (const [cell, count] of traces.entries()) {
      if (count === 0) continue;
      const column = Math.floor(cell / rows);
      cells.push({ column, row: cell - column * rows, traces: count, failed: failed[cell] as number });
    }
    return { start, end, least, most, cells, traces: this.#starts.length, failed: failed.reduce((a, b) => a + b, 0) };
  }

  /** At any time from the earliest to the latest trace whose clock can be right: what is old fills the map, too. */
  #timeRange(startMin: bigint | undefined, startMax: bigint | undefined, now: bigint): TimeRange {
    const endMax = startMax ?? now;
    let [first, last] = [Number(endMax), 0];
    for (const start of this.#starts) {
      if (start < EARLIEST_TIME || start > Number(endMax)) continue;
      first = Math.min(first, start);
      last = Math.max(last, start);
    }
    const open = startMin === undefined && startMax === undefined && last > 0;
    const start = startMin ?? BigInt(Math.floor(first)) - (open ? MARGIN_NS : 0n);
    const end = open ? BigInt(Math.ceil(last)) + MARGIN_NS : endMax;
    return { start, end: end > start ? end : start + 1n };
  }

  #decades(): [least: number, most: number] {
    let [shortest, longest] = [Number.POSITIVE_INFINITY, LEAST_NS];
    for (const duration of this.#durations) {
      if (duration < shortest) shortest = duration;
      if (duration > longest) longest = duration;
    }
    const least = 10 ** Math.floor(Math.log10(Math.max(LEAST_NS, Math.min(shortest, longest))) + 1e-12);
    return [least, Math.max(10 ** Math.ceil(Math.log10(longest) - 1e-12), least * 10)];
  }
}

/** The cell of a place on an axis of so many. */
function within(place: number, cells: number): number {
  return Math.min(cells - 1, Math.max(0, Math.floor(place)));
}
