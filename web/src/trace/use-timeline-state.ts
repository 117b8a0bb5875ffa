import { useMemo } from "react";
import { type FoldBase, foldBaseText, foldedAncestors, foldRows, parseFoldBase, visibleRows } from "./model/folding.ts";
import { closedAround, closedGroups, openGroupsText, parseOpenGroups } from "./model/group-folding.ts";
import { pathTo } from "./model/layout.ts";
import { type MergedPairs, mergePairs } from "./model/pairs.ts";
import { rowsOfServices } from "./model/service-filter.ts";
import { rowOfSpan, rowsOfSpans, serviceOfRow, spanIdOf, type TraceModel } from "./model/trace-model.ts";
import type { TraceParams } from "./trace-params.ts";

const NONE: readonly string[] = [];

export interface Folding {
  readonly base: FoldBase;
  readonly folded: Uint8Array;
  /** Ends of the closed groups of siblings, by their heads' rows; undefined where none is closed. */
  readonly closed: Int32Array | undefined;
  readonly visible: Int32Array;
  /** Undefined where clients and servers have rows of their own. */
  readonly merged: MergedPairs | undefined;
  /** Address parts after flipping one row's fold. */
  flip(row: number): TraceParams;
  /** Address parts after opening or closing the group of siblings that begins with a row. */
  flipGroup(head: number): TraceParams;
  /** Address parts after unfolding and opening whatever hides a row; undefined where nothing does. */
  show(row: number): TraceParams | undefined;
  readonly allGroupsOpen: boolean;
  /** Address parts for all groups open, or all closed. */
  withGroups(open: boolean): TraceParams;
  /** Address parts for another base, single flips forgotten; without a base all groups are open, else closed. */
  withBase(base: FoldBase): TraceParams;
}

/** What the address folds, as flags and visible rows, and how to change it. */
export function useFolding(model: TraceModel, params: TraceParams): Folding {
  const { only, hide } = params;
  const { base, ids, folded, shown, open, closed, visible, merged } = useFoldState(model, params);
  const flipped = (before: readonly string[], rows: readonly number[]): string[] => {
    const next = new Set(before);
    for (const row of rows) {
      const id = spanIdOf(model.columns, row);
      if (!next.delete(id)) next.add(id);
    }
    return [...next];
  };
  const withFlips = (rows: readonly number[], heads: readonly number[]): TraceParams => {
    const { flip: _flip, groups: _groups, ...rest } = params;
    const rowIds = flipped(ids, rows);
    const groupText = openGroupsText({ all: open.all, flipped: flipped(open.flipped, heads) });
    return {
      ...rest,
      ...(rowIds.length > 0 && { flip: rowIds.join(".") }),
      ...(groupText !== undefined && { groups: groupText }),
    };
  };
  return {
    base,
    folded: shown,
    closed,
    visible,
    merged,
    flip: (row) => {
      const rows = merged === undefined ? [row] : [row, model.servers[row]!].filter((one) => one >= 0);
      // A row that stands for two is unfolded in both, and folded in its own.
      return withFlips(shown[row] === 1 ? rows.filter((one) => folded[one] === 1) : [row], []);
    },
    allGroupsOpen: open.all && open.flipped.length === 0,
    withGroups: (all) => {
      const { groups: _groups, ...rest } = params;
      return all ? { ...rest, groups: "all" } : rest;
    },
    flipGroup: (head) => withFlips([], [head]),
    show: (row) => {
      const rows = foldedAncestors(model.layout, folded, row);
      const heads = closedAround(model.groups, closed, pathTo(model.layout, row));
      const name = serviceOfRow(model.columns, row);
      const filtered = hide?.includes(name) === true || (only !== undefined && only !== name);
      if (rows.length + heads.length === 0 && !filtered) return undefined;
      const { only: _only, hide: _hide, ...unfiltered } = withFlips(rows, heads);
      return filtered ? unfiltered : withFlips(rows, heads);
    },
    withBase: (next) => {
      const { flip: _flip, fold: _fold, groups: _groups, ...rest } = params;
      const text = foldBaseText(next);
      if (text !== undefined) return { ...rest, fold: text };
      return model.groups.list.length === 0 ? rest : { ...rest, groups: "all" };
    },
  };
}

/** What follows from the address until it or the trace changes. */
function useFoldState(model: TraceModel, params: TraceParams) {
  const { fold, flip, groups, pairs, only, hide } = params;
  const merged = useMemo(
    () => (pairs === "merged" ? mergePairs(model.servers, model.layout) : undefined),
    [model, pairs],
  );
  const state = useMemo(() => {
    const base = parseFoldBase(fold);
    const ids = flip === undefined ? [] : flip.split(".");
    const folded = foldRows(model.layout, base, model.columns.service, rowsOfSpans(model.columns, ids));
    const open = parseOpenGroups(groups);
    const closed = closedGroups(model.groups, open.all, rowsOfSpans(model.columns, open.flipped));
    const visible = visibleRows(model.layout.size, folded, closed, merged?.hidden);
    const shown = merged === undefined ? folded : foldedTogether(folded, model.servers);
    return { base, ids, folded, shown, open, closed, visible };
  }, [model, fold, flip, groups, merged]);
  const visible = useMemo(
    () => rowsOfServices(model.columns, state.visible, { only, hidden: hide ?? NONE }),
    [model, state.visible, only, hide],
  );
  return { ...state, visible, merged };
}

/** Folds of clients whose rows stand for their servers too. */
function foldedTogether(folded: Uint8Array, servers: Int32Array): Uint8Array {
  const together = folded.slice();
  for (let row = 0; row < servers.length; row++) {
    const server = servers[row]!;
    if (server >= 0 && folded[server] === 1) together[row] = 1;
  }
  return together;
}

/** Row of the span that the address opens, −1 for none or one that is not in the trace. */
export function useSelectedRow(model: TraceModel, span: string | undefined): number {
  return useMemo(() => (span === undefined ? -1 : rowOfSpan(model.columns, span)), [model, span]);
}
