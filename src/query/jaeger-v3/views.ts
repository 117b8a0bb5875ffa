import { PermanentError, RetryableError } from "../../component/errors.ts";
import type { TraceReader, ViewResult, ViewTable } from "../../component/read.ts";
import { hexToBytes } from "../../model/ids.ts";
import { SPAN_KIND, SPAN_KIND_NAMES } from "../../model/span.ts";
import type { SearchResult, TraceQuery, TraceSummary } from "../../model/trace-query.ts";
import { Gaps } from "../gaps.ts";
import { JsonWriter, jsonBytes } from "../json-writer.ts";
import { type AnswerPieces, PIECE_BYTES, piecedAnswer } from "../pieced-answer.ts";
import { FILTER_LEVELS, FILTER_OPERATORS } from "./filter.ts";
import { OtlpAnswer } from "./otlp-answer.ts";
import { pageToken } from "./search.ts";

/** What the routes send with each view; all of it survives structured clone. */
export interface JaegerV3ViewParams {
  readonly "jaeger.v3.services": Record<string, never>;
  /** `kind` is a SpanKind name, or empty. */
  readonly "jaeger.v3.operations": { readonly service: string; readonly kind: string };
  readonly "jaeger.v3.search": { readonly query: TraceQuery; readonly raw: boolean };
  /** An id of 32 lower-case hex digits. */
  readonly "jaeger.v3.trace": { readonly traceId: string; readonly raw: boolean };
  readonly "jaeger.v3.summaries": { readonly query: TraceQuery; readonly paged: boolean };
  readonly "jaeger.v3.capabilities": Record<string, never>;
  /** ms since the epoch. */
  readonly "jaeger.v3.dependencies": { readonly startMs: number; readonly endMs: number };
}

type Params<Name extends keyof JaegerV3ViewParams> = JaegerV3ViewParams[Name];

const JSON_TYPE = "application/json";

const SEARCH_CAPABILITIES = {
  withoutServiceName: true,
  sameSpanConjunction: true,
  filter: { levels: FILTER_LEVELS, operators: FILTER_OPERATORS },
  paginated: true,
} as const;

/** The answers of Jaeger's v3 HTTP API (jaeger-idl's api_v3, as Jaeger's HTTP gateway writes them). */
export const jaegerV3Views = {
  "jaeger.v3.services": services,
  "jaeger.v3.operations": operations,
  "jaeger.v3.search": search,
  "jaeger.v3.trace": trace,
  "jaeger.v3.summaries": summaries,
  "jaeger.v3.dependencies": dependencies,
  "jaeger.v3.capabilities": capabilities,
} as const satisfies ViewTable;

async function services(
  reader: TraceReader,
  _params: Params<"jaeger.v3.services">,
  signal: AbortSignal,
): Promise<ViewResult> {
  const gaps = new Gaps();
  return { ...json({ services: await reader.services(signal, gaps.onGap) }), ...gaps.mark };
}

async function operations(
  reader: TraceReader,
  { service, kind }: Params<"jaeger.v3.operations">,
  signal: AbortSignal,
): Promise<ViewResult> {
  const gaps = new Gaps();
  return { ...json({ operations: await v3Operations(reader, service, kind, signal, gaps) }), ...gaps.mark };
}

/** A service's operations of a kind, or of all: a span without a kind is an internal one to Jaeger. */
export async function v3Operations(
  reader: TraceReader,
  service: string,
  kind: string,
  signal: AbortSignal,
  gaps: Gaps,
): Promise<{ name: string; spanKind: string }[]> {
  const seen = new Map<string, { name: string; spanKind: string }>();
  for (const { name, kind: of } of await reader.operations(service, signal, gaps.onGap)) {
    const spanKind = SPAN_KIND_NAMES[of === SPAN_KIND.unspecified ? SPAN_KIND.internal : of];
    if (kind === "" || kind === spanKind) seen.set(`${spanKind} ${name}`, { name, spanKind });
  }
  return [...seen.values()];
}

