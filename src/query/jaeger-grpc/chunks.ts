import { encodeTraces } from "../../codec/otlp/message/encode.ts";
import type { LogFragment } from "../../model/log.ts";
import type { SpanRecord } from "../../model/span.ts";
import { type SpanForm, spanRuns } from "../jaeger-v3/shown-records.ts";
import { V2 } from "./messages.ts";
import { toV2Spans } from "./v2-spans.ts";

type Bytes = Uint8Array<ArrayBuffer>;
export type Generation = 2 | 3;

/** Clients take messages of 4 MiB unless they are told otherwise. */
const MAX_MESSAGE = 3 * 1024 * 1024;

/**
 * A trace as messages: TracesData of OTLP in api_v3, chunks of spans in api_v2; none is larger than clients take, but
 * where one span is. Throws as `spanRuns` does.
 */
export function* traceChunks(
  fragments: readonly LogFragment[],
  generation: Generation,
  form: SpanForm,
  signal: AbortSignal,
): Generator<Bytes, void, void> {
  for (const { records } of spanRuns(fragments, form, signal)) yield* inParts(records, generation);
}

function* inParts(records: readonly SpanRecord[], generation: Generation): Generator<Bytes, void, void> {
  const bytes = generation === 3 ? tracesData(records) : V2.spans.encode({ spans: toV2Spans(records) });
  if (bytes.length <= MAX_MESSAGE || records.length === 1) {
    yield bytes;
    return;
  }
  const half = records.length >> 1;
  yield* inParts(records.slice(0, half), generation);
  yield* inParts(records.slice(half), generation);
}

/** Spans of one resource and scope. */
function tracesData(records: readonly SpanRecord[]): Bytes {
  const { resource, resourceSchemaUrl, scope, scopeSchemaUrl } = records[0] as SpanRecord;
  return encodeTraces([
    {
      resource,
      schemaUrl: resourceSchemaUrl,
      scopeSpans: [{ scope, schemaUrl: scopeSchemaUrl, spans: records.map(({ span }) => span) }],
    },
  ]);
}
