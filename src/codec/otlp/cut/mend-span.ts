import { SPAN_MARK } from "../../../model/span.ts";
import { type IdKind, REFUSED, type Refused, SPAN_ID, TRACE_ID } from "../message/id-faults.ts";
import type { MarkList, Refusals } from "../message/refusals.ts";
import type { SpanLimits } from "../message/span-limits.ts";
import type { LenientCursor } from "../wire/lenient-cursor.ts";
import type { WireWriter } from "../wire/wire-writer.ts";
import type { FieldMender } from "./mend-fields.ts";

/** Last field numbers of the messages. */
const SPAN_LAST = 16;
const EVENT_LAST = 4;
const LINK_LAST = 6;
const STATUS_LAST = 3;

/** Names of the fields whose faults refuse a span, by number. */
const NAMES: Readonly<Record<number, string>> = {
  1: "traceId",
  2: "spanId",
  7: "startTimeUnixNano",
  8: "endTimeUnixNano",
  9: "attributes",
  11: "events",
  13: "links",
};

/** Rewrites spans one by one. One that is refused leaves nothing behind but its count. */
export class SpanMender {
  /** Where the next span stands. */
  resource = 0;
  scope = 0;
  span = 0;
  readonly #cursor: LenientCursor;
  readonly #writer: WireWriter;
  readonly #fields: FieldMender;
  readonly #limits: SpanLimits;
  readonly #refusals: Refusals;
  #reason: Refused | undefined;
  #fault = "";
  #ids = 0;

  constructor(cursor: LenientCursor, writer: WireWriter, fields: FieldMender, limits: SpanLimits, refusals: Refusals) {
    this.#cursor = cursor;
    this.#writer = writer;
    this.#fields = fields;
    this.#limits = limits;
    this.#refusals = refusals;
  }

