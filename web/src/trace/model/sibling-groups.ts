import type { TraceColumns } from "../../../../src/query/ui/columns-format.ts";
import type { TraceLayout } from "./layout.ts";

/** Siblings in a row that are alike make a group from this many on, and levels with one child each. */
const LEAST_GROUP = 5;
const LEAST_CHAIN = 24;

/**
 * Siblings that follow each other with the same service and operation, what asks for one thing many times (N+1) leaves;
 * or a chain, levels one below the other each of which has one child.
 */
export interface SiblingGroup {
  readonly kind: "siblings" | "chain";
  /** Row of the first sibling or level, which stands for all of them where the group is closed. */
  readonly head: number;
  readonly members: number;
  /** The row after the last sibling and all below it, or after the last level. */
  readonly end: number;
  /** Of the members, ns: their durations summed up, the least, the middle and the longest. */
  readonly total: number;
  readonly least: number;
  readonly median: number;
  readonly longest: number;
  /** When the first began and the last ended, ns after the start of the trace. */
  readonly from: number;
  readonly to: number;
}

export interface SiblingGroups {
  /** By their heads, ascending. */
  readonly list: readonly SiblingGroup[];
  /** Group of each sibling by its position in the list, −1 for rows of none; undefined where there are no groups. */
  readonly ofRow: Int32Array | undefined;
}

type GroupColumns = Pick<TraceColumns, "service" | "name" | "start" | "duration">;

/** Every group of a trace, in one pass over its rows. Spans without a parent have no siblings. */
export function siblingGroups(columns: GroupColumns, layout: TraceLayout): SiblingGroups {
  const { parent, size, count } = layout;
  const { service, name } = columns;
  const list: SiblingGroup[] = [];
  let ofRow: Int32Array | undefined;
  /** Rows that are known to go on with the run of the sibling before them. */
  const follows = new Uint8Array(count);
  for (let head = 0; head < count; head++) {
    const above = parent[head]!;
    if (above < 0 || follows[head] === 1) continue;
    let members = 1;
    let next = head + size[head]!;
    while (next < count && parent[next] === above && service[next] === service[head] && name[next] === name[head]) {
      follows[next] = 1;
      members++;
      next += size[next]!;
    }
    const levels = members === 1 ? chainLength(layout, head) : 0;
    if (members < LEAST_GROUP && levels < LEAST_CHAIN) continue;
    ofRow ??= new Int32Array(count).fill(-1);
    if (levels >= LEAST_CHAIN) {
      ofRow.fill(list.length, head, head + levels);
      const times = timesOf(columns, head, levels, () => 1);
      list.push({ kind: "chain", head, members: levels, end: head + levels, ...times });
      continue;
    }
    for (let row = head; row < next; row += size[row]!) ofRow[row] = list.length;
    const times = timesOf(columns, head, members, (row) => size[row]!);
    list.push({ kind: "siblings", head, members, end: next, ...times });
  }
  return { list, ofRow };
}

/** How many levels from a row on have one child each; 0 where the row goes on with the chain above it. */
function chainLength({ parent, size }: TraceLayout, head: number): number {
  const isOnly = (row: number) => parent[row]! >= 0 && size[parent[row]!]! - 1 === size[row];
  if (!isOnly(head) || isOnly(parent[head]!)) return 0;
  let row = head;
  while (size[row]! > 1 && size[row]! - 1 === size[row + 1]) row++;
  return row - head;
}

/** The group that a row is one of, or undefined. */
export function groupOf({ list, ofRow }: SiblingGroups, row: number): SiblingGroup | undefined {
  return list[ofRow?.[row] ?? -1];
}

/** The group whose first sibling the row is, or undefined. */
export function groupOfHead(groups: SiblingGroups, row: number): SiblingGroup | undefined {
  const group = groupOf(groups, row);
  return group?.head === row ? group : undefined;
}

/** @param step to the next member */
function timesOf({ start, duration }: GroupColumns, head: number, members: number, step: (row: number) => number) {
  const durations = new Float64Array(members);
  let [total, from, to] = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0, row = head; i < members; i++, row += step(row)) {
    durations[i] = duration[row]!;
    total += duration[row]!;
    from = Math.min(from, start[row]!, start[row]! + duration[row]!);
    to = Math.max(to, start[row]!, start[row]! + duration[row]!);
  }
  durations.sort();
  const [least, median, longest] = [durations[0]!, durations[members >> 1]!, durations[members - 1]!];
  return { total, least, median, longest, from, to };
}
