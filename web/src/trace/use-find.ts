import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { findQuery } from "../api/queries.ts";
import { findByName, mergeRows } from "./model/find-rows.ts";
import { rowsOfSpans, type TraceModel } from "./model/trace-model.ts";
import type { TraceParams } from "./trace-params.ts";
import { useSettled } from "./use-settled.ts";

const NONE = new Int32Array(0);
const TYPING_MS = 150;

export interface Find {
  /** What stands in the field, ahead of the address while it is typed. */
  readonly text: string;
  /** Rows that hold it, ascending. */
  readonly rows: Int32Array;
  /** Attributes are still being looked through. */
  readonly searching: boolean;
  setText(text: string): void;
}

/** Find in the trace: names with every letter, attributes (and the address) once the typing rests. */
export function useFind(model: TraceModel, params: TraceParams, go: (params: TraceParams) => void): Find {
  const [draft, setText] = useState<string>();
  useSettled(draft, TYPING_MS, (typed) => {
    const { uiFind: _before, ...rest } = params;
    go(typed === "" ? rest : { ...rest, uiFind: typed });
    setText(undefined);
  });

  const text = draft ?? params.uiFind ?? "";
  const wanted = text.trim();
  const settled = draft === undefined || wanted === (params.uiFind ?? "").trim();
  const answer = useQuery(findQuery(model.columns.traceId, settled ? wanted : ""));
  const byName = useMemo(() => (wanted === "" ? NONE : findByName(model.columns, wanted)), [model, wanted]);
  const spanIds = settled ? answer.data?.spanIds : undefined;
  const rows = useMemo(
    () => (spanIds === undefined ? byName : mergeRows(byName, Int32Array.from(rowsOfSpans(model.columns, spanIds)))),
    [model, byName, spanIds],
  );
  return { text, rows, searching: wanted !== "" && (!settled || answer.isFetching), setText };
}
