import { NANOS_PER_MICRO } from "../mapping/span-residue.ts";
import { THRIFT_TYPE, type ThriftWriter } from "../thrift/protocol.ts";
import type { JaegerBatch, JaegerLog, JaegerProcess, JaegerReference, JaegerSpan, JaegerTag } from "./model.ts";

const T = THRIFT_TYPE;

/** jaeger.thrift enum TagType. */
export const TAG_TYPE = { string: 0, double: 1, bool: 2, long: 3, binary: 4 } as const;
/** jaeger.thrift enum SpanRefType. */
export const REF_TYPES = ["child_of", "follows_from"] as const;

/** Batch { 1: Process process, 2: list<Span> spans } */
export function writeBatch(out: ThriftWriter, batch: JaegerBatch): void {
  out.structBegin();
  out.fieldBegin(T.struct, 1);
  writeProcess(out, batch.process);
  out.fieldBegin(T.list, 2);
  out.listBegin(T.struct, batch.spans.length);
  for (const span of batch.spans) writeSpan(out, span);
  out.structEnd();
}

/** Process { 1: string serviceName, 2: list<Tag> tags } */
function writeProcess(out: ThriftWriter, process: JaegerProcess): void {
  out.structBegin();
  out.fieldBegin(T.string, 1);
  out.string(process.serviceName);
  writeTags(out, 2, process.tags);
  out.structEnd();
}

/**
 * Span { 1: i64 traceIdLow, 2: i64 traceIdHigh, 3: i64 spanId, 4: i64 parentSpanId, 5: string operationName,
 * 6: list<SpanRef> references, 7: i32 flags, 8: i64 startTime µs, 9: i64 duration µs, 10: list<Tag> tags, 11: list<Log>
 * logs }
 */
function writeSpan(out: ThriftWriter, span: JaegerSpan): void {
  const [first, ...others] = span.references;
  const hasParent = first?.type === "child_of" && first.traceId === span.traceId;
  // Jaeger's collector adds no reference to a parent that a link leads to: then the link is all that it knows.
  const isLinked = hasParent && others.some((ref) => ref.traceId === first.traceId && ref.spanId === first.spanId);
  const references = hasParent && !isLinked ? others : span.references;
  out.structBegin();
  out.fieldBegin(T.i64, 1);
  out.i64(idToI64(span.traceId.slice(16)));
  out.fieldBegin(T.i64, 2);
  out.i64(idToI64(span.traceId.slice(0, 16)));
  out.fieldBegin(T.i64, 3);
  out.i64(idToI64(span.spanId));
  out.fieldBegin(T.i64, 4);
  out.i64(hasParent ? idToI64(first.spanId) : 0n);
  out.fieldBegin(T.string, 5);
  out.string(span.operationName);
  if (references.length > 0) {
    out.fieldBegin(T.list, 6);
    out.listBegin(T.struct, references.length);
    for (const reference of references) writeReference(out, reference);
  }
  out.fieldBegin(T.i32, 7);
  out.i32(span.flags);
  out.fieldBegin(T.i64, 8);
  out.i64(span.startTimeUnixNano / NANOS_PER_MICRO);
  out.fieldBegin(T.i64, 9);
  out.i64(span.durationNano / NANOS_PER_MICRO);
  writeTags(out, 10, span.tags);
  if (span.logs.length > 0) {
    out.fieldBegin(T.list, 11);
    out.listBegin(T.struct, span.logs.length);
    for (const log of span.logs) writeLog(out, log);
  }
  out.structEnd();
}

/** SpanRef { 1: SpanRefType refType, 2: i64 traceIdLow, 3: i64 traceIdHigh, 4: i64 spanId } */
function writeReference(out: ThriftWriter, reference: JaegerReference): void {
  out.structBegin();
  out.fieldBegin(T.i32, 1);
  out.i32(REF_TYPES.indexOf(reference.type));
  out.fieldBegin(T.i64, 2);
  out.i64(idToI64(reference.traceId.slice(16)));
  out.fieldBegin(T.i64, 3);
  out.i64(idToI64(reference.traceId.slice(0, 16)));
  out.fieldBegin(T.i64, 4);
  out.i64(idToI64(reference.spanId));
  out.structEnd();
}

/** Log { 1: i64 timestamp µs, 2: list<Tag> fields } */
function writeLog(out: ThriftWriter, log: JaegerLog): void {
  out.structBegin();
  out.fieldBegin(T.i64, 1);
  out.i64(log.timeUnixNano / NANOS_PER_MICRO);
  out.fieldBegin(T.list, 2);
  out.listBegin(T.struct, log.fields.length);
  for (const field of log.fields) writeTag(out, field);
  out.structEnd();
}

function writeTags(out: ThriftWriter, id: number, tags: readonly JaegerTag[]): void {
  if (tags.length === 0) return;
  out.fieldBegin(T.list, id);
  out.listBegin(T.struct, tags.length);
  for (const tag of tags) writeTag(out, tag);
}

/**
 * Tag { 1: string key, 2: TagType vType, 3: string vStr, 4: double vDouble, 5: bool vBool, 6: i64 vLong, 7: binary
 * vBinary }
 */
function writeTag(out: ThriftWriter, { key, value }: JaegerTag): void {
  out.structBegin();
  out.fieldBegin(T.string, 1);
  out.string(key);
  out.fieldBegin(T.i32, 2);
  switch (value.type) {
    case "string":
      out.i32(TAG_TYPE.string);
      out.fieldBegin(T.string, 3);
      out.string(value.value);
      break;
    case "double":
      out.i32(TAG_TYPE.double);
      out.fieldBegin(T.double, 4);
      out.double(value.value);
      break;
    case "bool":
      out.i32(TAG_TYPE.bool);
      out.boolField(5, value.value);
      break;
    case "int":
      out.i32(TAG_TYPE.long);
      out.fieldBegin(T.i64, 6);
      out.i64(value.value);
      break;
    case "bytes":
      out.i32(TAG_TYPE.binary);
      out.fieldBegin(T.string, 7);
      out.binary(value.value);
      break;
  }
  out.structEnd();
}

/** 16 hex digits as the signed integer that thrift carries. */
function idToI64(hex: string): bigint {
  return BigInt.asIntN(64, BigInt(`0x${hex}`));
}
