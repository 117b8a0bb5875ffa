import type { CriticalPath } from "../../../../src/query/analysis/critical-path.ts";
import type { TimeWindow } from "../../format/time-scale.ts";
import type { MergedPairs } from "../model/pairs.ts";
import type { TraceModel } from "../model/trace-model.ts";
import type { UsualOfRow } from "../model/usual-of-row.ts";

/** CSS pixels. */
export const BAR_HEIGHT = 12;

/** What is painted of a trace's bars. */
export interface BarScene {
  readonly model: TraceModel;
  readonly visible: Int32Array;
  /** Ends of the closed groups of siblings, by their heads' rows; undefined where none is closed. */
  readonly closed: Int32Array | undefined;
  /** Where servers stand in the rows of their clients. */
  readonly merged: MergedPairs | undefined;
  readonly window: TimeWindow;
  readonly usual: UsualOfRow | undefined;
  /** Undefined where the trace has none, and while it is not made yet. */
  readonly path: CriticalPath | undefined;
  /** Scroll position and row height, CSS pixels. */
  readonly scrollTop: number;
  readonly rowHeight: number;
  /** Of the time axis; the canvas is wider by the gutters. */
  readonly width: number;
  readonly height: number;
}
