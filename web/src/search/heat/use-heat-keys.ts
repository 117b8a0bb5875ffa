import { type KeyboardEvent, useState } from "react";
import { formatDuration } from "../../../../src/model/duration-text.ts";
import type { UiHeatMap } from "../../../../src/query/ui/api-types.ts";
import { counted, formatCount } from "../../format/count.ts";
import { formatAbsolute, formatClock } from "../../format/time.ts";
import { type MarkedCells, markedAfter, markedBox, markedTraces } from "./heat-keys.ts";
import { cellBounds } from "./heat-scale.ts";
import type { Box, PlotSize } from "./heat-selection.ts";

/** Cells are marked by the cursor keys; Enter searches for what they hold, Escape marks nothing. */
export function useHeatKeys(map: UiHeatMap, size: PlotSize, onBox: (box: Box) => void) {
  const [marked, setMarked] = useState<MarkedCells>();
  const clear = () => setMarked(undefined);
  const onKeyDown = (event: KeyboardEvent) => {
    const next = markedAfter(map, marked, event);
    if (next !== undefined) setMarked(next);
    else if (event.key === "Enter" && marked !== undefined && markedTraces(map, marked).traces > 0) {
      clear();
      onBox(markedBox(map, size, marked));
    } else if (event.key === "Escape" && marked !== undefined) clear();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return { marked, words: marked === undefined ? "" : markedWords(map, marked), onKeyDown, onBlur: clear };
}

/** What is marked, for who does not see it. */
function markedWords(map: UiHeatMap, marked: MarkedCells): string {
  const { anchor, at } = marked;
  const first = cellBounds(map, Math.min(anchor.column, at.column), Math.min(anchor.row, at.row));
  const last = cellBounds(map, Math.max(anchor.column, at.column), Math.max(anchor.row, at.row));
  const { traces, failed } = markedTraces(map, marked);
  const errors = failed === 0 ? "" : `, ${formatCount(failed)} with errors`;
  const durations = `${formatDuration(first.leastNs)} to ${formatDuration(last.mostNs)}`;
  const times = `${formatAbsolute(first.fromMs).slice(0, -4)} to ${formatClock(last.toMs).slice(0, 8)}`;
  return `${counted(traces, "trace")}${errors}: ${durations}, ${times}`;
}
