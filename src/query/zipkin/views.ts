import { fragmentRecords } from "../../codec/otlp/message/fragment-records.ts";
import { remoteEndpoint } from "../../codec/zipkin/endpoints.ts";
import { PermanentError, throwIfAborted } from "../../component/errors.ts";
import type { TraceReader, ViewResult, ViewTable } from "../../component/read.ts";
import { anyValueText } from "../../model/any-value.ts";
import { compareText } from "../../model/compare-text.ts";
import { hexToBytes } from "../../model/ids.ts";
import type { SearchResult } from "../../model/trace-query.ts";
import { Gaps } from "../gaps.ts";
import { JsonWriter, jsonBytes } from "../json-writer.ts";
import { type AnswerPieces, PIECE_BYTES, piecedAnswer } from "../pieced-answer.ts";
import { joinFilters, textEquals } from "../search-params.ts";
import { ShownOnce } from "../shown-id.ts";
import { type FoundTraces, matchingTraces } from "./candidates.ts";
import { shownTraceId, type ZipkinSearch } from "./params.ts";
import { HAS_REMOTE } from "./remote-service.ts";
import { planOf, servicesNamed } from "./search.ts";
import { writeZipkinTrace } from "./span-json.ts";

/** What the routes send with each view; all of it survives structured clone. Names are in lower case. */
export interface ZipkinViewParams {
  readonly "zipkin.services": Record<string, never>;
  readonly "zipkin.spans": { readonly service: string };
  readonly "zipkin.remoteServices": { readonly service: string };
  readonly "zipkin.search": ZipkinSearch;
  /** Ids of 32 lower-case hex digits. */
  readonly "zipkin.trace": { readonly traceId: string };
  readonly "zipkin.traces": { readonly traceIds: readonly string[] };
  /** Undefined is a key of which no values are given. */
  readonly "zipkin.autocompleteValues": { readonly key: string | undefined };
  /** ms since the epoch. */
  readonly "zipkin.dependencies": { readonly startMs: number; readonly endMs: number };
}

type Params<Name extends keyof ZipkinViewParams> = ZipkinViewParams[Name];

const JSON_TYPE = "application/json";
/** Traces whose spans are looked at for the names of what a service calls. */
const REMOTE_TRACES = 100;
/** Values of a tag that are offered. */
const MAX_VALUES = 1_000;

/** The answers of Zipkin's v2 API (openzipkin/zipkin-api, zipkin2-api.yaml, as Zipkin's server gives them). */
export const zipkinViews = {
  "zipkin.services": services,
  "zipkin.spans": spans,
  "zipkin.remoteServices": remoteServices,
  "zipkin.search": search,
  "zipkin.trace": trace,
  "zipkin.traces": traces,
  "zipkin.dependencies": dependencies,
  "zipkin.autocompleteValues": autocompleteValues,
} as const satisfies ViewTable;

async function services(
  reader: TraceReader,
  _params: Params<"zipkin.services">,
  signal: AbortSignal,
): Promise<ViewResult> {
  const gaps = new Gaps();
  return names(await reader.services(signal, gaps.onGap), gaps);
}

async function spans(
  reader: TraceReader,
  { service }: Params<"zipkin.spans">,
  signal: AbortSignal,
): Promise<ViewResult> {
  const gaps = new Gaps();
  const found: string[] = [];
  for (const stored of await servicesNamed(reader, service, signal, gaps)) {
    for (const { name } of await reader.operations(stored, signal, gaps.onGap)) found.push(name);
  }
  return names(found, gaps);
}

/** Nobody keeps a list of them: they are those of the newest traces in which the service calls something. */
async function remoteServices(
  reader: TraceReader,
  { service }: Params<"zipkin.remoteServices">,
  signal: AbortSignal,
): Promise<ViewResult> {
  const gaps = new Gaps();
  const found = new Set<string>();
  let partial = false;
  for (const stored of await servicesNamed(reader, service, signal, gaps)) {
    const filter = joinFilters([textEquals("service", stored), HAS_REMOTE]);
    const { traces: calling, complete, next } = await reader.find({ filter, limit: REMOTE_TRACES }, signal);
    partial ||= !complete || next !== undefined;
    const ids = calling.map(({ traceId }) => hexToBytes(traceId) as Uint8Array);
    for await (const fragments of reader.traces(ids, signal, gaps.onGap)) {
      for (const fragment of fragments) {
        throwIfAborted(signal);
        for (const { span, service: of } of fragmentRecords(fragment)) {
          const name = of === stored ? remoteEndpoint(span)?.serviceName : undefined;
          if (name !== undefined) found.add(name);
        }
      }
    }
  }
  const incomplete = `the names are those of the newest ${REMOTE_TRACES} traces that have any`;
  return { ...names(found, gaps), ...(partial ? { incomplete } : {}) };
}

