import { SPAN_KIND_NAMES } from "../../../../src/model/span.ts";
import type { Usual } from "../../../../src/query/analysis/usual.ts";
import type { UiUsual } from "../../../../src/query/ui/api-types.ts";
import type { TraceColumns } from "../../../../src/query/ui/columns-format.ts";
import { operationOf, serviceOfRow } from "./trace-model.ts";

/** What is usual for the operation of a row; undefined where too little is known. */
export type UsualOfRow = (row: number) => Usual | undefined;

export function usualOfRows(columns: TraceColumns, known: readonly UiUsual[]): UsualOfRow {
  const keyOf = (kind: string, service: string, name: string) => `${kind}\0${service}\0${name}`;
  const times = new Map(known.map((one) => [keyOf(one.kind, one.service, one.name), one]));
  return (row) =>
    times.get(keyOf(SPAN_KIND_NAMES[columns.kind[row] as 0], serviceOfRow(columns, row), operationOf(columns, row)));
}
