import { DEFAULT_SERVICE, SPAN_MARK } from "../../../model/span.ts";
import type { SpanGroup } from "../../../model/span-columns.ts";
import { DecodeError } from "../../decode-error.ts";
import type { SpanLimits } from "../message/span-limits.ts";
import { fieldSet, refuseField } from "../wire/wire.ts";
import { ByteInterner } from "./byte-interner.ts";
import { linkHash } from "./link-hash.ts";
import { AttributeScanner, PLACE } from "./scan-attribute.ts";
import { type ScanResult, SPAN_TROUBLE } from "./scan-result.ts";
import { HashList, ScanRows } from "./scan-rows.ts";
import { TraceIdTable } from "./trace-id-table.ts";
import { lengthOverrun, WireCursor } from "./wire-cursor.ts";

/**
 * What one body may hold. An empty span is two bytes and costs a row of 80, and every scope repeats the hashes of its
 * resource, so that without bounds a small compressed request could ask for gigabytes.
 */
const MAX_SPANS = 1 << 20;
const MAX_GROUPS = 1 << 16;
const MAX_GROUP_HASHES = 1 << 23;
/** Of a body that has more groups without spans, those are left out before it is stored. */
const MAX_EMPTY_GROUPS = 1 << 10;
/** Made once, as its stack tells nobody anything. */
const TROUBLE = new DecodeError("some span has to be mended");
/** 2200-01-01T00:00:00Z in ns since the epoch, as halves of a u64: the latest time that is believed. */
const LATEST_HIGH = Number(7_258_118_400_000_000_000n >> 32n);
const LATEST_LOW = Number(7_258_118_400_000_000_000n & 0xffff_ffffn);
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

/**
 * One pass over OTLP protobuf (TracesData = ExportTraceServiceRequest): checks the wire format of everything, fills
 * SpanColumns and hashes every attribute, without an object for any span. What is unusual, fields out of order, values
 * that are lists, attributes in parts, takes a slower path with the same result. The longest method is long because
 * a call for every field would cost a third of the speed.
 */
export class TraceScanner {
  readonly #limits: SpanLimits;
  readonly #wire = new WireCursor();
  readonly #attributes: AttributeScanner;
  readonly #rows = new ScanRows();
  readonly #hashes = new HashList();
  readonly #groupHashes = new HashList();
  readonly #resourceHashes = new HashList();
  readonly #groupHashStart = new HashList();
  readonly #interner = new ByteInterner();
  readonly #traceIds = new TraceIdTable();
  readonly #padded = new Uint8Array(16);
  readonly #paddedView = new DataView(this.#padded.buffer);
  /** Of the body: four bytes at once, wherever they stand. */
  #view: DataView = new DataView(new ArrayBuffer(0));
  #allTroubles = 0;
  #groupTrouble = false;
  #soundOnly = false;
  #emptyGroups = 0;
  #status = 0;

  constructor(limits: SpanLimits) {
    this.#limits = limits;
    this.#attributes = new AttributeScanner(limits, this.#wire, this.#interner);
  }

