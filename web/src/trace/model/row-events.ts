import type { TraceColumns } from "../../../../src/query/ui/columns-format.ts";

type EventColumns = Pick<TraceColumns, "eventRow">;

/** Where the events of a row stand among all: [from, to). */
export function eventsOfRow({ eventRow }: EventColumns, row: number): readonly [from: number, to: number] {
  const from = lowerBound(eventRow, row);
  let to = from;
  while (eventRow[to] === row) to++;
  return [from, to];
}

function lowerBound(rows: Uint32Array, row: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (rows[middle]! < row) low = middle + 1;
    else high = middle;
  }
  return low;
}
