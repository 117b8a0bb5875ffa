import { toTracesData } from "../../codec/mapping/placed-span.ts";
import { tracesToJson } from "../../codec/otlp/json/json-out.ts";
import { fragmentRecords } from "../../codec/otlp/message/fragment-records.ts";
import { PermanentError, throwIfAborted } from "../../component/errors.ts";
import type { LiveRequest } from "../../component/live.ts";
import type { TraceReader, ViewResult, ViewTable } from "../../component/read.ts";
import type { AttributeRange, FacetQuery, SelectionQuery } from "../../model/attribute-query.ts";
import { hexToBytes } from "../../model/ids.ts";
import type { LogFragment } from "../../model/log.ts";
import type { HeatQuery } from "../../model/metrics-query.ts";
import { SPAN_KIND_NAMES } from "../../model/span.ts";
import type { TraceQuery, TraceSummary } from "../../model/trace-query.ts";
import { Gaps } from "../gaps.ts";
import { JSON_TYPE } from "../jaeger/envelope.ts";
import { tracePieced } from "../jaeger/views.ts";
import { JsonWriter, jsonBytes } from "../json-writer.ts";
import { type AnswerPieces, PIECE_BYTES, piecedAnswer } from "../pieced-answer.ts";
import { formatPageKey } from "../search-params.ts";
import { shownId } from "../shown-id.ts";
import type {
  UiDependenciesResponse,
  UiLiveStep,
  UiSearchResponse,
  UiServicesResponse,
  UiTraceSummary,
} from "./api-types.ts";
import { encodeTraceColumns } from "./columns.ts";
import { COLUMNS_CONTENT_TYPE } from "./columns-format.ts";
import { type CompletionValuesParams, completionKeys, completionValues } from "./completion/completion.ts";
import { explainSelection } from "./explain-selection/explain-selection.ts";
import { type CallSeriesParams, callSeries } from "./external-calls/call-series.ts";
import { type ExternalCallsParams, externalCalls } from "./external-calls/external-calls.ts";
import { facets } from "./facets/facets.ts";
import { firstErrors, type RowError } from "./first-error.ts";
import { heatMap } from "./heat-map.ts";
import { linkedFrom } from "./linked-from.ts";
import { requireTrace, spanJson, spanPlace, spansThatHold } from "./one-trace.ts";
import { type RedParams, red } from "./red.ts";
import { uiColumns, uiSpansets } from "./span-sets.ts";
import { buildTraceTree } from "./trace-tree.ts";
import { type VerdictParams, verdict } from "./verdict.ts";

/** What the routes send with each view; all of it survives structured clone. Ids are lower-case hex at full length. */
export interface UiViewParams {
  readonly "ui.columns": { readonly traceId: string };
  readonly "ui.span": { readonly traceId: string; readonly spanId: string; readonly kind?: number };
  readonly "ui.spanPlace": { readonly traceId: string; readonly spanId: string };
  readonly "ui.find": { readonly traceId: string; readonly text: string };
  readonly "ui.linkedFrom": { readonly traceId: string };
  readonly "ui.verdict": VerdictParams;
  readonly "ui.download": { readonly traceId: string; readonly format: "otlp" | "jaeger" };
  readonly "ui.search": { readonly query: TraceQuery };
  readonly "ui.heatmap": HeatQuery;
  readonly "ui.explainSelection": SelectionQuery;
  readonly "ui.facets": FacetQuery;
  readonly "ui.completionKeys": Pick<AttributeRange, "startMin" | "startMax">;
  readonly "ui.completionValues": CompletionValuesParams;
  readonly "ui.live": LiveRequest;
  readonly "ui.services": Record<string, never>;
  /** ms since the epoch. */
  readonly "ui.dependencies": { readonly startMs: number; readonly endMs: number };
  readonly "ui.externalCalls": ExternalCallsParams;
  readonly "ui.callSeries": CallSeriesParams;
  readonly "ui.red": RedParams;
}

