import type { TraceLayout } from "../model/layout.ts";
import type { MergedPairs } from "../model/pairs.ts";

/** Of a level, CSS pixels. */
const MAX_INDENT = 14;
/** Levels that would be indented by less are indented by what is on screen. */
const LEAST_INDENT = 6;

/** How rows are indented. */
export interface Indent {
  /** Of a step, CSS pixels. */
  readonly width: number;
  /** Steps of a row by its depth. */
  steps(depth: number): number;
  /** Whether rows say their level, as steps do not tell it. */
  readonly numbered: boolean;
  /** Another one where rows are to be drawn anew. */
  readonly key: string;
}

interface IndentedRows {
  readonly model: { readonly layout: TraceLayout };
  readonly merged: MergedPairs | undefined;
  readonly visible: Int32Array;
}

/**
 * The indent of the rows at [first, end) of those that are shown: a step for each level; in a trace too deep for that,
 * a step for each depth that is on screen, so that neither what lies above nor a closed chain takes room.
 */
export function indentOf({ model, merged, visible }: IndentedRows, first: number, end: number, room: number): Indent {
  const { maxDepth } = model.layout;
  if (maxDepth * LEAST_INDENT <= room) {
    const width = Math.min(MAX_INDENT, room / Math.max(1, maxDepth));
    return { width, steps: (depth) => depth, numbered: false, key: String(width) };
  }
  const { depth } = merged ?? model.layout;
  const shown = new Set<number>();
  for (let position = first; position < end; position++) shown.add(depth[visible[position]!]!);
  const depths = [...shown].sort((a, b) => a - b);
  const steps = new Map(depths.map((one, step) => [one, step]));
  const width = Math.min(MAX_INDENT, room / Math.max(1, depths.length - 1));
  return { width, steps: (one) => steps.get(one) ?? 0, numbered: true, key: `${width} ${depths.join()}` };
}
