import { type AnyValue, anyValueText, doubleText, type KeyValue } from "../../model/any-value.ts";
import { attributeHash, finishHash, HASH_SEED } from "../../model/attribute-hash.ts";
import { DEFAULT_SERVICE, SPAN_MARK } from "../../model/span.ts";
import type { SpanGroup } from "../../model/span-columns.ts";
import { DecodeError } from "../decode-error.ts";
import { isUtf8 } from "../utf8.ts";
import { ByteInterner } from "./byte-interner.ts";
import { keyValueBody } from "./decode-values.ts";
import { hashDigits, hashText } from "./hash-text.ts";
import { type ScanLimits, type ScanResult, SPAN_TROUBLE } from "./scan-result.ts";
import { HashList, ScanRows } from "./scan-rows.ts";
import { TraceIdTable } from "./trace-id-table.ts";
import { ByteReader, fieldSet } from "./wire.ts";

const PRIME = 0x01000193;
/** 2200-01-01T00:00:00Z in ns since the epoch, as halves of a u64: the latest time that is believed. */
const LATEST_HIGH = Number(7_258_118_400_000_000_000n >> 32n);
const LATEST_LOW = Number(7_258_118_400_000_000_000n & 0xffff_ffffn);
const SERVICE_NAME = new TextEncoder().encode("service.name");
const SAMPLING_PRIORITY = new TextEncoder().encode("sampling.priority");
const DEFAULT_SERVICE_BYTES = new TextEncoder().encode(DEFAULT_SERVICE);

const TRACES = fieldSet(1);
const RESOURCE_SPANS = fieldSet(1, 2, 3);
const SCOPE_SPANS = fieldSet(1, 2, 3);
const RESOURCE = fieldSet(1, 2, 3);
const ENTITY_REF = fieldSet(1, 2, 3, 4);
const SCOPE = fieldSet(1, 2, 3, 4);
const SPAN = fieldSet(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16);
const EVENT = fieldSet(1, 2, 3, 4);
const LINK = fieldSet(1, 2, 3, 4, 5, 6);
const STATUS = fieldSet(2, 3);

/** Where an attribute stands; only a resource's `service.name` and a span's `sampling.priority` mean anything here. */
const PLACE = { span: 0, event: 1, resource: 2, scope: 3 } as const;
type Place = (typeof PLACE)[keyof typeof PLACE];

/**
 * One pass over OTLP protobuf (TracesData = ExportTraceServiceRequest): checks the wire format of everything, fills
 * SpanColumns and hashes every attribute, without an object for any span. What is unusual, fields out of order, values
 * that are lists, attributes in parts, takes a slower path with the same result. The longest method is long because
 * a call for every field would cost a third of the speed.
 */
export class TraceScanner {
  readonly #limits: ScanLimits;
  readonly #rows = new ScanRows();
  readonly #hashes = new HashList();
  readonly #groupHashes = new HashList();
  readonly #resourceHashes = new HashList();
  readonly #groupHashStart = new HashList();
  readonly #interner = new ByteInterner();
  readonly #traceIds = new TraceIdTable();
  readonly #padded = new Uint8Array(16);
  /** Cursor handed back by helpers that read a varint, and the upper half of what they read. */
  #at = 0;
  #high = 0;
  #trouble = 0;
  #allTroubles = 0;
  #groupTrouble = false;
  #priority = -1;
  /** Position of the service name in the strings, -1 until the resource gives one, -2 where its first is no string. */
  #service = -1;
  #status = 0;
  #reader = new ByteReader(new Uint8Array(0));

  constructor(limits: ScanLimits) {
    this.#limits = limits;
  }

  /** Scans a body. The result holds until the next scan. Throws DecodeError where the bytes are no TracesData. */
  scan(body: Uint8Array): ScanResult {
    this.#rows.count = 0;
    this.#hashes.count = 0;
    this.#groupHashes.count = 0;
    this.#groupHashStart.count = 0;
    this.#interner.begin();
    this.#traceIds.begin();
    this.#allTroubles = 0;
    this.#groupTrouble = false;
    this.#reader = new ByteReader(body);
    const groups: SpanGroup[] = [];
    let at = 0;
    while (at < body.length) {
      const tag = this.#tag(body, at, body.length);
      at = this.#at;
      if (tag === 0x0a) {
        const end = this.#length(body, at, body.length);
        this.#resourceSpans(body, this.#at, end, groups);
        at = end;
      } else at = this.#skip(tag, at, body.length, TRACES);
    }
    this.#rows.hashStart[this.#rows.count] = this.#hashes.count;
    this.#groupHashStart.push(this.#groupHashes.count);
    return this.#result(groups);
  }