/** Values of a tag, as texts, of the newest spans: as many as may be looked at while somebody types. */
async function autocompleteValues(
  reader: TraceReader,
  { key }: Params<"zipkin.autocompleteValues">,
  signal: AbortSignal,
): Promise<ViewResult> {
  if (key === undefined || reader.attributeValues === undefined) return json([]);
  const { values, complete, reason } = await reader.attributeValues(
    { field: { scope: "any", key }, limit: MAX_VALUES },
    signal,
  );
  const texts = new Set(
    values.flatMap(({ value }) => (value.type === "status" || value.type === "kind" ? [] : anyValueText(value))),
  );
  texts.delete("");
  const answer = json([...texts].sort(compareText));
  return complete ? answer : { ...answer, incomplete: `the values are some of all: ${reason ?? "it ended early"}` };
}

async function search(reader: TraceReader, params: Params<"zipkin.search">, signal: AbortSignal): Promise<ViewResult> {
  const gaps = new Gaps();
  const plan = await planOf(reader, params, signal, gaps);
  if (plan === undefined) return { ...json([]), ...gaps.mark };
  const { query, exact } = plan;
  const found = exact
    ? foundAtOnce(await reader.find(query, signal), query.limit < params.limit)
    : await matchingTraces(reader, params, query, signal, gaps);
  const { ids, incomplete } = found;
  const answer = await tracesPieced(reader, ids, signal, gaps);
  return { ...answer, ...(incomplete === undefined ? {} : { incomplete }) };
}

/** `limited`: fewer were asked for than the client wants. */
function foundAtOnce({ traces: found, complete, reason, next }: SearchResult, limited: boolean): FoundTraces {
  const ids = found.map(({ traceId }) => traceId);
  if (!complete) return { ids, incomplete: `the search saw only a part: ${reason ?? "it ended early"}` };
  return next !== undefined && limited ? { ids, incomplete: `no more than ${ids.length} traces come` } : { ids };
}

async function traces(
  reader: TraceReader,
  { traceIds }: Params<"zipkin.traces">,
  signal: AbortSignal,
): Promise<ViewResult> {
  return tracesPieced(reader, traceIds, signal, new Gaps());
}

async function tracesPieced(
  reader: TraceReader,
  ids: readonly string[],
  signal: AbortSignal,
  gaps: Gaps,
): Promise<ViewResult> {
  const answer = await piecedAnswer(JSON_TYPE, tracesPieces(reader, ids, signal, gaps));
  return { ...answer, ...gaps.mark };
}

async function* tracesPieces(
  reader: TraceReader,
  ids: readonly string[],
  signal: AbortSignal,
  gaps: Gaps,
): AnswerPieces {
  const writer = new JsonWriter();
  writer.raw("[");
  let separator = "";
  const once = new ShownOnce();
  const asked = ids.map((id) => hexToBytes(id) as Uint8Array);
  for await (const fragments of reader.traces(asked, signal, gaps.onGap)) {
    if (!fragments.some(({ rows }) => rows.length > 0) || !once.isNew(fragments)) continue;
    writer.raw(separator);
    separator = ",";
    for (const _ of writeZipkinTrace(writer, fragments, signal)) {
      if (writer.length >= PIECE_BYTES) yield writer.finish();
    }
  }
  writer.raw("]");
  return writer.finish();
}

async function trace(
  reader: TraceReader,
  { traceId }: Params<"zipkin.trace">,
  signal: AbortSignal,
): Promise<ViewResult> {
  const gaps = new Gaps();
  const fragments = await reader.trace(hexToBytes(traceId) as Uint8Array, signal, gaps.onGap);
  if (!fragments.some(({ rows }) => rows.length > 0)) {
    gaps.throwIfAny();
    throw new PermanentError("not_found", `${shownTraceId(traceId)} not found`);
  }
  const answer = await piecedAnswer(
    JSON_TYPE,
    (async function* (): AnswerPieces {
      const writer = new JsonWriter();
      for (const _ of writeZipkinTrace(writer, fragments, signal)) {
        if (writer.length >= PIECE_BYTES) yield writer.finish();
      }
      return writer.finish();
    })(),
  );
  return { ...answer, ...gaps.mark };
}

/** Services whose names differ in their case are one to Zipkin. */
async function dependencies(
  reader: TraceReader,
  { startMs, endMs }: Params<"zipkin.dependencies">,
  signal: AbortSignal,
): Promise<ViewResult> {
  const links = new Map<string, { parent: string; child: string; callCount: number; errorCount: number }>();
  for (const { callCount, errorCount, ...link } of await reader.dependencies(
    { startMs, endMs, durations: false },
    signal,
  )) {
    const parent = link.parent.toLowerCase();
    const child = link.child.toLowerCase();
    const known = links.get(JSON.stringify([parent, child])) ?? { parent, child, callCount: 0, errorCount: 0 };
    known.callCount += callCount;
    known.errorCount += errorCount;
    links.set(JSON.stringify([parent, child]), known);
  }
  return json(
    Array.from(links.values(), ({ errorCount, ...link }) => (errorCount === 0 ? link : { ...link, errorCount })),
  );
}

/** Sorted, each once, none of them empty. */
function names(found: Iterable<string>, gaps: Gaps): ViewResult {
  const lower = new Set(Array.from(found, (name) => name.toLowerCase()));
  lower.delete("");
  return { ...json([...lower].sort(compareText)), ...gaps.mark };
}

function json(value: unknown): ViewResult {
  return { status: 200, contentType: JSON_TYPE, body: jsonBytes(value) };
}