async function search(
  reader: TraceReader,
  { query, raw }: Params<"jaeger.v3.search">,
  signal: AbortSignal,
): Promise<ViewResult> {
  const found = await reader.find(query, signal);
  if (found.traces.length === 0) {
    throwIfIncomplete(found);
    throw new PermanentError("not_found", "No traces found");
  }
  const ids = found.traces.map(({ traceId }) => traceId);
  return { ...(await tracesPieced(reader, ids, raw, signal)), ...incompleteMark(found) };
}

async function trace(
  reader: TraceReader,
  { traceId, raw }: Params<"jaeger.v3.trace">,
  signal: AbortSignal,
): Promise<ViewResult> {
  return tracesPieced(reader, [traceId], raw, signal);
}

/** Throws `not_found` where none of the traces is stored. */
async function tracesPieced(
  reader: TraceReader,
  ids: readonly string[],
  raw: boolean,
  signal: AbortSignal,
): Promise<ViewResult> {
  const gaps = new Gaps();
  const answer = await piecedAnswer(JSON_TYPE, tracesPieces(reader, ids, raw, signal, gaps));
  return { ...answer, ...gaps.mark };
}

async function* tracesPieces(
  reader: TraceReader,
  ids: readonly string[],
  raw: boolean,
  signal: AbortSignal,
  gaps: Gaps,
): AnswerPieces {
  const writer = new JsonWriter();
  const answer = new OtlpAnswer(writer, signal);
  const asked = ids.map((id) => hexToBytes(id) as Uint8Array);
  let found = false;
  for await (const fragments of reader.traces(asked, signal, gaps.onGap)) {
    for (const _ of answer.steps(fragments, raw)) {
      found = true;
      if (writer.length >= PIECE_BYTES) yield writer.finish();
    }
  }
  if (!found) {
    gaps.throwIfAny();
    throw new PermanentError("not_found", "No traces found");
  }
  return answer.finish();
}

async function summaries(
  reader: TraceReader,
  { query, paged }: Params<"jaeger.v3.summaries">,
  signal: AbortSignal,
): Promise<ViewResult> {
  const found = await reader.find(query, signal);
  const next = paged && found.next !== undefined ? { nextPageToken: pageToken(found.next, query) } : {};
  return { ...json({ summaries: found.traces.map(summaryJson), ...next }), ...incompleteMark(found) };
}

/** One as api_v3 has it, with its times as decimal texts. */
export function summaryJson(summary: TraceSummary) {
  return {
    traceId: summary.traceId,
    rootServiceName: summary.rootService,
    rootOperationName: summary.rootName,
    minStartTimeUnixNano: summary.start.toString(),
    maxEndTimeUnixNano: summary.end.toString(),
    spanCount: summary.spanCount,
    errorSpanCount: summary.errorCount,
    orphanSpanCount: summary.orphanCount,
    services: summary.services.map(({ name, spanCount, errorCount: errorSpanCount }) => ({
      name,
      spanCount,
      errorSpanCount,
    })),
  };
}

async function dependencies(
  reader: TraceReader,
  { startMs, endMs }: Params<"jaeger.v3.dependencies">,
  signal: AbortSignal,
): Promise<ViewResult> {
  const links = await reader.dependencies({ startMs, endMs, durations: false }, signal);
  // 64-bit integers are texts in protobuf's JSON.
  return json({
    dependencies: links.map(({ parent, child, callCount }) => ({ parent, child, callCount: String(callCount) })),
  });
}

/** What a client may ask (api_v3's GetCapabilitiesResponse); what is false is left out, as everywhere in its JSON. */
async function capabilities(): Promise<ViewResult> {
  return json({ search: SEARCH_CAPABILITIES });
}

/** Nothing found in a part is no "none". */
function throwIfIncomplete({ complete, reason }: SearchResult): void {
  if (complete) return;
  const text = `nothing was found, but the search saw only a part: ${reason ?? "it ended early"}`;
  throw new RetryableError("storage_unavailable", text);
}

function incompleteMark({ complete, reason }: SearchResult): { readonly incomplete?: string } {
  return complete ? {} : { incomplete: `the search saw only a part: ${reason ?? "it ended early"}` };
}

function json(value: unknown): ViewResult {
  return { status: 200, contentType: JSON_TYPE, body: jsonBytes(value) };
}
