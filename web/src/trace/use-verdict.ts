import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { UiVerdict } from "../../../src/query/ui/api-types.ts";
import { verdictQuery } from "../api/queries.ts";
import type { TraceModel } from "./model/trace-model.ts";
import { type UsualOfRow, usualOfRows } from "./model/usual-of-row.ts";

/** The verdict on a trace and the usual times of its operations, when they have arrived. */
export function useVerdict({ columns }: TraceModel): {
  readonly verdict: UiVerdict | undefined;
  readonly usual: UsualOfRow | undefined;
} {
  const { data } = useQuery(verdictQuery(columns.traceId, columns.count));
  const usual = useMemo(
    () => (data === undefined || data.usual.length === 0 ? undefined : usualOfRows(columns, data.usual)),
    [data, columns],
  );
  return { verdict: data, usual };
}