type Params<Name extends keyof UiViewParams> = UiViewParams[Name];

/** The answers of `/api/ui/…`; api-types.ts and columns-format.ts say what they hold. */
export const uiViews = {
  "ui.columns": columns,
  "ui.span": span,
  "ui.spanPlace": placeOfSpan,
  "ui.find": find,
  "ui.linkedFrom": linkedFrom,
  "ui.verdict": (reader, params: Params<"ui.verdict">, signal) =>
    verdict(reader, params, signal, (gaps) => requireTrace(reader, params.traceId, signal, gaps)),
  "ui.download": download,
  "ui.search": search,
  "ui.heatmap": heatMap,
  "ui.facets": facets,
  "ui.explainSelection": explainSelection,
  "ui.completionKeys": completionKeys,
  "ui.completionValues": completionValues,
  "ui.live": live,
  "ui.services": services,
  "ui.dependencies": dependencies,
  "ui.externalCalls": externalCalls,
  "ui.callSeries": callSeries,
  "ui.red": red,
} as const satisfies ViewTable;

async function columns(reader: TraceReader, params: Params<"ui.columns">, signal: AbortSignal): Promise<ViewResult> {
  const gaps = new Gaps();
  const fragments = await requireTrace(reader, params.traceId, signal, gaps);
  const body = encodeTraceColumns(
    hexToBytes(shownId(fragments, params.traceId)) as Uint8Array,
    fragments,
    buildTraceTree(fragments),
    await reader.servicePlaces?.(signal),
  );
  return { status: 200, contentType: COLUMNS_CONTENT_TYPE, body, ...gaps.mark };
}

async function span(reader: TraceReader, params: Params<"ui.span">, signal: AbortSignal): Promise<ViewResult> {
  const gaps = new Gaps();
  const fragments = await requireTrace(reader, params.traceId, signal, gaps);
  const text = spanJson(fragments, params.spanId, params.kind);
  if (text === undefined) {
    gaps.throwIfAny();
    throw new PermanentError("not_found", `span ${params.spanId} not found in trace ${params.traceId}`);
  }
  return { status: 200, contentType: "application/json", body: new TextEncoder().encode(text), ...gaps.mark };
}

async function placeOfSpan(
  reader: TraceReader,
  { traceId, spanId }: Params<"ui.spanPlace">,
  signal: AbortSignal,
): Promise<ViewResult> {
  const gaps = new Gaps();
  const fragments = await reader.trace(hexToBytes(traceId) as Uint8Array, signal, gaps.onGap);
  return { ...json(spanPlace(fragments, spanId)), ...gaps.mark };
}

async function find(reader: TraceReader, params: Params<"ui.find">, signal: AbortSignal): Promise<ViewResult> {
  const gaps = new Gaps();
  const fragments = await requireTrace(reader, params.traceId, signal, gaps);
  return { ...json(spansThatHold(fragments, params.text, signal)), ...gaps.mark };
}

async function download(reader: TraceReader, params: Params<"ui.download">, signal: AbortSignal): Promise<ViewResult> {
  const gaps = new Gaps();
  const fragments = await requireTrace(reader, params.traceId, signal, gaps);
  if (params.format === "otlp") {
    return { ...(await piecedAnswer(JSON_TYPE, otlpPieces(fragments, signal))), ...gaps.mark };
  }
  return tracePieced({ traceId: shownId(fragments, params.traceId), fragments, raw: true, gaps }, signal);
}

/** OTLP JSON, a fragment after the other. */
async function* otlpPieces(fragments: readonly LogFragment[], signal: AbortSignal): AnswerPieces {
  const otlp = new JsonWriter();
  otlp.raw('{"resourceSpans":[');
  for (const [index, fragment] of fragments.entries()) {
    throwIfAborted(signal);
    const text = tracesToJson(toTracesData(fragmentRecords(fragment)));
    const resourceSpans = text.slice(text.indexOf("[") + 1, text.lastIndexOf("]"));
    otlp.raw(index === 0 ? resourceSpans : `,${resourceSpans}`);
    if (otlp.length >= PIECE_BYTES) yield otlp.finish();
  }
  otlp.raw("]}");
  return otlp.finish();
}

