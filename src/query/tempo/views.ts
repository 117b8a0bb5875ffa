import { PermanentError } from "../../component/errors.ts";
import type { TraceReader, ViewResult, ViewTable } from "../../component/read.ts";
import { hexToBytes } from "../../model/ids.ts";
import type { MetricsQuery } from "../../model/metrics-query.ts";
import { Gaps } from "../gaps.ts";
import { piecedAnswer } from "../pieced-answer.ts";
import { metricsPieces, partialText } from "./metrics-json.ts";
import type { TempoSearch } from "./search.ts";
import { searchPieces } from "./search-json.ts";
import { type TagNamesParams, type TagValuesParams, tagNames, tagValues } from "./tag-views.ts";
import { TRACE_TYPES, type TraceApi, type TraceEncoding, tracePieces } from "./trace-pieces.ts";

/** What the routes send with each view; all of it survives structured clone. */
export interface TempoViewParams {
  readonly "tempo.search": TempoSearch;
  /** An id of 32 lower-case hex digits. */
  readonly "tempo.trace": { readonly traceId: string; readonly api: TraceApi; readonly encoding: TraceEncoding };
  readonly "tempo.tags": TagNamesParams;
  readonly "tempo.values": TagValuesParams;
  readonly "tempo.metrics": { readonly query: MetricsQuery; readonly instant: boolean };
}

type Params<Name extends keyof TempoViewParams> = TempoViewParams[Name];

const JSON_TYPE = "application/json";

/** The answers of Tempo's HTTP API (its tempo.proto as protobuf's JSON, and its API page). */
export const tempoViews = {
  "tempo.search": search,
  "tempo.trace": trace,
  "tempo.tags": tagNames,
  "tempo.values": tagValues,
  "tempo.metrics": metrics,
} as const satisfies ViewTable;

async function search(reader: TraceReader, params: Params<"tempo.search">, signal: AbortSignal): Promise<ViewResult> {
  const { query, wanted } = params;
  const found = await reader.find(query, signal);
  const result = await piecedAnswer(JSON_TYPE, searchPieces(params, found));
  if (!found.complete) {
    return { ...result, incomplete: `the search saw only a part: ${found.reason ?? "it ended early"}` };
  }
  if (found.next !== undefined && query.limit < wanted) {
    return { ...result, incomplete: `no more than ${query.limit} traces come` };
  }
  const cut = found.traces.some(({ spanSets }) => spanSets?.some((set) => set.cut));
  return cut ? { ...result, incomplete: "fewer spans are shown than match: the answer had grown too large" } : result;
}

async function trace(
  reader: TraceReader,
  { traceId, api, encoding }: Params<"tempo.trace">,
  signal: AbortSignal,
): Promise<ViewResult> {
  const gaps = new Gaps();
  const fragments = await reader.trace(hexToBytes(traceId) as Uint8Array, signal, gaps.onGap);
  if (fragments.length === 0) {
    gaps.throwIfAny();
    throw new PermanentError("not_found", "trace not found");
  }
  const pieces = tracePieces(fragments, api, encoding, () => gaps.reason, signal);
  return { ...(await piecedAnswer(TRACE_TYPES[encoding], pieces)), ...gaps.mark };
}

async function metrics(
  reader: TraceReader,
  { query, instant }: Params<"tempo.metrics">,
  signal: AbortSignal,
): Promise<ViewResult> {
  if (reader.metrics === undefined) throw new PermanentError("unsupported", "this store makes no metrics of spans");
  const result = await reader.metrics(query, signal);
  const answer = await piecedAnswer(JSON_TYPE, metricsPieces(query, result, instant));
  return result.complete ? answer : { ...answer, incomplete: partialText(result) };
}
