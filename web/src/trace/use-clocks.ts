import { useMemo } from "react";
import { clockSkew } from "../../../src/query/analysis/clock-skew.ts";
import { correctedColumns } from "./model/corrected-columns.ts";
import { buildTraceModel, type TraceModel } from "./model/trace-model.ts";

/** A trace as its times are shown, and by how much the clocks of its services differ, where they do. */
export interface TraceByClocks {
  readonly model: TraceModel;
  /** ns. */
  readonly skewNano: number | undefined;
}

/** The trace as it was sent, or with the differences of its clocks taken off. */
export function useClocks(sent: TraceModel, corrected: boolean): TraceByClocks {
  const skew = useMemo(() => clockSkew(sent.columns), [sent]);
  const model = useMemo(
    () => (skew === undefined || !corrected ? sent : buildTraceModel(correctedColumns(sent.columns, skew.ahead))),
    [sent, skew, corrected],
  );
  return { model, skewNano: skew?.largestNano };
}
