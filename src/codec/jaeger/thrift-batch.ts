import { DecodeError } from "../decode-error.ts";
import { NANOS_PER_MICRO } from "../mapping/span-residue.ts";
import { readStructList, skip, THRIFT_TYPE, type ThriftReader, type ThriftWriter } from "../thrift/protocol.ts";
import type { JaegerBatch, JaegerLog, JaegerProcess, JaegerReference, JaegerSpan, JaegerTag } from "./model.ts";

const T = THRIFT_TYPE;

/** jaeger.thrift enum TagType. */
const TAG_TYPE = { string: 0, double: 1, bool: 2, long: 3, binary: 4 } as const;
/** jaeger.thrift enum SpanRefType. */
const REF_TYPES = ["child_of", "follows_from"] as const;
const NO_SPAN = "0000000000000000";

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
  const first = span.references[0];
  const hasParent = first?.type === "child_of" && first.traceId === span.traceId;
  const references = hasParent ? span.references.slice(1) : span.references;
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

/** Reads a Batch. Throws DecodeError where bytes are missing, forged or a required field is not there. */
export function readBatch(input: ThriftReader): JaegerBatch {
  let process: JaegerProcess | undefined;
  let spans: JaegerSpan[] | undefined;
  readStruct(input, (id, type) => {
    if (id === 1 && type === T.struct) process = readProcess(input);
    else if (id === 2 && type === T.list) spans = readStructList(input, "Batch.spans", readSpan);
    else return false;
    return true;
  });
  return {
    process: required(process, "Batch.process", input),
    spans: required(spans, "Batch.spans", input),
  };
}

function readProcess(input: ThriftReader): JaegerProcess {
  let serviceName: string | undefined;
  let tags: JaegerTag[] = [];
  readStruct(input, (id, type) => {
    if (id === 1 && type === T.string) serviceName = input.string();
    else if (id === 2 && type === T.list) tags = readStructList(input, "Process.tags", readTag);
    else return false;
    return true;
  });
  return { serviceName: required(serviceName, "Process.serviceName", input), tags };
}

function readSpan(input: ThriftReader): JaegerSpan {
  const ids: (bigint | undefined)[] = [];
  let operationName: string | undefined;
  let references: JaegerReference[] = [];
  let flags: number | undefined;
  let startTime: bigint | undefined;
  let duration: bigint | undefined;
  let tags: JaegerTag[] = [];
  let logs: JaegerLog[] = [];
  readStruct(input, (id, type) => {
    if (id >= 1 && id <= 4 && type === T.i64) ids[id] = input.i64();
    else if (id === 5 && type === T.string) operationName = input.string();
    else if (id === 6 && type === T.list) references = readStructList(input, "Span.references", readReference);
    else if (id === 7 && type === T.i32) flags = input.i32();
    else if (id === 8 && type === T.i64) startTime = input.i64();
    else if (id === 9 && type === T.i64) duration = input.i64();
    else if (id === 10 && type === T.list) tags = readStructList(input, "Span.tags", readTag);
    else if (id === 11 && type === T.list) logs = readStructList(input, "Span.logs", readLog);
    else return false;
    return true;
  });
  const low = required(ids[1], "Span.traceIdLow", input);
  const traceId = i64ToId(required(ids[2], "Span.traceIdHigh", input)) + i64ToId(low);
  const parent = i64ToId(required(ids[4], "Span.parentSpanId", input));
  return {
    traceId,
    spanId: i64ToId(required(ids[3], "Span.spanId", input)),
    operationName: required(operationName, "Span.operationName", input),
    references: parent === NO_SPAN ? references : [{ type: "child_of", traceId, spanId: parent }, ...references],
    flags: required(flags, "Span.flags", input) >>> 0,
    startTimeUnixNano: required(startTime, "Span.startTime", input) * NANOS_PER_MICRO,
    durationNano: required(duration, "Span.duration", input) * NANOS_PER_MICRO,
    tags,
    logs,
  };
}

function readReference(input: ThriftReader): JaegerReference {
  let type: number | undefined;
  const ids: (bigint | undefined)[] = [];
  readStruct(input, (id, fieldType) => {
    if (id === 1 && fieldType === T.i32) type = input.i32();
    else if (id >= 2 && id <= 4 && fieldType === T.i64) ids[id] = input.i64();
    else return false;
    return true;
  });
  const low = required(ids[2], "SpanRef.traceIdLow", input);
  return {
    type: REF_TYPES[required(type, "SpanRef.refType", input)] ?? "follows_from",
    traceId: i64ToId(required(ids[3], "SpanRef.traceIdHigh", input)) + i64ToId(low),
    spanId: i64ToId(required(ids[4], "SpanRef.spanId", input)),
  };
}

function readLog(input: ThriftReader): JaegerLog {
  let timestamp: bigint | undefined;
  let fields: JaegerTag[] | undefined;
  readStruct(input, (id, type) => {
    if (id === 1 && type === T.i64) timestamp = input.i64();
    else if (id === 2 && type === T.list) fields = readStructList(input, "Log.fields", readTag);
    else return false;
    return true;
  });
  return {
    timeUnixNano: required(timestamp, "Log.timestamp", input) * NANOS_PER_MICRO,
    fields: required(fields, "Log.fields", input),
  };
}

/** A tag without the value that its type asks for has that type's zero; a type that nobody knows is an error. */
function readTag(input: ThriftReader): JaegerTag {
  let key: string | undefined;
  let tagType: number | undefined;
  let text = "";
  let double = 0;
  let bool = false;
  let long = 0n;
  let binary = new Uint8Array(0);
  readStruct(input, (id, type) => {
    if (id === 1 && type === T.string) key = input.string();
    else if (id === 2 && type === T.i32) tagType = input.i32();
    else if (id === 3 && type === T.string) text = input.string();
    else if (id === 4 && type === T.double) double = input.double();
    else if (id === 5 && type === T.bool) bool = input.bool();
    else if (id === 6 && type === T.i64) long = input.i64();
    else if (id === 7 && type === T.string) binary = input.binary();
    else return false;
    return true;
  });
  const name = required(key, "Tag.key", input);
  switch (required(tagType, "Tag.vType", input)) {
    case TAG_TYPE.string:
      return { key: name, value: { type: "string", value: text } };
    case TAG_TYPE.double:
      return { key: name, value: { type: "double", value: double } };
    case TAG_TYPE.bool:
      return { key: name, value: { type: "bool", value: bool } };
    case TAG_TYPE.long:
      return { key: name, value: { type: "int", value: long } };
    case TAG_TYPE.binary:
      return { key: name, value: { type: "bytes", value: binary } };
    default:
      throw new DecodeError(`Tag.vType is ${tagType}, expected 0 to 4`, input.offset);
  }
}

/** Reads a struct's fields; `take` answers false for a field that it does not know, which is then read over. */
function readStruct(input: ThriftReader, take: (id: number, type: (typeof T)[keyof typeof T]) => boolean): void {
  input.structBegin();
  for (let field = input.field(); field !== undefined; field = input.field()) {
    if (!take(field.id, field.type)) skip(input, field.type);
  }
  input.structEnd();
}

function required<V>(value: V | undefined, what: string, input: ThriftReader): V {
  if (value === undefined) throw new DecodeError(`${what} is missing`, input.offset);
  return value;
}

/** 16 hex digits as the signed integer that thrift carries. */
function idToI64(hex: string): bigint {
  return BigInt.asIntN(64, BigInt(`0x${hex}`));
}

function i64ToId(value: bigint): string {
  return BigInt.asUintN(64, value).toString(16).padStart(16, "0");
}