  /**
   * Scans a body. The result holds until the next scan. Throws DecodeError where the bytes are no TracesData.
   * @param soundOnly throws at the first trouble: all of the body will be mended, and be scanned again. A great many
   * empty groups are one
   */
  scan(body: Uint8Array, soundOnly = false): ScanResult {
    this.#soundOnly = soundOnly;
    this.#emptyGroups = 0;
    this.#rows.begin();
    this.#hashes.begin();
    this.#groupHashes.begin();
    this.#groupHashStart.begin();
    this.#interner.begin();
    this.#traceIds.begin();
    this.#allTroubles = 0;
    this.#groupTrouble = false;
    this.#wire.begin(body);
    this.#view = new DataView(body.buffer, body.byteOffset, body.length);
    this.#attributes.begin(this.#view);
    const groups: SpanGroup[] = [];
    let at = 0;
    while (at < body.length) {
      const tag = this.#wire.tag(body, at, body.length);
      at = this.#wire.at;
      if (tag === 0x0a) {
        const end = this.#wire.length(body, at, body.length);
        if (end === this.#wire.at) this.#countEmptyGroup();
        this.#resourceSpans(body, this.#wire.at, end, groups);
        at = end;
      } else at = this.#wire.skip(tag, at, body.length, TRACES);
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
    this.#resourceHashes.begin();
    this.#attributes.service = -1;
    this.#wire.trouble = 0;
    let attributes = 0;
    let at = start;
    while (at < end) {
      const tag = this.#wire.tag(body, at, end);
      at = this.#wire.at;
      if (tag === 0x0a) {
        const next = this.#wire.length(body, at, end);
        attributes = this.#resource(body, this.#wire.at, next, attributes);
        at = next;
      } else if (tag === 0x1a) {
        const next = this.#wire.length(body, at, end);
        this.#name(body, this.#wire.at, next);
        at = next;
      } else if (tag === 0x12) {
        const next = this.#wire.length(body, at, end);
        if (next === this.#wire.at) this.#countEmptyGroup();
        at = next;
      } else at = this.#wire.skip(tag, at, end, RESOURCE_SPANS);
    }
    if (this.#wire.trouble !== 0) this.#groupTrouble = true;
    let mark = 0;
    if (this.#attributes.service < 0) {
      this.#attributes.service = this.#interner.intern(DEFAULT_SERVICE_BYTES, 0, DEFAULT_SERVICE_BYTES.length);
      mark = SPAN_MARK.serviceDefaulted;
    }
    at = start;
    while (at < end) {
      const tag = this.#wire.tag(body, at, end);
      at = this.#wire.at;
      if (tag === 0x12) {
        const next = this.#wire.length(body, at, end);
        if (groups.length === MAX_GROUPS) throw new DecodeError(`more than ${MAX_GROUPS} scopes in one body`, at);
        groups.push({
          service: this.#attributes.service,
          resourceSpansStart: start,
          resourceSpansEnd: end,
          scopeSpansStart: this.#wire.at,
          scopeSpansEnd: next,
        });
        this.#scopeSpans(body, this.#wire.at, next, groups.length - 1, mark);
        at = next;
      } else at = this.#wire.skip(tag, at, end, 0);
    }
  }

  #countEmptyGroup(): void {
    if (++this.#emptyGroups > MAX_EMPTY_GROUPS && this.#soundOnly) throw TROUBLE;
  }

  #scopeSpans(body: Uint8Array, start: number, end: number, group: number, mark: number): void {
    const groupHashes = this.#groupHashes;
    this.#groupHashStart.push(groupHashes.count);
    if (groupHashes.count + this.#resourceHashes.count > MAX_GROUP_HASHES) {
      throw new DecodeError("too many resource attributes for so many scopes in one body", start);
    }
    for (let i = 0; i < this.#resourceHashes.count; i++) groupHashes.push(this.#resourceHashes.items[i] as number);
    let attributes = 0;
    let at = start;
    while (at < end) {
      const tag = this.#wire.tag(body, at, end);
      if (tag === 0x12) {
        const next = this.#wire.length(body, this.#wire.at, end);
        this.#span(body, this.#wire.at, next, group, mark);
        if (this.#soundOnly && this.#wire.trouble !== 0) throw TROUBLE;
        at = next;
        continue;
      }
      at = this.#wire.at;
      this.#wire.trouble = 0;
      if (tag === 0x0a) {
        const next = this.#wire.length(body, at, end);
        attributes = this.#scope(body, this.#wire.at, next, attributes);
        at = next;
      } else if (tag === 0x1a) {
        const next = this.#wire.length(body, at, end);
        this.#name(body, this.#wire.at, next);
        at = next;
      } else at = this.#wire.skip(tag, at, end, SCOPE_SPANS);
      if (this.#wire.trouble !== 0) this.#groupTrouble = true;
    }
  }

  #resource(body: Uint8Array, start: number, end: number, before: number): number {
    let attributes = before;
    let at = start;
    while (at < end) {
      const tag = this.#wire.tag(body, at, end);
      at = this.#wire.at;
      if (tag === 0x0a) {
        const next = this.#wire.length(body, at, end);
        if (attributes++ < this.#limits.maxAttributes) {
          this.#resourceHashes.push(this.#attributes.hash(body, this.#wire.at, next, PLACE.resource));
        } else if (this.#soundOnly) throw TROUBLE;
        at = next;
      } else if (tag === 0x10) at = this.#wire.skip(tag, at, end, 0);
      else if (tag === 0x1a) {
        const next = this.#wire.length(body, at, end);
        this.#entityRef(body, this.#wire.at, next);
        at = next;
      } else at = this.#wire.skip(tag, at, end, RESOURCE);
    }
    if (attributes > this.#limits.maxAttributes) this.#wire.trouble |= SPAN_TROUBLE.tooMany;
    return attributes;
  }

  #entityRef(body: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end) {
      const tag = this.#wire.tag(body, at, end);
      at = this.#wire.at;
      if (tag === 0x0a || tag === 0x12 || tag === 0x1a || tag === 0x22) {
        const next = this.#wire.length(body, at, end);
        this.#wire.checkText(body, this.#wire.at, next);
        at = next;
      } else at = this.#wire.skip(tag, at, end, ENTITY_REF);
    }
  }

  #scope(body: Uint8Array, start: number, end: number, before: number): number {
    let attributes = before;
    let at = start;
    while (at < end) {
      const tag = this.#wire.tag(body, at, end);
      at = this.#wire.at;
      if (tag === 0x0a || tag === 0x12) {
        const next = this.#wire.length(body, at, end);
        this.#name(body, this.#wire.at, next);
        at = next;
      } else if (tag === 0x1a) {
        const next = this.#wire.length(body, at, end);
        if (attributes++ < this.#limits.maxAttributes) {
          this.#groupHashes.push(this.#attributes.hash(body, this.#wire.at, next, PLACE.scope));
        } else if (this.#soundOnly) throw TROUBLE;
        at = next;
      } else at = this.#wire.skip(tag, at, end, tag === 0x20 ? 0 : SCOPE);
    }
    if (attributes > this.#limits.maxAttributes) this.#wire.trouble |= SPAN_TROUBLE.tooMany;
    return attributes;
  }

  #span(body: Uint8Array, start: number, end: number, group: number, mark: number): void {
    const rows = this.#rows;
    const hashes = this.#hashes;
    const view = this.#view;
    const { maxAttributes } = this.#limits;
    if (rows.count === MAX_SPANS) throw new DecodeError(`more than ${MAX_SPANS} spans in one body`, start);
    const row = rows.next();
    rows.hashStart[row] = hashes.count;
    this.#wire.trouble = 0;
    this.#attributes.priority = -1;
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
    let events = 0;
    let links = 0;
    let startLow = 0;
    let startHigh = 0;
    let endLow = 0;
    let endHigh = 0;
    while (at < end) {
      let tag = body[at] as number;
      if (tag < 0x80) at++;
      else {
        tag = this.#wire.tag(body, at, end);
        at = this.#wire.at;
      }
      if ((tag & 7) === 2) {
        let next = body[at] as number;
        if (next < 0x80) {
          next += ++at;
          if (next > end) throw lengthOverrun(at - 1);
        } else {
          next = this.#wire.length(body, at, end);
          at = this.#wire.at;
        }
        switch (tag) {
          case 0x4a:
            if (attributes < maxAttributes) {
              hashes.push(this.#attributes.hash(body, at, next, PLACE.span, attributes));
            } else if (this.#soundOnly) throw TROUBLE;
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
            this.#wire.checkText(body, at, next);
            stateStart = at;
            stateEnd = next;
            break;
          case 0x22:
            parentStart = at;
            parentEnd = next;
            break;
          case 0x2a:
            this.#name(body, at, next);
            nameStart = at;
            nameEnd = next;
            break;
          case 0x5a:
            if (events++ < this.#limits.maxEvents) this.#event(body, at, next);
            else if (this.#soundOnly) throw TROUBLE;
            break;
          case 0x6a:
            if (links++ < this.#limits.maxLinks) this.#link(body, at, next);
            else if (this.#soundOnly) throw TROUBLE;
            break;
          case 0x7a:
            this.#statusMessage(body, at, next);
            break;
          default:
            refuseField(tag, at, SPAN);
        }
        at = next;
        continue;
      }
      switch (tag) {
        case 0x39:
          if (at + 8 > end) throw cutOff(64, at);
          startLow = view.getUint32(at, true);
          startHigh = view.getUint32(at + 4, true);
          at += 8;
          break;
        case 0x41:
          if (at + 8 > end) throw cutOff(64, at);
          endLow = view.getUint32(at, true);
          endHigh = view.getUint32(at + 4, true);
          at += 8;
          break;
        case 0x30:
          kind = this.#wire.varint(body, at, end);
          at = this.#wire.at;
          break;
        case 0x85:
          if (at + 4 > end) throw cutOff(32, at);
          flags = view.getUint32(at, true);
          at += 4;
          break;
        case 0x50:
        case 0x60:
        case 0x70:
          at = this.#wire.skip(tag, at, end, 0);
          break;
        default:
          at = this.#wire.skip(tag, at, end, SPAN);
      }
    }
    if (attributes > maxAttributes || events > this.#limits.maxEvents || links > this.#limits.maxLinks) {
      this.#wire.trouble |= SPAN_TROUBLE.tooMany;
    }
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
    rows.samplingPriority[row] = this.#attributes.priority;
    rows.troubles[row] = this.#wire.trouble;
    this.#allTroubles |= this.#wire.trouble;
  }

  #traceId(body: Uint8Array, start: number, end: number): number {
    const length = end - start;
    let view = this.#view;
    let at = start;
    if (length !== 16) {
      this.#padded.fill(0);
      if (length < 16) this.#padded.set(body.subarray(start, end), 16 - length);
      view = this.#paddedView;
      at = 0;
      this.#wire.trouble |= SPAN_TROUBLE.shortOrLongTraceId;
    }
    const a = view.getInt32(at, true);
    const b = view.getInt32(at + 4, true);
    const c = view.getInt32(at + 8, true);
    const d = view.getInt32(at + 12, true);
    if ((a | b | c | d) === 0 && length <= 16) this.#wire.trouble |= SPAN_TROUBLE.zeroTraceId;
    return this.#traceIds.add(a, b, c, d);
  }

  #spanId(body: Uint8Array, start: number, end: number, row: number): void {
    if (end - start !== 8) {
      copyId(this.#rows.spanIds, row * 8, body, start, end);
      this.#wire.trouble |= SPAN_TROUBLE.badSpanId;
    } else if (copyWords(this.#rows.spanIdWords, row * 2, this.#view, start) === 0) {
      this.#wire.trouble |= SPAN_TROUBLE.badSpanId;
    }
  }

  #parentId(body: Uint8Array, start: number, end: number, row: number): void {
    if (end - start === 8) {
      copyWords(this.#rows.parentIdWords, row * 2, this.#view, start);
      return;
    }
    copyId(this.#rows.parentIds, row * 8, body, start, end);
    if (end !== start) this.#wire.trouble |= SPAN_TROUBLE.badParentId;
  }

  #event(body: Uint8Array, start: number, end: number): void {
    let attributes = 0;
    let at = start;
    while (at < end) {
      const tag = this.#wire.tag(body, at, end);
      at = this.#wire.at;
      if (tag === 0x12) {
        const next = this.#wire.length(body, at, end);
        this.#name(body, this.#wire.at, next);
        at = next;
      } else if (tag === 0x1a) {
        const next = this.#wire.length(body, at, end);
        if (attributes++ < this.#limits.maxAttributes) {
          this.#hashes.push(this.#attributes.hash(body, this.#wire.at, next, PLACE.event));
        }
        at = next;
      } else at = this.#wire.skip(tag, at, end, tag === 0x09 || tag === 0x20 ? 0 : EVENT);
    }
    if (attributes > this.#limits.maxAttributes) this.#wire.trouble |= SPAN_TROUBLE.tooMany;
  }

  /** Of a link only the trace id is hashed: a search for `key = value` never looks at its attributes. */
  #link(body: Uint8Array, start: number, end: number): void {
    let attributes = 0;
    let traceAt = -1;
    let at = start;
    while (at < end) {
      const tag = this.#wire.tag(body, at, end);
      at = this.#wire.at;
      if (tag === 0x1a) {
        const next = this.#wire.length(body, at, end);
        this.#wire.checkText(body, this.#wire.at, next);
        at = next;
      } else if (tag === 0x22) {
        const next = this.#wire.length(body, at, end);
        if (attributes++ < this.#limits.maxAttributes) {
          this.#attributes.hash(body, this.#wire.at, next, PLACE.event);
        }
        at = next;
      } else if (tag === 0x0a) {
        const next = this.#wire.length(body, at, end);
        traceAt = next - this.#wire.at === 16 ? this.#wire.at : -1;
        at = next;
      } else {
        const plain = tag === 0x12 || tag === 0x28 || tag === 0x35;
        at = this.#wire.skip(tag, at, end, plain ? 0 : LINK);
      }
    }
    if (traceAt >= 0) this.#hashes.push(linkHash(body, traceAt));
    if (attributes > this.#limits.maxAttributes) this.#wire.trouble |= SPAN_TROUBLE.tooMany;
  }

  #name(body: Uint8Array, start: number, end: number): void {
    if (end - start > this.#limits.maxNameBytes) this.#wire.trouble |= SPAN_TROUBLE.longValue;
    this.#wire.checkText(body, start, end);
  }

  #statusMessage(body: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end) {
      const tag = this.#wire.tag(body, at, end);
      at = this.#wire.at;
      if (tag === 0x12) {
        const next = this.#wire.length(body, at, end);
        this.#wire.checkText(body, this.#wire.at, next);
        at = next;
      } else if (tag === 0x18) {
        const code = this.#wire.varint(body, at, end);
        this.#status = code <= 2 ? code : 0;
        at = this.#wire.at;
      } else at = this.#wire.skip(tag, at, end, STATUS);
    }
  }
}

function impossible(high: number, low: number): boolean {
  return (high | low) === 0 || high > LATEST_HIGH || (high === LATEST_HIGH && low > LATEST_LOW);
}

/** Copies an id of another length than 8 bytes, left-padded; zeros where it is longer. */
function copyId(to: Uint8Array, at: number, body: Uint8Array, start: number, end: number): void {
  to.fill(0, at, at + 8);
  if (end - start < 8) to.set(body.subarray(start, end), at + 8 - (end - start));
}

/** Copies an id of 8 bytes. Returns all its bits, 0 for a zero id. */
function copyWords(to: Int32Array, at: number, from: DataView, start: number): number {
  const low = from.getInt32(start, true);
  const high = from.getInt32(start + 4, true);
  to[at] = low;
  to[at + 1] = high;
  return low | high;
}

function cutOff(bits: number, at: number): DecodeError {
  return new DecodeError(`${bits}-bit field is cut off`, at);
}
