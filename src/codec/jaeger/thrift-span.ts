import { TAG } from "../mapping/keys.ts";
import { NANOS_PER_MICRO } from "../mapping/span-residue.ts";
import { REFUSED, type Refused, SPAN_ID, TRACE_ID } from "../otlp/message/id-faults.ts";
import type { SpanLimits } from "../otlp/message/span-limits.ts";
import { skip, THRIFT_TYPE as T, type ThriftReader } from "../thrift/protocol.ts";
import type { JaegerLog, JaegerReference, JaegerSpan, JaegerTag } from "./model.ts";
import { REF_TYPES } from "./thrift-batch.ts";
import { readStructs, ThriftTags } from "./thrift-tags.ts";

const NO_ID = "0000000000000000";
/** Longest time that is one, µs: what OTLP's nanoseconds hold. */
const LATEST = 0xffff_ffff_ffff_ffffn / NANOS_PER_MICRO;
/** The reserved tags and the fixed ones that a span's own fields are carried in. */
const FIXED_TAGS = 32;

/** Why a span is refused, and where: `.spanId: expected …`. */
interface Fault {
  readonly reason: Refused;
  readonly text: string;
}

/**
 * Reads spans of jaeger.thrift one after the other. A field that is not as it should be becomes what it plainly means,
 * or nothing, and is marked; a span without usable ids or start, or with a list that holds no structs, has a fault.
 * @throws DecodeError by its reader, for what cannot be told apart
 */
export class ThriftSpanReader {
  /** Of the span that was read last. */
  fault: Fault | undefined;
  odd = false;
  droppedTags = 0;
  droppedLogs = 0;
  droppedReferences = 0;
  readonly #limits: SpanLimits;
  readonly #tags = new ThriftTags();

  constructor(limits: SpanLimits) {
    this.#limits = limits;
  }

  /**
   * Span { 1: i64 traceIdLow, 2: i64 traceIdHigh, 3: i64 spanId, 4: i64 parentSpanId, 5: string operationName,
   * 6: list<SpanRef> references, 7: i32 flags, 8: i64 startTime µs, 9: i64 duration µs, 10: list<Tag> tags,
   * 11: list<Log> logs }
   */
  read(input: ThriftReader): JaegerSpan {
    this.fault = undefined;
    this.odd = false;
    this.droppedTags = 0;
    this.droppedLogs = 0;
    this.droppedReferences = 0;
    this.#tags.odd = false;
    const ids: (string | undefined)[] = [];
    let operationName = "";
    let references: JaegerReference[] = [];
    let flags = 0;
    let start: bigint | undefined;
    let duration: bigint | undefined;
    let tags: JaegerTag[] = [];
    let logs: JaegerLog[] = [];
    input.structBegin();
    for (let field = input.field(); field !== undefined; field = input.field()) {
      const { id, type } = field;
      if (id >= 1 && id <= 4 && type === T.i64) ids[id] = input.hex64();
      else if (id === 5 && type === T.string) operationName = input.string();
      else if (id === 6 && type === T.list) references = this.#references(input);
      else if (id === 7 && type === T.i32) flags = input.i32() >>> 0;
      else if (id === 8 && type === T.i64) start = input.i64();
      else if (id === 9 && type === T.i64) duration = input.i64();
      else if (id === 10 && type === T.list) {
        tags = this.#tagList(input, this.#limits.maxAttributes + FIXED_TAGS, ".tags");
        this.droppedTags = this.#tags.dropped;
      } else if (id === 11 && type === T.list) logs = this.#logs(input);
      else skip(input, type);
    }
    input.structEnd();
    const traceId = (ids[2] ?? NO_ID) + (ids[1] ?? NO_ID);
    const parent = ids[4] ?? NO_ID;
    this.#checkIds(ids, traceId);
    if (duration === undefined || duration < 0n || duration > LATEST) this.odd = true;
    if (this.#tags.odd) this.odd = true;
    return {
      traceId,
      spanId: ids[3] ?? NO_ID,
      operationName,
      references: parent === NO_ID ? references : [{ type: "child_of", traceId, spanId: parent }, ...references],
      flags,
      startTimeUnixNano: this.#start(start) * NANOS_PER_MICRO,
      durationNano:
        duration === undefined || duration < 0n ? 0n : (duration > LATEST ? LATEST : duration) * NANOS_PER_MICRO,
      tags,
      logs,
    };
  }

  #checkIds(ids: readonly (string | undefined)[], traceId: string): void {
    if (ids[1] === undefined) this.#refuse(TRACE_ID.empty, ".traceIdLow: expected an i64, found none");
    else if (traceId === NO_ID + NO_ID) this.#refuse(TRACE_ID.zero, ".traceIdLow: expected an id, found 0");
    if (ids[3] === undefined) this.#refuse(SPAN_ID.empty, ".spanId: expected an i64, found none");
    else if (ids[3] === NO_ID) this.#refuse(SPAN_ID.zero, ".spanId: expected an id, found 0");
  }

