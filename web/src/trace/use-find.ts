import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { findQuery } from "../api/queries.ts";
import { findByName, mergeRows } from "./find-rows.ts";
import { rowsOfSpans, type TraceModel } from "./trace-model.ts";

const NONE = new Int32Array(0);

/** Rows that hold the text: by name at once, by attribute as soon as the server has answered. */
export function useFind(
  model: TraceModel,
  text: string | undefined,
): { readonly rows: Int32Array; readonly searching: boolean } {
  const wanted = text?.trim() ?? "";
  const answer = useQuery(findQuery(model.columns.traceId, wanted));
  const byName = useMemo(() => (wanted === "" ? NONE : findByName(model.columns, wanted)), [model, wanted]);
  const rows = useMemo(() => {
    if (wanted === "" || answer.data === undefined) return byName;
    return mergeRows(byName, Int32Array.from(rowsOfSpans(model.columns, answer.data.spanIds)));
  }, [model, wanted, byName, answer.data]);
  return { rows, searching: wanted !== "" && answer.isFetching };
}
