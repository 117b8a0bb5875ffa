import { PermanentError } from "../../component/errors.ts";
import type { TraceReader, ViewResult, ViewTable } from "../../component/read.ts";
import { hexToBytes } from "../../model/ids.ts";
import type { LogFragment } from "../../model/log.ts";
import { SPAN_KIND, SPAN_KIND_NAMES } from "../../model/span.ts";
import type { DependencyLink, SearchResult, TraceQuery } from "../../model/trace-query.ts";
import { Gaps } from "../gaps.ts";
import { type AnswerPieces, PIECE_BYTES, piecedAnswer } from "../pieced-answer.ts";
import { ShownOnce, shownId } from "../shown-id.ts";
import {
  beginJaegerResult,
  finishEnvelope,
  finishJaegerResult,
  type JaegerError,
  JSON_TYPE,
  jaegerResult,
} from "./envelope.ts";
import { type JaegerMetricsParams, MIN_STEP_MS, metrics } from "./metrics.ts";
import { fragmentsOfJson } from "./otlp-json-traces.ts";
import { JaegerTraceJson } from "./trace-json.ts";

/** What the routes send with each view; all of it survives structured clone. */
export interface JaegerViewParams {
  readonly "jaeger.services": Record<string, never>;
  /** `kind` is a SpanKind name; `namesOnly` is the older form of the answer, each name once. */
  readonly "jaeger.operations": { readonly service: string; readonly kind?: string; readonly namesOnly: boolean };
  readonly "jaeger.search": { readonly query: TraceQuery; readonly raw: boolean };
  /** Ids of 32 lower-case hex digits. */
  readonly "jaeger.traces": { readonly traceIds: readonly string[]; readonly raw: boolean };
  readonly "jaeger.trace": { readonly traceId: string; readonly raw: boolean };
  /** ms since the epoch; `service` keeps only its links. */
  readonly "jaeger.dependencies": { readonly startMs: number; readonly endMs: number; readonly service?: string };
  readonly "jaeger.metrics": JaegerMetricsParams;
  readonly "jaeger.minstep": Record<string, never>;
  /** OTLP/JSON, UTF-8. */
  readonly "jaeger.transform": { readonly body: Uint8Array };
}

type Params<Name extends keyof JaegerViewParams> = JaegerViewParams[Name];

/** The answers of Jaeger's v1 HTTP API (jaegertracing/jaeger, jaegerquery's http_handler and uimodel). */
export const jaegerViews = {
  "jaeger.services": services,
  "jaeger.operations": operations,
  "jaeger.search": search,
  "jaeger.traces": traces,
  "jaeger.trace": trace,
  "jaeger.dependencies": dependencies,
  "jaeger.metrics": metrics,
  "jaeger.minstep": minStep,
  "jaeger.transform": transform,
} as const satisfies ViewTable;

async function services(
  reader: TraceReader,
  _params: Params<"jaeger.services">,
  signal: AbortSignal,
): Promise<ViewResult> {
  const gaps = new Gaps();
  const names = await reader.services(signal, gaps.onGap);
  return jaegerResult(names.length, names, gaps);
}

async function operations(
  reader: TraceReader,
  params: Params<"jaeger.operations">,
  signal: AbortSignal,
): Promise<ViewResult> {
  const gaps = new Gaps();
  const all = await reader.operations(params.service, signal, gaps.onGap);
  if (params.namesOnly) {
    const names = [...new Set(all.map(({ name }) => name))];
    return jaegerResult(names.length, names, gaps);
  }
  const list = all
    .map(({ name, kind }) => ({ name, spanKind: kind === SPAN_KIND.unspecified ? "" : SPAN_KIND_NAMES[kind] }))
    .filter(({ spanKind }) => params.kind === undefined || (spanKind || "unspecified") === params.kind);
  return jaegerResult(list.length, list, gaps);
}

async function search(reader: TraceReader, params: Params<"jaeger.search">, signal: AbortSignal): Promise<ViewResult> {
  const found = await reader.find(params.query, signal);
  const ids = found.traces.map(({ traceId }) => traceId);
  const errors: JaegerError[] = found.complete ? [] : [{ msg: partialNote(found) }];
  return tracesPieced(reader, { ids, raw: params.raw, errors, reportMissing: false }, signal);
}

/** What is known of a search that saw only a part. */
function partialNote({ reason = "the search ended early", searchedBackTo }: SearchResult): string {
  if (searchedBackTo === undefined) return `partial: ${reason}; more traces may match`;
  // Times that no date can show are those of spans with impossible ones.
  const ms = Number(searchedBackTo / 1_000_000n);
  const back = Math.abs(ms) <= 8.64e15 ? `, searched back to ${new Date(ms).toISOString()}` : "";
  return `partial: ${reason}${back}; older traces may match too`;
}

