import { resourceJson, type SpanJsonForm, scopeJson, spanToJson } from "../../codec/otlp/json/json-out.ts";
import { encodeTraces } from "../../codec/otlp/message/encode.ts";
import { WireWriter } from "../../codec/otlp/wire/wire-writer.ts";
import type { LogFragment } from "../../model/log.ts";
import { SPAN_KIND_NAMES, type Span, type SpanRecord, STATUS_CODE } from "../../model/span.ts";
import { type SpanRun, spanRuns } from "../jaeger-v3/shown-records.ts";
import { JsonWriter } from "../json-writer.ts";
import { type AnswerPieces, PIECE_BYTES } from "../pieced-answer.ts";

/** Of Tempo's two APIs of one trace: the trace itself, or a response that has it. */
export type TraceApi = 1 | 2;

/** Writes a trace in pieces; it may be asked for them as long as there are any. */
interface TraceWriter {
  readonly length: number;
  add(run: SpanRun): void;
  /** What was written since it was last asked for. */
  take(): Uint8Array<ArrayBuffer>;
  /** The rest. `partial`: why spans may be missing. */
  finish(partial: string | undefined): Uint8Array<ArrayBuffer>;
}

export const TRACE_TYPES = { json: "application/json", protobuf: "application/protobuf" } as const;
export type TraceEncoding = keyof typeof TRACE_TYPES;

/** @param partial asked after the last span */
export async function* tracePieces(
  fragments: readonly LogFragment[],
  api: TraceApi,
  encoding: TraceEncoding,
  partial: () => string | undefined,
  signal: AbortSignal,
): AnswerPieces {
  const writer: TraceWriter = encoding === "json" ? new JsonTrace(api) : new ProtobufTrace(api);
  for (const run of spanRuns(fragments, "adjusted", signal)) {
    writer.add(run);
    if (writer.length >= PIECE_BYTES) yield writer.take();
  }
  return writer.finish(partial());
}

/** A trace of so many bytes is one message: not every reader puts the parts of one together. */
const WHOLE_BYTES = 4 * 1024 * 1024;
const NOTHING = new Uint8Array(0);

/**
 * tempo.proto's Trace (resource_spans 1) and TraceByIDResponse (trace 1, metrics 2, status 3, message 4). A large trace
 * is written as several in the second, which are one to protobuf: its length need not be known at its beginning.
 */
class ProtobufTrace implements TraceWriter {
  readonly #trace = new WireWriter(PIECE_BYTES);
  readonly #api: TraceApi;
  #whole = true;
  /** Of the trace's bytes when they were last asked for. */
  #looked = 0;

  constructor(api: TraceApi) {
    this.#api = api;
  }

  get length(): number {
    return this.#trace.length - this.#looked;
  }

  add({ records }: SpanRun): void {
    const { resource, resourceSchemaUrl, scope, scopeSchemaUrl } = records[0] as SpanRecord;
    const scopeSpans = [{ scope, schemaUrl: scopeSchemaUrl, spans: records.map(({ span }) => span) }];
    this.#trace.raw(encodeTraces([{ resource, schemaUrl: resourceSchemaUrl, scopeSpans }]));
  }

  take(): Uint8Array<ArrayBuffer> {
    if (this.#api === 1) return this.#trace.take();
    if (this.#whole && this.#trace.length < WHOLE_BYTES) {
      this.#looked = this.#trace.length;
      return NOTHING;
    }
    this.#whole = false;
    this.#looked = 0;
    return this.#part().take();
  }

  finish(partial: string | undefined): Uint8Array<ArrayBuffer> {
    if (this.#api === 1) return this.#trace.take();
    const w = this.#part();
    w.blob(0x12, NOTHING);
    if (partial !== undefined) {
      w.tag(0x18);
      w.varint(1);
      w.text(0x22, partial);
    }
    return w.take();
  }

  #part(): WireWriter {
    const w = new WireWriter(this.#trace.length + 1024);
    if (this.#trace.length > 0) w.blob(0x0a, this.#trace.take());
    return w;
  }
}

/** The same as protobuf's own JSON: ids are base64 there, and enums have names. */
const FORM: SpanJsonForm = {
  id: (hex) => Buffer.from(hex, "hex").toString("base64"),
  kind: (kind) => `"SPAN_KIND_${SPAN_KIND_NAMES[kind].toUpperCase()}"`,
  statusCode: (code) => (code === STATUS_CODE.ok ? '"STATUS_CODE_OK"' : '"STATUS_CODE_ERROR"'),
};

class JsonTrace implements TraceWriter {
  readonly #writer = new JsonWriter();
  readonly #api: TraceApi;
  #last: SpanRecord | undefined;

  constructor(api: TraceApi) {
    this.#api = api;
    this.#writer.raw(api === 1 ? '{"batches":[' : '{"trace":{"resourceSpans":[');
  }

  get length(): number {
    return this.#writer.length;
  }

  add({ records, goesOn }: SpanRun): void {
    const w = this.#writer;
    const first = records[0] as SpanRecord;
    if (!goesOn) {
      if (this.#last !== undefined) w.raw(`${closing(this.#last)},`);
      w.raw(`{"resource":${resourceJson({ ...first.resource, entityRefs: [] })},`);
      w.raw(`"scopeSpans":[{"scope":${scopeJson(first.scope)},"spans":[`);
    }
    for (const [index, { span }] of records.entries()) {
      w.raw(`${goesOn || index > 0 ? "," : ""}${spanToJson(withoutFlags(span), FORM)}`);
    }
    this.#last = first;
  }

  take(): Uint8Array<ArrayBuffer> {
    return this.#writer.finish();
  }

  finish(partial: string | undefined): Uint8Array<ArrayBuffer> {
    const w = this.#writer;
    if (this.#last !== undefined) w.raw(closing(this.#last));
    const status = partial === undefined ? "" : `,"status":"PARTIAL","message":${JSON.stringify(partial)}`;
    w.raw(this.#api === 1 ? "]}" : `]},"metrics":{}${status}}`);
    return w.finish();
  }
}

/** Tempo's JSON has no fields for them, and its clients refuse what they do not know. */
function withoutFlags(span: Span): Span {
  const { links } = span;
  return { ...span, flags: 0, links: links.map((link) => (link.flags === 0 ? link : { ...link, flags: 0 })) };
}

function closing({ scopeSchemaUrl, resourceSchemaUrl }: SpanRecord): string {
  const scope = scopeSchemaUrl === "" ? "" : `,"schemaUrl":${JSON.stringify(scopeSchemaUrl)}`;
  const resource = resourceSchemaUrl === "" ? "" : `,"schemaUrl":${JSON.stringify(resourceSchemaUrl)}`;
  return `]${scope}}]${resource}}`;
}
