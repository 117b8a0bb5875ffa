import { useMemo } from "react";
import { type FoldBase, foldBaseText, foldedAncestors, foldRows, parseFoldBase, visibleRows } from "./folding.ts";
import { rowOfSpan, rowsOfSpans, spanIdOf, type TraceModel } from "./trace-model.ts";
import type { TraceParams } from "./trace-params.ts";

export interface Folding {
  readonly base: FoldBase;
  readonly folded: Uint8Array;
  readonly visible: Int32Array;
  /** Address parts after flipping one row's fold. */
  flip(row: number): TraceParams;
  /** Address parts after unfolding whatever hides a row; undefined where nothing does. */
  show(row: number): TraceParams | undefined;
  /** Address parts for another base, single flips forgotten. */
  withBase(base: FoldBase): TraceParams;
}

/** What the address folds, as flags and visible rows, and how to change it. */
export function useFolding(model: TraceModel, params: TraceParams): Folding {
  const { fold, flip } = params;
  const state = useMemo(() => {
    const base = parseFoldBase(fold);
    const ids = flip === undefined ? [] : flip.split(".");
    const folded = foldRows(model.layout, base, model.columns.service, rowsOfSpans(model.columns, ids));
    return { base, ids, folded, visible: visibleRows(model.layout.size, folded) };
  }, [model, fold, flip]);
  const { base, ids, folded, visible } = state;
  const withFlips = (rows: readonly number[]): TraceParams => {
    const next = new Set(ids);
    for (const row of rows) {
      const id = spanIdOf(model.columns, row);
      if (!next.delete(id)) next.add(id);
    }
    const { flip: _before, ...rest } = params;
    return next.size === 0 ? rest : { ...rest, flip: [...next].join(".") };
  };
  return {
    base,
    folded,
    visible,
    flip: (row) => withFlips([row]),
    show: (row) => {
      const rows = foldedAncestors(model.layout, folded, row);
      return rows.length === 0 ? undefined : withFlips(rows);
    },
    withBase: (next) => {
      const { flip: _flip, fold: _fold, ...rest } = params;
      const text = foldBaseText(next);
      return text === undefined ? rest : { ...rest, fold: text };
    },
  };
}

/** Row of the span that the address opens, −1 for none or one that is not in the trace. */
export function useSelectedRow(model: TraceModel, span: string | undefined): number {
  return useMemo(() => (span === undefined ? -1 : rowOfSpan(model.columns, span)), [model, span]);
}

/** One level less or more than what is shown now. */
export function foldLevel(base: FoldBase, maxDepth: number, change: 1 | -1): FoldBase {
  const now = base.kind === "depth" ? base.depth : base.kind === "all" ? 0 : maxDepth;
  const next = Math.max(0, now + change);
  if (next >= maxDepth) return { kind: "none" };
  return next === 0 ? { kind: "all" } : { kind: "depth", depth: next };
}