  #result(groups: SpanGroup[]): ScanResult {
    const rows = this.#rows;
    const count = rows.count;
    return {
      columns: {
        count,
        traceIds: this.#traceIds.bytes.subarray(0, this.#traceIds.count * 16),
        traceIndex: rows.traceIndex.subarray(0, count),
        spanIds: rows.spanIds.subarray(0, count * 8),
        parentIds: rows.parentIds.subarray(0, count * 8),
        nameIndex: rows.nameIndex.subarray(0, count),
        groupIndex: rows.groupIndex.subarray(0, count),
        kind: rows.kind.subarray(0, count),
        status: rows.status.subarray(0, count),
        marks: rows.marks.subarray(0, count),
        startLow: rows.startLow.subarray(0, count),
        startHigh: rows.startHigh.subarray(0, count),
        endLow: rows.endLow.subarray(0, count),
        endHigh: rows.endHigh.subarray(0, count),
        spanStart: rows.spanStart.subarray(0, count),
        spanEnd: rows.spanEnd.subarray(0, count),
        groups,
        strings: this.#interner.strings,
      },
      hashes: this.#hashes.items.subarray(0, this.#hashes.count),
      hashStart: rows.hashStart.subarray(0, count + 1),
      groupHashes: this.#groupHashes.items.subarray(0, this.#groupHashes.count),
      groupHashStart: this.#groupHashStart.items.subarray(0, this.#groupHashStart.count),
      troubles: rows.troubles.subarray(0, count),
      anyTrouble: this.#allTroubles !== 0 || this.#groupTrouble,
      groupTrouble: this.#groupTrouble,
      traceStateStart: rows.traceStateStart.subarray(0, count),
      traceStateEnd: rows.traceStateEnd.subarray(0, count),
      flags: rows.flags.subarray(0, count),
      samplingPriority: rows.samplingPriority.subarray(0, count),
    };
  }

  /** Two looks at the fields: the service comes from the resource, which may stand behind the spans. */
  #resourceSpans(body: Uint8Array, start: number, end: number, groups: SpanGroup[]): void {
    this.#resourceHashes.count = 0;
    this.#service = -1;
    this.#trouble = 0;
    let attributes = 0;
    let at = start;
    while (at < end) {
      const tag = this.#tag(body, at, end);
      at = this.#at;
      if (tag === 0x0a) {
        const next = this.#length(body, at, end);
        attributes = this.#resource(body, this.#at, next, attributes);
        at = next;
      } else if (tag === 0x1a) {
        const next = this.#length(body, at, end);
        this.#checkText(body, this.#at, next);
        at = next;
      } else at = this.#skip(tag, at, end, tag === 0x12 ? 0 : RESOURCE_SPANS);
    }
    if (this.#trouble !== 0) this.#groupTrouble = true;
    let mark = 0;
    if (this.#service < 0) {
      this.#service = this.#interner.intern(DEFAULT_SERVICE_BYTES, 0, DEFAULT_SERVICE_BYTES.length);
      mark = SPAN_MARK.serviceDefaulted;
    }
    at = start;
    while (at < end) {
      const tag = this.#tag(body, at, end);
      at = this.#at;
      if (tag === 0x12) {
        const next = this.#length(body, at, end);
        groups.push({
          service: this.#service,
          resourceSpansStart: start,
          resourceSpansEnd: end,
          scopeSpansStart: this.#at,
          scopeSpansEnd: next,
        });
        this.#scopeSpans(body, this.#at, next, groups.length - 1, mark);
        at = next;
      } else at = this.#skip(tag, at, end, 0);
    }
  }

  #scopeSpans(body: Uint8Array, start: number, end: number, group: number, mark: number): void {
    const groupHashes = this.#groupHashes;
    this.#groupHashStart.push(groupHashes.count);
    for (let i = 0; i < this.#resourceHashes.count; i++) groupHashes.push(this.#resourceHashes.items[i] as number);
    let attributes = 0;
    let at = start;
    while (at < end) {
      const tag = this.#tag(body, at, end);
      if (tag === 0x12) {
        const next = this.#length(body, this.#at, end);
        this.#span(body, this.#at, next, group, mark);
        at = next;
        continue;
      }
      at = this.#at;
      this.#trouble = 0;
      if (tag === 0x0a) {
        const next = this.#length(body, at, end);
        attributes = this.#scope(body, this.#at, next, attributes);
        at = next;
      } else if (tag === 0x1a) {
        const next = this.#length(body, at, end);
        this.#checkText(body, this.#at, next);
        at = next;
      } else at = this.#skip(tag, at, end, SCOPE_SPANS);
      if (this.#trouble !== 0) this.#groupTrouble = true;
    }
  }

  #resource(body: Uint8Array, start: number, end: number, before: number): number {
    let attributes = before;
    let at = start;
    while (at < end) {
      const tag = this.#tag(body, at, end);
      at = this.#at;
      if (tag === 0x0a) {
        const next = this.#length(body, at, end);
        this.#resourceHashes.push(this.#attribute(body, this.#at, next, PLACE.resource));
        attributes++;
        at = next;
      } else if (tag === 0x10) at = this.#skip(tag, at, end, 0);
      else if (tag === 0x1a) {
        const next = this.#length(body, at, end);
        this.#entityRef(body, this.#at, next);
        at = next;
      } else at = this.#skip(tag, at, end, RESOURCE);
    }
    if (attributes > this.#limits.maxAttributes) this.#trouble |= SPAN_TROUBLE.tooManyAttributes;
    return attributes;
  }

  #entityRef(body: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end) {
      const tag = this.#tag(body, at, end);
      at = this.#at;
      if (tag === 0x0a || tag === 0x12 || tag === 0x1a || tag === 0x22) {
        const next = this.#length(body, at, end);
        this.#checkText(body, this.#at, next);
        at = next;
      } else at = this.#skip(tag, at, end, ENTITY_REF);
    }
  }

  #scope(body: Uint8Array, start: number, end: number, before: number): number {
    let attributes = before;
    let at = start;
    while (at < end) {
      const tag = this.#tag(body, at, end);
      at = this.#at;
      if (tag === 0x0a || tag === 0x12) {
        const next = this.#length(body, at, end);
        this.#checkText(body, this.#at, next);
        at = next;
      } else if (tag === 0x1a) {
        const next = this.#length(body, at, end);
        this.#groupHashes.push(this.#attribute(body, this.#at, next, PLACE.scope));
        attributes++;
        at = next;
      } else at = this.#skip(tag, at, end, tag === 0x20 ? 0 : SCOPE);
    }
    if (attributes > this.#limits.maxAttributes) this.#trouble |= SPAN_TROUBLE.tooManyAttributes;
    return attributes;
  }

  #span(body: Uint8Array, start: number, end: number, group: number, mark: number): void {
    const rows = this.#rows;
    const hashes = this.#hashes;
    const row = rows.next();
    rows.hashStart[row] = hashes.count;
    this.#trouble = 0;
    this.#priority = -1;
    this.#status = 0;
    let at = start;
    let traceStart = 0;
    let traceEnd = 0;
    let idStart = 0;
    let idEnd = 0;
    let parentStart = 0;
    let parentEnd = 0;
    let stateStart = 0;
    let stateEnd = 0;
    let nameStart = 0;
    let nameEnd = 0;
    let kind = 0;
    let flags = 0;
    let attributes = 0;
    let startLow = 0;
    let startHigh = 0;
    let endLow = 0;
    let endHigh = 0;
    while (at < end) {
      let tag = body[at] as number;
      if (tag < 0x80) at++;
      else {
        tag = this.#tag(body, at, end);
        at = this.#at;
      }
      if ((tag & 7) === 2) {
        let next = body[at] as number;
        if (next < 0x80) {
          next += ++at;
          if (next > end) throw overrun(at - 1);
        } else {
          next = this.#length(body, at, end);
          at = this.#at;
        }
        switch (tag) {
          case 0x4a:
            hashes.push(this.#attribute(body, at, next, PLACE.span));
            attributes++;
            break;
          case 0x0a:
            traceStart = at;
            traceEnd = next;
            break;
          case 0x12:
            idStart = at;
            idEnd = next;
            break;
          case 0x1a:
            this.#checkText(body, at, next);
            stateStart = at;
            stateEnd = next;
            break;
          case 0x22:
            parentStart = at;
            parentEnd = next;
            break;
          case 0x2a:
            this.#checkText(body, at, next);
            nameStart = at;
            nameEnd = next;
            break;
          case 0x5a:
            this.#event(body, at, next);
            break;
          case 0x6a:
            this.#link(body, at, next);
            break;
          case 0x7a:
            this.#statusMessage(body, at, next);
            break;
          default:
            this.#refuseKnown(tag, at, SPAN);
        }
        at = next;
        continue;
      }
      switch (tag) {
        case 0x39:
          if (at + 8 > end) throw cutOff(64, at);
          startLow = word(body, at);
          startHigh = word(body, at + 4);
          at += 8;
          break;
        case 0x41:
          if (at + 8 > end) throw cutOff(64, at);
          endLow = word(body, at);
          endHigh = word(body, at + 4);
          at += 8;
          break;
        case 0x30:
          kind = this.#varint(body, at, end);
          at = this.#at;
          break;
        case 0x85:
          if (at + 4 > end) throw cutOff(32, at);
          flags = word(body, at);
          at += 4;
          break;
        case 0x50:
        case 0x60:
        case 0x70:
          at = this.#skip(tag, at, end, 0);
          break;
        default:
          at = this.#skip(tag, at, end, SPAN);
      }
    }
    if (attributes > this.#limits.maxAttributes) this.#trouble |= SPAN_TROUBLE.tooManyAttributes;
    rows.traceIndex[row] = this.#traceId(body, traceStart, traceEnd);
    this.#spanId(body, idStart, idEnd, row);
    this.#parentId(body, parentStart, parentEnd, row);
    rows.nameIndex[row] = this.#interner.intern(body, nameStart, nameEnd);
    rows.groupIndex[row] = group;
    let marks = mark;
    if (kind > 5) {
      marks |= SPAN_MARK.unknownKind;
      kind = 0;
    }
    rows.kind[row] = kind;
    rows.status[row] = this.#status;
    if (endHigh < startHigh || (endHigh === startHigh && endLow < startLow)) marks |= SPAN_MARK.negativeDuration;
    if (impossible(startHigh, startLow) || impossible(endHigh, endLow)) marks |= SPAN_MARK.impossibleTime;
    rows.marks[row] = marks;
    rows.startLow[row] = startLow;
    rows.startHigh[row] = startHigh;
    rows.endLow[row] = endLow;
    rows.endHigh[row] = endHigh;
    rows.spanStart[row] = start;
    rows.spanEnd[row] = end;
    rows.traceStateStart[row] = stateStart;
    rows.traceStateEnd[row] = stateEnd;
    rows.flags[row] = flags;
    rows.samplingPriority[row] = this.#priority;
    rows.troubles[row] = this.#trouble;
    this.#allTroubles |= this.#trouble;
  }

  #traceId(body: Uint8Array, start: number, end: number): number {
    const length = end - start;
    let from = body;
    let at = start;
    if (length !== 16) {
      from = this.#padded.fill(0);
      at = 0;
      if (length < 16) for (let i = 0; i < length; i++) from[16 - length + i] = body[start + i] as number;
      this.#trouble |= SPAN_TROUBLE.shortOrLongTraceId;
    }
    let bits = 0;
    for (let i = at; i < at + 16; i++) bits |= from[i] as number;
    if (bits === 0 && length <= 16) this.#trouble |= SPAN_TROUBLE.zeroTraceId;
    return this.#traceIds.add(from, at);
  }

  #spanId(body: Uint8Array, start: number, end: number, row: number): void {
    if (copyId(this.#rows.spanIds, row * 8, body, start, end) === 0 || end - start !== 8) {
      this.#trouble |= SPAN_TROUBLE.badSpanId;
    }
  }

  #parentId(body: Uint8Array, start: number, end: number, row: number): void {
    copyId(this.#rows.parentIds, row * 8, body, start, end);
    if (end !== start && end - start !== 8) this.#trouble |= SPAN_TROUBLE.badParentId;
  }

  #event(body: Uint8Array, start: number, end: number): void {
    let attributes = 0;
    let at = start;
    while (at < end) {
      const tag = this.#tag(body, at, end);
      at = this.#at;
      if (tag === 0x12) {
        const next = this.#length(body, at, end);
        this.#checkText(body, this.#at, next);
        at = next;
      } else if (tag === 0x1a) {
        const next = this.#length(body, at, end);
        this.#hashes.push(this.#attribute(body, this.#at, next, PLACE.event));
        attributes++;
        at = next;
      } else at = this.#skip(tag, at, end, tag === 0x09 || tag === 0x20 ? 0 : EVENT);
    }
    if (attributes > this.#limits.maxAttributes) this.#trouble |= SPAN_TROUBLE.tooManyAttributes;
  }

  /** Links are checked and not hashed: a search for `key = value` never looks at them. */
  #link(body: Uint8Array, start: number, end: number): void {
    let attributes = 0;
    let at = start;
    while (at < end) {
      const tag = this.#tag(body, at, end);
      at = this.#at;
      if (tag === 0x1a) {
        const next = this.#length(body, at, end);
        this.#checkText(body, this.#at, next);
        at = next;
      } else if (tag === 0x22) {
        const next = this.#length(body, at, end);
        this.#attribute(body, this.#at, next, PLACE.event);
        attributes++;
        at = next;
      } else {
        const plain = tag === 0x0a || tag === 0x12 || tag === 0x28 || tag === 0x35;
        at = this.#skip(tag, at, end, plain ? 0 : LINK);
      }
    }
    if (attributes > this.#limits.maxAttributes) this.#trouble |= SPAN_TROUBLE.tooManyAttributes;
  }

  #statusMessage(body: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end) {
      const tag = this.#tag(body, at, end);
      at = this.#at;
      if (tag === 0x12) {
        const next = this.#length(body, at, end);
        this.#checkText(body, this.#at, next);
        at = next;
      } else if (tag === 0x18) {
        const code = this.#varint(body, at, end);
        this.#status = code <= 2 ? code : 0;
        at = this.#at;
      } else at = this.#skip(tag, at, end, STATUS);
    }
  }

  /**
   * The hash of a KeyValue message, as int32. The form every sender writes, key then value and one scalar in it, is done
   * here; whatever else goes through the decoder.
   */
  #attribute(body: Uint8Array, start: number, end: number, place: Place): number {
    if (end - start < 5 || body[start] !== 0x0a) return this.#odd(start, end, place);
    const keyStart = start + 2;
    const keyEnd = keyStart + (body[start + 1] as number);
    let at = keyEnd + 1;
    if ((body[start + 1] as number) > 0x7f || at >= end || body[keyEnd] !== 0x12) {
      return this.#odd(start, end, place);
    }
    let length = body[at++] as number;
    if (length > 0x7f) length = (length & 0x7f) | ((body[at++] as number) << 7);
    if (length === 0 || at + length !== end || length > 0x3fff) return this.#odd(start, end, place);
    const valueTag = body[at++] as number;
    let hash = HASH_SEED;
    let bits = 0;
    for (let i = keyStart; i < keyEnd; i++) {
      const byte = body[i] as number;
      bits |= byte;
      hash = Math.imul(hash ^ byte, PRIME);
    }
    hash = Math.imul(hash, PRIME);
    const special = keyEnd - keyStart === 12 || keyEnd - keyStart === 17;
    if (valueTag === 0x0a) {
      length = body[at++] as number;
      if (length > 0x7f) length = (length & 0x7f) | ((body[at++] as number) << 7);
      if (at + length !== end || length > 0x3fff) return this.#odd(start, end, place);
      if (length > this.#limits.maxValueBytes) this.#trouble |= SPAN_TROUBLE.longValue;
      for (let i = at; i < end; i++) {
        const byte = body[i] as number;
        bits |= byte;
        hash = Math.imul(hash ^ byte, PRIME);
      }
      if (bits > 0x7f && !(isUtf8(body, keyStart, keyEnd) && isUtf8(body, at, end))) {
        return this.#odd(start, end, place);
      }
      if (special) this.#specialText(body, keyStart, keyEnd, at, end, place);
    } else {
      if (bits > 0x7f) return this.#odd(start, end, place);
      if (special && this.#isSpecial(body, keyStart, keyEnd, place)) return this.#odd(start, end, place);
      if (valueTag === 0x18) {
        const low = this.#varint(body, at, end);
        if (this.#at !== end) return this.#odd(start, end, place);
        hash = hashDigits(hash, low, this.#high);
      } else if (valueTag === 0x10) {
        if (at + 1 !== end || (body[at] as number) > 0x7f) return this.#odd(start, end, place);
        hash = hashText(hash, body[at] === 0 ? "false" : "true");
      } else if (valueTag === 0x21 && at + 8 === end) {
        hash = hashText(hash, doubleText(double(body, at)));
      } else return this.#odd(start, end, place);
    }
    return finishHash(hash) | 0;
  }

  #isSpecial(body: Uint8Array, start: number, end: number, place: Place): boolean {
    if (place === PLACE.resource) return this.#service === -1 && equal(body, start, end, SERVICE_NAME);
    return place === PLACE.span && this.#priority < 0 && equal(body, start, end, SAMPLING_PRIORITY);
  }

  #specialText(body: Uint8Array, key: number, keyEnd: number, start: number, end: number, place: Place): void {
    if (!this.#isSpecial(body, key, keyEnd, place)) return;
    if (place === PLACE.resource) this.#service = end > start ? this.#interner.intern(body, start, end) : -2;
    else this.#priority = textPriority(Buffer.from(body.buffer, body.byteOffset + start, end - start).toString());
  }

  /** Any KeyValue at all, through the decoder. */
  #odd(start: number, end: number, place: Place): number {
    const reader = this.#reader;
    reader.at = start;
    reader.end = end;
    reader.invalidUtf8 = false;
    const attribute = keyValueBody(reader, this.#limits.maxDepth);
    if (reader.invalidUtf8) this.#trouble |= SPAN_TROUBLE.invalidUtf8;
    if (hasLongValue(attribute.value, this.#limits.maxValueBytes)) this.#trouble |= SPAN_TROUBLE.longValue;
    this.#oddSpecial(attribute, place);
    return attributeHash(attribute.key, anyValueText(attribute.value)) | 0;
  }

  #oddSpecial({ key, value }: KeyValue, place: Place): void {
    if (place === PLACE.resource && this.#service === -1 && key === "service.name") {
      if (value.type !== "string" || value.value === "") this.#service = -2;
      else {
        const bytes = Buffer.from(value.value, "utf8");
        this.#service = this.#interner.intern(bytes, 0, bytes.length);
      }
    } else if (place === PLACE.span && this.#priority < 0 && key === "sampling.priority") {
      this.#priority = valuePriority(value);
    }
  }

  #checkText(body: Uint8Array, start: number, end: number): void {
    let bits = 0;
    for (let i = start; i < end; i++) bits |= body[i] as number;
    if (bits > 0x7f && !isUtf8(body, start, end)) this.#trouble |= SPAN_TROUBLE.invalidUtf8;
  }

  #tag(body: Uint8Array, at: number, end: number): number {
    const first = body[at] as number;
    if (first < 0x80) {
      this.#at = at + 1;
      return first;
    }
    const second = body[at + 1] as number;
    if (second < 0x80 && at + 2 <= end) {
      this.#at = at + 2;
      return (first & 0x7f) | (second << 7);
    }
    const reader = this.#readerAt(at, end);
    const tag = reader.tag();
    this.#at = reader.at;
    return tag;
  }

  /** The end of a length-delimited field whose length stands at `at`; `#at` is its first byte. */
  #length(body: Uint8Array, at: number, end: number): number {
    const first = body[at] as number;
    if (first < 0x80 && at < end) {
      this.#at = at + 1;
      if (at + 1 + first > end) throw overrun(at);
      return at + 1 + first;
    }
    const reader = this.#readerAt(at, end);
    const length = reader.length();
    this.#at = reader.at;
    return reader.at + length;
  }

  #varint(body: Uint8Array, at: number, end: number): number {
    const first = body[at] as number;
    if (first < 0x80 && at < end) {
      this.#at = at + 1;
      this.#high = 0;
      return first;
    }
    const second = body[at + 1] as number;
    if (second < 0x80 && at + 2 <= end) {
      this.#at = at + 2;
      this.#high = 0;
      return (first & 0x7f) | (second << 7);
    }
    const reader = this.#readerAt(at, end);
    const low = reader.varint();
    this.#at = reader.at;
    this.#high = reader.high;
    return low;
  }

  #skip(tag: number, at: number, end: number, known: number): number {
    const reader = this.#readerAt(at, end);
    reader.skip(tag, known);
    return reader.at;
  }

  #refuseKnown(tag: number, at: number, known: number): void {
    const field = tag >>> 3;
    if (field === 0) throw new DecodeError("field number 0", at);
    if (field < 31 && (known & (1 << field)) !== 0) {
      throw new DecodeError(`field ${field} has the wrong wire type ${tag & 7}`, at);
    }
  }

  #readerAt(at: number, end: number): ByteReader {
    const reader = this.#reader;
    reader.at = at;
    reader.end = end;
    return reader;
  }
}

