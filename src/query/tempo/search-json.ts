import { TIME_CLASS, timeClassOf } from "../../model/span-times.ts";
import type { MatchedSpanFields, MatchedSpanset, SearchResult, TraceSummary } from "../../model/trace-query.ts";
import { printField } from "../../traceql/print-field.ts";
import { JsonWriter } from "../json-writer.ts";
import { type AnswerPieces, PIECE_BYTES } from "../pieced-answer.ts";
import { attributeJson } from "./field-values.ts";
import type { TempoSearch } from "./search.ts";

const NANOS_PER_MS = 1_000_000n;
const MAX_UINT32 = 0xffff_ffffn;
/** What Tempo calls the service of a trace whose root has not arrived. */
const NO_ROOT = "<root span not yet received>";

/** How a whole answer, or a part of one, is told: by jobs that are done, of all. */
export function jobsJson(complete: boolean): string {
  return complete ? '{"completedJobs":1,"totalJobs":1}' : '{"totalJobs":1}';
}

/** `SearchResponse` of tempo.proto as its JSON: defaults left out, 64-bit numbers as texts. */
export async function* searchPieces(search: TempoSearch, { traces, complete }: SearchResult): AnswerPieces {
  const w = new JsonWriter();
  let separator = '{"traces":[';
  for (const trace of traces) {
    w.raw(separator);
    separator = ",";
    writeTrace(w, search, trace);
    if (w.length >= PIECE_BYTES) yield w.finish();
  }
  w.raw(`${separator === "," ? "]," : "{"}"metrics":${jobsJson(complete)}}`);
  return w.finish();
}

function writeTrace(w: JsonWriter, search: TempoSearch, trace: TraceSummary): void {
  const isKnown = trace.durationUnknown !== true && trace.end > trace.start;
  const duration = isKnown ? (trace.end - trace.start) / NANOS_PER_MS : 0n;
  const fields = [
    `"traceID":"${shownTraceId(trace.traceId)}"`,
    `"rootServiceName":${JSON.stringify(trace.hasRoot ? trace.rootService : NO_ROOT)}`,
  ];
  if (trace.hasRoot && trace.rootName !== "") fields.push(`"rootTraceName":${JSON.stringify(trace.rootName)}`);
  if (trace.start > 0n) fields.push(`"startTimeUnixNano":"${trace.start}"`);
  if (duration > 0n) fields.push(`"durationMs":${duration < MAX_UINT32 ? duration : MAX_UINT32}`);
  w.raw(`{${fields.join(",")}`);
  const sets = (trace.spanSets ?? []).map((set) => spanSetJson(search, set));
  // Older clients know the first one alone.
  if (sets.length > 0) w.raw(`,"spanSet":${sets[0]},"spanSets":[${sets.join(",")}]`);
  const stats = trace.services.map(({ name, spanCount, errorCount }) => {
    const errors = errorCount > 0 ? `,"errorCount":${errorCount}` : "";
    return `${JSON.stringify(name)}:{"spanCount":${spanCount}${errors}}`;
  });
  if (stats.length > 0) w.raw(`,"serviceStats":{${stats.join(",")}}`);
  w.raw("}");
}

function spanSetJson(
  { fields, by, counted }: TempoSearch,
  { spans, matchedCount, by: values }: MatchedSpanset,
): string {
  const attributes = by.flatMap(({ name, field }, index) => {
    const value = values[index] ?? ({ type: "string", value: "nil" } as const);
    return [attributeJson(`by(${name})`, field, value)];
  });
  if (counted) attributes.push(attributeJson("count()", undefined, { type: "int", value: BigInt(matchedCount) }));
  const parts = spans.length > 0 ? [`"spans":[${spans.map((span) => spanJson(fields, span)).join(",")}]`] : [];
  if (matchedCount > 0) parts.push(`"matched":${matchedCount}`);
  if (attributes.length > 0) parts.push(`"attributes":[${attributes.join(",")}]`);
  return `{${parts.join(",")}}`;
}

function spanJson(fields: TempoSearch["fields"], span: MatchedSpanFields): string {
  const parts = [`"spanID":"${span.spanId}"`];
  if (span.name !== "") parts.push(`"name":${JSON.stringify(span.name)}`);
  if (timeClassOf(span.start) !== TIME_CLASS.none) parts.push(`"startTimeUnixNano":"${span.start}"`);
  if (span.duration > 0n) parts.push(`"durationNanos":"${span.duration}"`);
  const attributes = fields.flatMap((field, index) => {
    const value = span.values[index];
    // Tempo names them without their scope.
    return value === undefined ? [] : [attributeJson("key" in field ? field.key : printField(field), field, value)];
  });
  if (attributes.length > 0) parts.push(`"attributes":[${attributes.join(",")}]`);
  return `{${parts.join(",")}}`;
}

/** Without leading zeros, as Tempo gives ids. */
function shownTraceId(traceId: string): string {
  return traceId.replace(/^0+/, "");
}