  #start(start: bigint | undefined): bigint {
    if (start !== undefined && start >= 0n && start <= LATEST) return start;
    this.#refuse(REFUSED.time, `.startTime: expected microseconds since 1970, found ${start ?? "none"}`);
    return 0n;
  }

  #refuse(reason: Refused, text: string): void {
    this.fault ??= { reason, text };
  }

  #tagList(input: ThriftReader, max: number, path: string): JaegerTag[] {
    const tags = this.#tags.list(input, max);
    if (tags === undefined) this.#refuse(REFUSED.list, `${path}: expected a list of structs`);
    return tags ?? [];
  }

  /** Log { 1: i64 timestamp µs, 2: list<Tag> fields } */
  #logs(input: ThriftReader): JaegerLog[] {
    const logs: JaegerLog[] = [];
    const { maxEvents, maxAttributes } = this.#limits;
    const found = readStructs(input, (index) => {
      if (index >= maxEvents) skip(input, T.struct);
      else logs.push(this.#log(input, maxAttributes + FIXED_TAGS));
    });
    if (found === undefined) this.#refuse(REFUSED.list, ".logs: expected a list of structs");
    this.droppedLogs = Math.max((found ?? 0) - maxEvents, 0);
    return logs;
  }

  #log(input: ThriftReader, max: number): JaegerLog {
    let micros: bigint | undefined;
    let fields: JaegerTag[] = [];
    input.structBegin();
    for (let field = input.field(); field !== undefined; field = input.field()) {
      if (field.id === 1 && field.type === T.i64) micros = input.i64();
      else if (field.id === 2 && field.type === T.list) {
        fields = this.#tagList(input, max, ".logs.fields");
        const { dropped } = this.#tags;
        if (dropped === 0) continue;
        this.odd = true;
        fields.push({ key: TAG.droppedAttributes, value: { type: "int", value: BigInt(dropped) } });
      } else skip(input, field.type);
    }
    input.structEnd();
    const isTime = micros !== undefined && micros >= 0n && micros <= LATEST;
    if (!isTime) this.odd = true;
    return { timeUnixNano: isTime ? (micros as bigint) * NANOS_PER_MICRO : 0n, fields };
  }

  /** SpanRef { 1: SpanRefType refType, 2: i64 traceIdLow, 3: i64 traceIdHigh, 4: i64 spanId }; none without ids. */
  #references(input: ThriftReader): JaegerReference[] {
    const references: JaegerReference[] = [];
    const { maxLinks } = this.#limits;
    const found = readStructs(input, (index) => {
      if (index > maxLinks) {
        skip(input, T.struct);
        return;
      }
      const reference = this.#reference(input);
      if (reference === undefined) this.odd = true;
      else references.push(reference);
    });
    if (found === undefined) this.#refuse(REFUSED.list, ".references: expected a list of structs");
    // One of them may be the parent.
    this.droppedReferences = Math.max((found ?? 0) - maxLinks - 1, 0);
    return references;
  }

  #reference(input: ThriftReader): JaegerReference | undefined {
    let type: number | undefined;
    const ids: (string | undefined)[] = [];
    input.structBegin();
    for (let field = input.field(); field !== undefined; field = input.field()) {
      const { id } = field;
      if (id === 1 && field.type === T.i32) type = input.i32();
      else if (id >= 2 && id <= 4 && field.type === T.i64) ids[id] = input.hex64();
      else skip(input, field.type);
    }
    input.structEnd();
    const traceId = (ids[3] ?? NO_ID) + (ids[2] ?? NO_ID);
    const spanId = ids[4] ?? NO_ID;
    if (traceId === NO_ID + NO_ID || spanId === NO_ID) return undefined;
    const known = REF_TYPES[type ?? -1];
    if (known === undefined) this.odd = true;
    return { type: known ?? "follows_from", traceId, spanId };
  }
}