function word(body: Uint8Array, at: number): number {
  return (
    ((body[at] as number) |
      ((body[at + 1] as number) << 8) |
      ((body[at + 2] as number) << 16) |
      ((body[at + 3] as number) << 24)) >>>
    0
  );
}

function double(body: Uint8Array, at: number): number {
  return new DataView(body.buffer, body.byteOffset + at, 8).getFloat64(0, true);
}

function impossible(high: number, low: number): boolean {
  return (high | low) === 0 || high > LATEST_HIGH || (high === LATEST_HIGH && low > LATEST_LOW);
}

function equal(body: Uint8Array, start: number, end: number, text: Uint8Array): boolean {
  if (end - start !== text.length) return false;
  for (let i = 0; i < text.length; i++) if (body[start + i] !== text[i]) return false;
  return true;
}

/** Copies an 8-byte id, left-padded; zeros where it is longer. Returns all its bits, 0 for an empty or zero id. */
function copyId(to: Uint8Array, at: number, body: Uint8Array, start: number, end: number): number {
  const length = end - start;
  const pad = length > 8 ? 8 : 8 - length;
  let bits = 0;
  for (let i = 0; i < 8; i++) {
    const byte = i < pad ? 0 : (body[start + i - pad] as number);
    bits |= byte;
    to[at + i] = byte;
  }
  return bits;
}

