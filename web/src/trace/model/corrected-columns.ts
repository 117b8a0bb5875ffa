import { SPAN_MARK } from "../../../../src/model/span.ts";
import type { TraceColumns } from "../../../../src/query/ui/columns-format.ts";

/**
 * The trace with each row's start less what its clock is `ahead`, ns: rows are in pre-order by the new starts, and the
 * base is the earliest of them.
 */
export function correctedColumns(columns: TraceColumns, ahead: Float64Array): TraceColumns {
  const start = columns.start.map((time, row) => time - ahead[row]!);
  const order = preOrder(columns, start);
  const place = new Int32Array(columns.count);
  for (const [at, row] of order.entries()) place[row] = at;
  let [earliest, latest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let row = 0; row < columns.count; row++) {
    if ((columns.marks[row]! & SPAN_MARK.impossibleTime) !== 0) continue;
    earliest = Math.min(earliest, start[row]!);
    latest = Math.max(latest, start[row]! + columns.duration[row]!);
  }
  const shift = Number.isFinite(earliest) ? Math.round(earliest) : 0;
  const parent = columns.parent.map((_, at) => {
    const up = columns.parent[order[at]!]!;
    return up < 0 ? up : place[up]!;
  });
  return {
    ...columns,
    baseStartNano: columns.baseStartNano + BigInt(shift),
    durationNano: Number.isFinite(latest) ? latest - shift : columns.durationNano,
    start: start.map((_, at) => start[order[at]!]! - shift),
    duration: inOrder(columns.duration, order),
    parent,
    service: inOrder(columns.service, order),
    name: inOrder(columns.name, order),
    label: inOrder(columns.label, order),
    attributeCount: inOrder(columns.attributeCount, order),
    eventCount: inOrder(columns.eventCount, order),
    linkCount: inOrder(columns.linkCount, order),
    kind: inOrder(columns.kind, order),
    status: inOrder(columns.status, order),
    marks: inOrder(columns.marks, order),
    spanIds: idsInOrder(columns.spanIds, order),
    ...missingInOrder(columns, place),
    ...eventsInOrder(columns, place, (row) => ahead[row]! + shift),
  };
}

/** Rows by the order in which they stand then: a span, then its children by start, each with its own. */
function preOrder({ count, parent }: TraceColumns, start: Float64Array): Int32Array {
  const children = new Map<number, number[]>();
  for (let row = 0; row < count; row++) {
    const up = Math.max(-1, parent[row]!);
    const list = children.get(up);
    if (list === undefined) children.set(up, [row]);
    else list.push(row);
  }
  const order = new Int32Array(count);
  // The next row to take is the last; sorting is stable, and the list is taken from its end.
  const stack = (children.get(-1) ?? []).sort((a, b) => start[a]! - start[b]!).reverse();
  for (let at = 0; at < count; at++) {
    const row = stack.pop()!;
    order[at] = row;
    const below = children.get(row);
    if (below !== undefined)
      for (const child of below.sort((a, b) => start[a]! - start[b]!).reverse()) stack.push(child);
  }
  return order;
}

function inOrder<Column extends Float64Array | Uint32Array | Uint16Array | Uint8Array>(
  column: Column,
  order: Int32Array,
): Column {
  const moved = column.slice() as Column;
  for (let at = 0; at < order.length; at++) moved[at] = column[order[at]!]!;
  return moved;
}

function idsInOrder(ids: Uint8Array, order: Int32Array): Uint8Array {
  const moved = new Uint8Array(ids.length);
  for (let at = 0; at < order.length; at++) moved.set(ids.subarray(order[at]! * 8, order[at]! * 8 + 8), at * 8);
  return moved;
}

function missingInOrder({ missingRows, missingParentIds }: TraceColumns, place: Int32Array) {
  const order = Int32Array.from(missingRows.keys()).sort((a, b) => place[missingRows[a]!]! - place[missingRows[b]!]!);
  return {
    missingRows: Uint32Array.from(order, (i) => place[missingRows[i]!]!),
    missingParentIds: idsInOrder(missingParentIds, order),
  };
}

function eventsInOrder(columns: TraceColumns, place: Int32Array, aheadOf: (row: number) => number) {
  const { eventRow, eventTime, eventIsException } = columns;
  const order = Int32Array.from(eventRow.keys()).sort((a, b) => place[eventRow[a]!]! - place[eventRow[b]!]! || a - b);
  return {
    eventRow: Uint32Array.from(order, (i) => place[eventRow[i]!]!),
    eventTime: Float64Array.from(order, (i) => eventTime[i]! - aheadOf(eventRow[i]!)),
    eventIsException: Uint8Array.from(order, (i) => eventIsException[i]!),
  };
}
