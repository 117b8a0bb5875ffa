/** The shape of a trace's tree; every array is indexed by row, rows are in pre-order. */
export interface TraceLayout {
  readonly count: number;
  /** Row of the parent, −1 for roots and orphans. */
  readonly parent: Int32Array;
  /** 0 for roots and orphans. */
  readonly depth: Int32Array;
  /** Rows of the subtree, the row itself included: the next sibling is `row + size[row]`. */
  readonly size: Int32Array;
  readonly maxDepth: number;
  readonly roots: number;
}

/**
 * Depths and subtree sizes in two passes, once a trace; `parent` holds smaller rows, or any negative number for none.
 */
export function layoutTrace(parent: Int32Array): TraceLayout {
  const count = parent.length;
  const depth = new Int32Array(count);
  const size = new Int32Array(count).fill(1);
  const above = new Int32Array(count);
  let maxDepth = 0;
  let roots = 0;
  for (let row = 0; row < count; row++) {
    const p = parent[row]! < 0 ? -1 : parent[row]!;
    above[row] = p;
    if (p < 0) roots++;
    else depth[row] = depth[p]! + 1;
    if (depth[row]! > maxDepth) maxDepth = depth[row]!;
  }
  for (let row = count - 1; row >= 0; row--) {
    const p = above[row]!;
    if (p >= 0) size[p]! += size[row]!;
  }
  return { count, parent: above, depth, size, maxDepth, roots };
}

/** Rows from the root down to the row itself. */
export function pathTo(layout: TraceLayout, row: number): number[] {
  const path: number[] = [];
  for (let r = row; r >= 0; r = layout.parent[r]!) path.push(r);
  return path.reverse();
}