  /** Reads a Span message and writes it as a field of its scope. */
  mend(start: number, end: number, marks: MarkList): void {
    const before = this.#writer.length;
    const opened = this.#writer.open(0x12);
    this.#reason = undefined;
    this.#ids = 0;
    this.#fields.marks = 0;
    this.#members(start, end);
    if (this.#reason === undefined && this.#ids !== 3) {
      const kind = (this.#ids & 1) === 0 ? TRACE_ID : SPAN_ID;
      this.#refuse(kind.empty, missing(kind));
    }
    if (this.#reason === undefined) {
      this.#writer.close(opened);
      marks.push(this.#fields.marks);
      return;
    }
    this.#writer.rewind(before);
    const { resource, scope, span } = this;
    const fault = this.#fault;
    this.#refusals.refuse(this.#reason, () => placeOf(resource, scope, span) + fault);
  }

  /** As many empty Span messages: a body may hold millions, and all lack the same. */
  refuseEmpty(times: number): void {
    const { resource, scope, span } = this;
    this.#refusals.refuse(TRACE_ID.empty, (nth) => placeOf(resource, scope, span + nth) + missing(TRACE_ID), times);
    this.span += times;
  }

  #members(start: number, end: number): void {
    const cursor = this.#cursor;
    const counts = { attributes: 0, events: 0, links: 0 };
    const dropped = [0, 0, 0];
    let at = start;
    while (this.#reason === undefined && cursor.next(at, end)) {
      at = cursor.end;
      switch (cursor.tag) {
        case 0x0a:
          this.#ownId(TRACE_ID, 1);
          break;
        case 0x12:
          this.#ownId(SPAN_ID, 2);
          break;
        case 0x1a:
          this.#fields.text(this.#limits.maxValueBytes);
          break;
        case 0x22:
          this.#parent();
          break;
        case 0x2a:
          this.#fields.text(this.#limits.maxNameBytes);
          break;
        case 0x4a:
          if (counts.attributes++ < this.#limits.maxAttributes) this.#fields.attribute();
          else {
            counts.attributes += cursor.skipAlike(end);
            at = cursor.end;
          }
          break;
        case 0x5a:
          if (counts.events++ < this.#limits.maxEvents) this.#part(EVENT, cursor.start, at);
          else {
            counts.events += cursor.skipAlike(end);
            at = cursor.end;
          }
          break;
        case 0x6a:
          if (counts.links++ < this.#limits.maxLinks) this.#part(LINK, cursor.start, at);
          else {
            counts.links += cursor.skipAlike(end);
            at = cursor.end;
          }
          break;
        case 0x7a:
          this.#part(STATUS, cursor.start, at);
          break;
        case 0x30:
        case 0x39:
        case 0x41:
        case 0x85:
          this.#fields.copy();
          break;
        case 0x50:
        case 0x60:
        case 0x70:
          cursor.readVarint();
          dropped[(cursor.tag - 0x50) >> 4] = cursor.low;
          this.#fields.copy();
          break;
        default:
          this.#otherField();
      }
    }
    if (this.#reason !== undefined) return;
    if (cursor.broken) {
      this.#refuse(REFUSED.unreadable, ": expected fields of protobuf, found none or one that is cut off");
      return;
    }
    this.#beyond(0x50, dropped[0] as number, counts.attributes - this.#limits.maxAttributes);
    this.#beyond(0x60, dropped[1] as number, counts.events - this.#limits.maxEvents);
    this.#beyond(0x70, dropped[2] as number, counts.links - this.#limits.maxLinks);
  }

  /** A field that the standard does not know, or that has the wrong type. */
  #otherField(): void {
    const field = this.#cursor.tag >>> 3;
    if (field > SPAN_LAST) {
      this.#fields.copy();
      return;
    }
    const name = NAMES[field];
    if (name === undefined) {
      this.#fields.marks |= SPAN_MARK.mended;
      return;
    }
    const reason = field === 1 ? TRACE_ID.type : field === 2 ? SPAN_ID.type : field < 9 ? REFUSED.time : REFUSED.list;
    this.#refuse(reason, `.${name}: has the wrong wire type ${this.#cursor.tag & 7}`);
  }

  #ownId(kind: IdKind, bit: number): void {
    const { bytes, start, end, tag } = this.#cursor;
    const length = end - start;
    if (length > kind.bytes) {
      this.#refuse(kind.long, `.${NAMES[tag >>> 3]}: expected ${kind.bytes} bytes, found ${length}`);
    } else if (length > 0 && isZero(bytes, start, end)) {
      this.#refuse(kind.zero, `.${NAMES[tag >>> 3]}: expected ${kind.bytes} bytes, found zeros`);
    } else if (length > 0) {
      this.#padded(kind.bytes);
      this.#ids |= bit;
    }
  }

  /** A parent of a wrong length or of zeros is left out: the span is a root then. */
  #parent(): void {
    const { bytes, start, end } = this.#cursor;
    if (isZero(bytes, start, end)) return;
    if (end - start <= 8) this.#padded(8);
    else this.#fields.marks |= SPAN_MARK.mended;
  }

  #padded(length: number): void {
    const { bytes, tag, start, end } = this.#cursor;
    if (end - start === length) {
      this.#fields.copy();
      return;
    }
    this.#fields.marks |= SPAN_MARK.mended;
    this.#writer.tag(tag);
    this.#writer.varint(length);
    for (let i = end - start; i < length; i++) this.#writer.varint(0);
    this.#writer.rawRange(bytes, start, end);
  }

  /** Event, Link or Status: what cannot be read of it is left out. */
  #part(what: PartFields, start: number, end: number): void {
    const cursor = this.#cursor;
    const writer = this.#writer;
    const opened = writer.open(what.tag);
    let attributes = 0;
    let counted = 0;
    let at = start;
    while (cursor.next(at, end)) {
      at = cursor.end;
      const { tag } = cursor;
      if (tag === what.attributes) {
        if (attributes++ < this.#limits.maxAttributes) this.#fields.attribute();
        else {
          attributes += cursor.skipAlike(end);
          at = cursor.end;
        }
      } else if (tag === what.text) {
        this.#fields.text(what === EVENT ? this.#limits.maxNameBytes : this.#limits.maxValueBytes);
      } else if (tag === what.dropped) {
        cursor.readVarint();
        counted = cursor.low;
        this.#fields.copy();
      } else if (what.others.includes(tag) || tag >>> 3 > what.last) this.#fields.copy();
      else this.#fields.marks |= SPAN_MARK.mended;
    }
    if (cursor.broken) this.#fields.marks |= SPAN_MARK.mended;
    this.#beyond(what.dropped, counted, attributes - this.#limits.maxAttributes);
    writer.close(opened);
  }

  /** Counts what was left out as dropped: the field comes again, and the last one holds. */
  #beyond(tag: number, counted: number, dropped: number): void {
    if (dropped <= 0) return;
    this.#fields.marks |= SPAN_MARK.mended;
    this.#writer.tag(tag);
    this.#writer.varint(Math.min(counted + dropped, 0xffff_ffff));
  }

  #refuse(reason: Refused, fault: string): void {
    this.#reason = reason;
    this.#fault = fault;
  }
}

interface PartFields {
  readonly tag: number;
  readonly attributes: number;
  readonly text: number;
  readonly dropped: number;
  /** Further tags that may be there, whatever they hold. */
  readonly others: readonly number[];
  readonly last: number;
}

/** Event: time_unix_nano 1, name 2, attributes 3, dropped_attributes_count 4. */
const EVENT: PartFields = {
  tag: 0x5a,
  attributes: 0x1a,
  text: 0x12,
  dropped: 0x20,
  others: [0x09],
  last: EVENT_LAST,
};

/** Link: trace_id 1, span_id 2, trace_state 3, attributes 4, dropped_attributes_count 5, flags 6. */
const LINK: PartFields = {
  tag: 0x6a,
  attributes: 0x22,
  text: 0x1a,
  dropped: 0x28,
  others: [0x0a, 0x12, 0x35],
  last: LINK_LAST,
};

/** Status: message 2, code 3; field 1 was a code long ago. */
const STATUS: PartFields = {
  tag: 0x7a,
  attributes: -1,
  text: 0x12,
  dropped: -1,
  others: [0x18, 0x08],
  last: STATUS_LAST,
};

function placeOf(resource: number, scope: number, span: number): string {
  return `resourceSpans[${resource}].scopeSpans[${scope}].spans[${span}]`;
}

/** What is wrong with a span that lacks an id. */
function missing(kind: IdKind): string {
  return `${kind === TRACE_ID ? ".traceId" : ".spanId"}: expected ${kind.bytes} bytes, found none`;
}

function isZero(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] !== 0) return false;
  return true;
}
