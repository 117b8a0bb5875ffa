import { PermanentError } from "../../component/errors.ts";
import type { TraceReader, ViewResult } from "../../component/read.ts";
import type { HeatQuery } from "../../model/metrics-query.ts";
import { JSON_TYPE } from "../jaeger/envelope.ts";
import { jsonBytes } from "../json-writer.ts";
import { intParam, type QueryParams } from "../params.ts";
import { parseTraceqlSearch } from "../traceql-params.ts";
import type { UiHeatMap } from "./api-types.ts";

const MAX_COLUMNS = 500;
const MAX_ROWS = 100;
const DEFAULT_COLUMNS = 120;
const DEFAULT_ROWS = 24;
/** A page waits for it beside its results. */
const BUDGET_MS = 2_000;

/** `nowMs` is the wall clock in ms since the epoch. */
export function parseHeatParams(params: QueryParams, nowMs: number): HeatQuery {
  const now = BigInt(nowMs) * 1_000_000n;
  return {
    query: parseTraceqlSearch(params, now),
    now,
    columns: intParam(params, "columns", 1, MAX_COLUMNS) ?? DEFAULT_COLUMNS,
    rows: intParam(params, "rows", 1, MAX_ROWS) ?? DEFAULT_ROWS,
    budgetMs: BUDGET_MS,
  };
}

export async function heatMap(reader: TraceReader, asked: HeatQuery, signal: AbortSignal): Promise<ViewResult> {
  if (reader.heat === undefined) throw new PermanentError("bad_request", "this store makes no heat maps");
  const found = await reader.heat(asked, signal);
  const { start, end, least, most, cells, traces, failed, complete, reason, searchedBackTo } = found;
  const answer: UiHeatMap = {
    startUnixNano: start.toString(),
    endUnixNano: end.toString(),
    columns: asked.columns,
    leastNano: least,
    mostNano: most,
    rows: asked.rows,
    cells: cells.map((cell) => [cell.column, cell.row, cell.traces, cell.failed]),
    traces,
    failed,
    complete,
    ...(reason === undefined ? {} : { reason }),
    ...(searchedBackTo === undefined ? {} : { searchedBackToUnixNano: searchedBackTo.toString() }),
  };
  const incomplete = reason === undefined ? {} : { incomplete: reason };
  return { status: 200, contentType: JSON_TYPE, body: jsonBytes(answer), ...incomplete };
}
