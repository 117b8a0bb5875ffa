import type { AnalysedTrace } from "./analysed-trace.ts";

/** What held the root up. Arrays are indexed by row; ns. */
export interface CriticalPath {
  /** Time on the path of the span with all below it; of the root its duration. */
  readonly whole: Float64Array;
  /** Time on the path of the span itself: nothing below it ran then. Sums up to the root's duration. */
  readonly own: Float64Array;
  /** The times that `own` sums up. */
  readonly pieces: PathPieces;
}

/** When spans themselves were on the path: [from, to) in ns. */
export interface PathPieces {
  readonly from: readonly number[];
  readonly to: readonly number[];
  /** Where the pieces of a row begin, and how many there are. */
  readonly first: Int32Array;
  readonly size: Int32Array;
}

/**
 * The critical path of a root: from its end backwards, the child that ended last was waited for, before that began the
 * one that had ended last by then, and so on; what no child covers is the span's own. Children are cut to what lies
 * inside their parent's part. Without recursion, O(n log n).
 */
export function criticalPath(
  trace: Pick<AnalysedTrace, "count" | "parent" | "start" | "duration">,
  root: number,
): CriticalPath {
  const { count, start, duration } = trace;
  const whole = new Float64Array(count);
  const own = new Float64Array(count);
  const pieces = {
    from: [] as number[],
    to: [] as number[],
    first: new Int32Array(count),
    size: new Int32Array(count),
  };
  const addPiece = (row: number, from: number, to: number) => {
    if (to <= from) return;
    if (pieces.size[row] === 0) pieces.first[row] = pieces.from.length;
    pieces.size[row] = (pieces.size[row] as number) + 1;
    pieces.from.push(from);
    pieces.to.push(to);
    own[row] = (own[row] as number) + (to - from);
  };
  const children = childrenByEnd(trace);
  const endOf = (row: number) => (start[row] as number) + Math.max(0, duration[row] as number);
  const stack: { readonly row: number; readonly from: number; readonly to: number }[] = [
    { row: root, from: start[root] as number, to: endOf(root) },
  ];
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    const { row, from, to } = at;
    whole[row] = to - from;
    let left = to;
    for (const child of children.of(row)) {
      const ends = Math.min(endOf(child), left);
      const begins = Math.max(start[child] as number, from);
      if (ends <= begins) continue;
      addPiece(row, ends, left);
      stack.push({ row: child, from: begins, to: ends });
      left = begins;
      if (left <= from) break;
    }
    addPiece(row, from, left);
  }
  return { whole, own, pieces };
}

/** The children of every row, those that ended last first. */
function childrenByEnd({
  count,
  parent,
  start,
  duration,
}: Pick<AnalysedTrace, "count" | "parent" | "start" | "duration">) {
  const first = new Uint32Array(count + 1);
  for (let row = 0; row < count; row++) {
    const up = parent[row] as number;
    if (up >= 0) first[up + 1] = (first[up + 1] as number) + 1;
  }
  for (let row = 0; row < count; row++) first[row + 1] = (first[row + 1] as number) + (first[row] as number);
  const filled = first.slice();
  const rows = new Uint32Array(first[count] as number);
  for (let row = 0; row < count; row++) {
    const up = parent[row] as number;
    if (up < 0) continue;
    rows[filled[up] as number] = row;
    filled[up] = (filled[up] as number) + 1;
  }
  const end = (row: number) => (start[row] as number) + Math.max(0, duration[row] as number);
  const of = (row: number) =>
    rows
      .subarray(first[row], first[row + 1])
      .sort((a, b) => end(b) - end(a) || (start[b] as number) - (start[a] as number));
  return { of };
}