async function search(reader: TraceReader, params: Params<"ui.search">, signal: AbortSignal): Promise<ViewResult> {
  const found = await reader.find({ ...params.query, outside: params.query.after === undefined }, signal);
  const errors = await firstErrors(reader, found.traces, signal);
  const fields = params.query.show?.fields ?? [];
  const answer = json<UiSearchResponse>({
    traces: found.traces.map((summary) => ({
      ...uiSummary(summary, errors.get(summary.traceId)),
      ...(summary.spanSets === undefined || fields.length === 0
        ? {}
        : { spanSets: uiSpansets(summary.spanSets, fields) }),
      ...(summary.columns === undefined ? {} : { columns: uiColumns(summary.columns) }),
    })),
    complete: found.complete,
    ...(found.reason === undefined ? {} : { reason: found.reason }),
    ...(found.searchedBackTo === undefined ? {} : { searchedBackToUnixNano: found.searchedBackTo.toString() }),
    ...(found.next === undefined ? {} : { next: formatPageKey(found.next) }),
    ...(found.total === undefined ? {} : { total: found.total }),
    ...(found.outside === undefined ? {} : { outside: found.outside }),
  });
  return found.reason === undefined ? answer : { ...answer, incomplete: found.reason };
}

async function live(reader: TraceReader, params: Params<"ui.live">, signal: AbortSignal): Promise<ViewResult> {
  const gaps = new Gaps();
  const { cursor, traces, skippedSpans, more } = await reader.live(params, signal, gaps.onGap);
  const errors = await firstErrors(
    reader,
    traces.map(({ trace }) => trace),
    signal,
  );
  const { reason } = gaps;
  return json<UiLiveStep>({
    cursor,
    traces: traces.map(({ trace, newSpans }) => ({ ...uiSummary(trace, errors.get(trace.traceId)), newSpans })),
    skippedSpans,
    more,
    ...(reason === undefined ? {} : { reason }),
  });
}

function uiSummary(summary: TraceSummary, error: RowError | undefined): UiTraceSummary {
  const { start, end, spanSets: _, columns: _columns, storedIds: _ids, ...rest } = summary;
  return {
    ...rest,
    startTimeUnixNano: start.toString(),
    endTimeUnixNano: end.toString(),
    durationNano: (summary.durationUnknown === true ? 0n : end - start).toString(),
    ...error,
  };
}

async function services(reader: TraceReader, _params: Params<"ui.services">, signal: AbortSignal): Promise<ViewResult> {
  const list: UiServicesResponse["services"][number][] = [];
  const gaps = new Gaps();
  const places = await reader.servicePlaces?.(signal);
  for (const name of await reader.services(signal, gaps.onGap)) {
    const operations = await reader.operations(name, signal, gaps.onGap);
    const place = places?.get(name);
    list.push({
      name,
      ...(place === undefined ? {} : { place }),
      operations: operations.map((it) => ({ name: it.name, kind: SPAN_KIND_NAMES[it.kind] })),
    });
  }
  const { reason, mark } = gaps;
  return { ...json<UiServicesResponse>({ services: list, ...(reason === undefined ? {} : { reason }) }), ...mark };
}

async function dependencies(
  reader: TraceReader,
  params: Params<"ui.dependencies">,
  signal: AbortSignal,
): Promise<ViewResult> {
  const gaps = new Gaps();
  const links = await reader.dependencies({ ...params, durations: true }, signal, gaps.onGap);
  return { ...json<UiDependenciesResponse>({ startMs: params.startMs, endMs: params.endMs, links }), ...gaps.mark };
}

function json<T>(value: T): ViewResult {
  return { status: 200, contentType: "application/json", body: jsonBytes(value) };
}
