import type { TraceLayout } from "./layout.ts";

/** What is folded before single rows are flipped; `depth` folds every span that many levels below its root. */
export type FoldBase =
  | { readonly kind: "none" }
  | { readonly kind: "all" }
  | { readonly kind: "service" }
  | { readonly kind: "depth"; readonly depth: number };

/** Base as it stands in the address: `all`, `service`, `d3`; undefined is none. Unknown text is none. */
export function parseFoldBase(text: string | undefined): FoldBase {
  if (text === "all" || text === "service") return { kind: text };
  const depth = text === undefined ? null : /^d(\d{1,6})$/.exec(text);
  return depth === null ? { kind: "none" } : { kind: "depth", depth: Number(depth[1]) };
}

export function foldBaseText(base: FoldBase): string | undefined {
  if (base.kind === "none") return undefined;
  return base.kind === "depth" ? `d${base.depth}` : base.kind;
}

/**
 * One flag a row: 1 where its children are hidden. Leaves are never folded. `service` folds a span when everything
 * below it belongs to its own service, which leaves the calls between services standing.
 */
export function foldRows(
  layout: TraceLayout,
  base: FoldBase,
  service: ArrayLike<number>,
  flippedRows: Iterable<number>,
): Uint8Array {
  const folded = new Uint8Array(layout.count);
  const { size, depth } = layout;
  if (base.kind === "service") {
    foldWithinService(layout, service, folded);
  } else if (base.kind !== "none") {
    const from = base.kind === "all" ? 0 : base.depth;
    for (let row = 0; row < layout.count; row++) if (size[row]! > 1 && depth[row]! >= from) folded[row] = 1;
  }
  for (const row of flippedRows) if (size[row] !== undefined && size[row]! > 1) folded[row]! ^= 1;
  return folded;
}

/**
 * The rows that are shown, in order; folded subtrees are skipped by their size, closed groups of siblings by where they
 * end (`closedGroups`), `hidden` rows alone.
 */
export function visibleRows(
  size: Int32Array,
  folded: Uint8Array,
  closed?: Int32Array,
  hidden?: Uint8Array,
): Int32Array {
  const visible = new Int32Array(size.length);
  let count = 0;
  for (let row = 0; row < size.length; ) {
    if (hidden === undefined || hidden[row] === 0) visible[count++] = row;
    const end = closed === undefined ? 0 : closed[row]!;
    row = end > 0 ? end : row + (folded[row] === 1 ? size[row]! : 1);
  }
  return visible.subarray(0, count);
}

/** Position of a row in an ascending list, or −1 where it is not in it: a fold hides it, no find text matches it. */
export function positionOf(rows: Int32Array, row: number): number {
  const at = lowerBound(rows, row);
  return rows[at] === row ? at : -1;
}

/** Position of the row, or of the folded ancestor that hides it. */
export function nearestPosition(visible: Int32Array, row: number): number {
  const at = lowerBound(visible, row);
  return visible[at] === row ? at : Math.max(0, at - 1);
}

/** How many of the rows in an ascending list lie in [from, end). */
export function countBetween(rows: Int32Array, from: number, end: number): number {
  return lowerBound(rows, end) - lowerBound(rows, from);
}

/** The folded ancestors of a row: those to unfold so that it shows. */
export function foldedAncestors(layout: TraceLayout, folded: Uint8Array, row: number): number[] {
  const rows: number[] = [];
  for (let r = layout.parent[row] ?? -1; r >= 0; r = layout.parent[r]!) if (folded[r] === 1) rows.push(r);
  return rows;
}

function foldWithinService(layout: TraceLayout, service: ArrayLike<number>, folded: Uint8Array): void {
  const mixed = new Uint8Array(layout.count);
  for (let row = layout.count - 1; row >= 0; row--) {
    if (mixed[row] === 0 && layout.size[row]! > 1) folded[row] = 1;
    const above = layout.parent[row]!;
    if (above < 0) continue;
    if (mixed[row] === 1 || service[row] !== service[above]) mixed[above] = 1;
  }
}

function lowerBound(sorted: Int32Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** One level less or more than what is shown now. */
export function foldLevel(base: FoldBase, maxDepth: number, change: 1 | -1): FoldBase {
  const now = base.kind === "depth" ? base.depth : base.kind === "all" ? 0 : maxDepth;
  const next = Math.max(0, now + change);
  if (next >= maxDepth) return { kind: "none" };
  return next === 0 ? { kind: "all" } : { kind: "depth", depth: next };
}