function hasLongValue(value: AnyValue, max: number): boolean {
  switch (value.type) {
    case "string":
      return value.value.length * 3 > max && Buffer.byteLength(value.value) > max;
    case "bytes":
      return value.value.length > max;
    case "array":
      return value.value.some((item) => hasLongValue(item, max));
    case "kvlist":
      return value.value.some((item) => hasLongValue(item.value, max));
    default:
      return false;
  }
}

/** `sampling.priority` (OpenTracing): above zero keeps, else drops; senders write it in every type. */
function valuePriority(value: AnyValue): number {
  switch (value.type) {
    case "int":
      return value.value > 0n ? 1 : 0;
    case "double":
      return value.value > 0 ? 1 : 0;
    case "bool":
      return value.value ? 1 : 0;
    case "string":
      return textPriority(value.value);
    default:
      return -1;
  }
}

function textPriority(text: string): number {
  const trimmed = text.trim().toLowerCase();
  if (trimmed === "true") return 1;
  if (trimmed === "false") return 0;
  const number = trimmed === "" ? Number.NaN : Number(trimmed);
  return Number.isNaN(number) ? -1 : number > 0 ? 1 : 0;
}

function cutOff(bits: number, at: number): DecodeError {
  return new DecodeError(`${bits}-bit field is cut off`, at);
}

function overrun(at: number): DecodeError {
  return new DecodeError("length is more than the bytes that are left", at);
}
