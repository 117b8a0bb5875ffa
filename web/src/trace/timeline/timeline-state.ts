import type { TimeWindow } from "../../format/time-scale.ts";
import type { MergedPairs } from "../model/pairs.ts";
import type { TraceModel } from "../model/trace-model.ts";
import type { UsualOfRow } from "../model/usual-of-row.ts";

/** All that the timeline shows; handed over whole, compared part by part. */
export interface TimelineState {
  readonly model: TraceModel;
  readonly visible: Int32Array;
  readonly folded: Uint8Array;
  /** Ends of the closed groups of siblings, by their heads' rows; undefined where none is closed. */
  readonly closed: Int32Array | undefined;
  readonly window: TimeWindow;
  /** Row of the open span, −1 for none. */
  readonly selected: number;
  /** Where servers stand in the rows of their clients. */
  readonly merged: MergedPairs | undefined;
  /** Rows the find text matches, ascending. */
  readonly matches: Int32Array;
  /** What is usual for a row's operation, where it is known. */
  readonly usual: UsualOfRow | undefined;
  /** Width of the name column in CSS pixels. */
  readonly nameWidth: number;
}

export interface TimelineEvents {
  open(row: number): void;
  close(): void;
  toggle(row: number): void;
  /** Opens or closes the group of siblings that begins with the row. */
  toggleGroup(head: number): void;
  zoom(window: TimeWindow): void;
}