async function traces(reader: TraceReader, params: Params<"jaeger.traces">, signal: AbortSignal): Promise<ViewResult> {
  const { traceIds: ids, raw } = params;
  return tracesPieced(reader, { ids, raw, errors: [], reportMissing: true }, signal);
}

async function trace(reader: TraceReader, params: Params<"jaeger.trace">, signal: AbortSignal): Promise<ViewResult> {
  const gaps = new Gaps();
  const fragments = await readTrace(reader, params.traceId, signal, gaps);
  if (fragments.length === 0) {
    gaps.throwIfAny();
    throw new PermanentError("not_found", "trace not found");
  }
  return tracePieced({ traceId: shownId(fragments, params.traceId), fragments, raw: params.raw, gaps }, signal);
}

export interface ReadTrace {
  readonly traceId: string;
  readonly fragments: readonly LogFragment[];
  readonly raw: boolean;
  /** Those of the reading. */
  readonly gaps: Gaps;
}

/** Jaeger's envelope with one trace, piece by piece. */
export async function tracePieced(read: ReadTrace, signal: AbortSignal): Promise<ViewResult> {
  return { ...(await piecedAnswer(JSON_TYPE, tracePieces(read, signal))), ...read.gaps.mark };
}

async function* tracePieces({ traceId, fragments, raw, gaps }: ReadTrace, signal: AbortSignal): AnswerPieces {
  const writer = beginJaegerResult();
  writer.raw("[");
  for (const _ of new JaegerTraceJson(writer, signal).steps(traceId, fragments, raw)) {
    if (writer.length >= PIECE_BYTES) yield writer.finish();
  }
  writer.raw("]");
  return finishEnvelope(writer, 0, [], gaps);
}

async function dependencies(
  reader: TraceReader,
  params: Params<"jaeger.dependencies">,
  signal: AbortSignal,
): Promise<ViewResult> {
  const { service, startMs, endMs } = params;
  const gaps = new Gaps();
  const links = (await reader.dependencies({ startMs, endMs, durations: false }, signal, gaps.onGap))
    .filter((link) => service === undefined || link.parent === service || link.child === service)
    .map(({ parent, child, callCount }: DependencyLink) => ({ parent, child, callCount }));
  return jaegerResult(0, links, gaps);
}

async function minStep(): Promise<ViewResult> {
  return jaegerResult(0, MIN_STEP_MS);
}

async function transform(
  _reader: TraceReader,
  params: Params<"jaeger.transform">,
  signal: AbortSignal,
): Promise<ViewResult> {
  const writer = beginJaegerResult();
  const json = new JaegerTraceJson(writer, signal);
  writer.raw("[");
  let separator = "";
  for (const { id, fragments } of fragmentsOfJson(params.body)) {
    writer.raw(separator);
    json.write(id, fragments, false);
    separator = ",";
  }
  writer.raw("]");
  return finishJaegerResult(writer, 0);
}

interface WantedTraces {
  readonly ids: readonly string[];
  readonly raw: boolean;
  /** What is known to be wrong with the answer. */
  readonly errors: JaegerError[];
  readonly reportMissing: boolean;
}

/** The result says what was missed until the first piece was made, the end of the envelope all. */
async function tracesPieced(reader: TraceReader, wanted: WantedTraces, signal: AbortSignal): Promise<ViewResult> {
  const gaps = new Gaps();
  const answer = await piecedAnswer(JSON_TYPE, tracesPieces(reader, wanted, gaps, signal));
  return { ...answer, ...gaps.mark };
}

async function* tracesPieces(
  reader: TraceReader,
  { ids, raw, errors, reportMissing }: WantedTraces,
  gaps: Gaps,
  signal: AbortSignal,
): AnswerPieces {
  const writer = beginJaegerResult();
  const json = new JaegerTraceJson(writer, signal);
  writer.raw("[");
  let separator = "";
  const asked = ids.map((id) => hexToBytes(id) as Uint8Array);
  const once = new ShownOnce();
  let next = 0;
  for await (const fragments of reader.traces(asked, signal, gaps.onGap)) {
    const id = ids[next++] as string;
    if (!fragments.some(({ rows }) => rows.length > 0)) {
      if (reportMissing) errors.push({ msg: "trace not found", traceID: id });
      continue;
    }
    if (!once.isNew(fragments)) continue;
    writer.raw(separator);
    separator = ",";
    for (const _ of json.steps(shownId(fragments, id), fragments, raw)) {
      if (writer.length >= PIECE_BYTES) yield writer.finish();
    }
    if (writer.length >= PIECE_BYTES) yield writer.finish();
  }
  writer.raw("]");
  return finishEnvelope(writer, 0, errors, gaps);
}

async function readTrace(
  reader: TraceReader,
  id: string,
  signal: AbortSignal,
  gaps: Gaps,
): Promise<readonly LogFragment[]> {
  const fragments = await reader.trace(hexToBytes(id) as Uint8Array, signal, gaps.onGap);
  return fragments.filter(({ rows }) => rows.length > 0);
}
