import { SPAN_KIND_NAMES, SPAN_MARK } from "../../../model/span.ts";
import { hexDigit, JSON_KIND, type JsonCursor } from "../../json/json-cursor.ts";
import { FieldTable } from "../../json/json-fields.ts";
import { type IdKind, REFUSED, type Refused, SPAN_ID, TRACE_ID } from "../message/id-faults.ts";
import type { MarkList, Refusals } from "../message/refusals.ts";
import type { SpanLimits } from "../message/span-limits.ts";
import type { WireWriter } from "../wire/wire-writer.ts";
import type { JsonScalars } from "./json-scalars.ts";
import type { JsonValues } from "./json-values.ts";

/** Field numbers of Span, Event, Link and Status (trace.proto). */
const SPAN = {
  traceId: 1,
  spanId: 2,
  traceState: 3,
  parentSpanId: 4,
  name: 5,
  kind: 6,
  startTimeUnixNano: 7,
  endTimeUnixNano: 8,
  attributes: 9,
  droppedAttributesCount: 10,
  events: 11,
  droppedEventsCount: 12,
  links: 13,
  droppedLinksCount: 14,
  status: 15,
  flags: 16,
} as const;
const SPAN_FIELDS = new FieldTable(SPAN);
const EVENT = { timeUnixNano: 1, name: 2, attributes: 3, droppedAttributesCount: 4 } as const;
const EVENT_FIELDS = new FieldTable(EVENT);
const LINK = { traceId: 1, spanId: 2, traceState: 3, attributes: 4, droppedAttributesCount: 5, flags: 6 } as const;
const LINK_FIELDS = new FieldTable(LINK);
const STATUS = { message: 2, code: 3 } as const;
const STATUS_FIELDS = new FieldTable(STATUS);

const KINDS = SPAN_KIND_NAMES.map((name) => name.toUpperCase());
const CODES = ["UNSET", "OK", "ERROR"];
const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/;

/** Longer text is no id by far and is not looked at. */
const MAX_ID_TEXT = 64;

/** Writes spans of OTLP/JSON as protobuf, one by one. A span that is refused leaves nothing behind but its count. */
export class JsonSpans {
  /** Where the next span stands. */
  resource = 0;
  scope = 0;
  span = 0;
  readonly #cursor: JsonCursor;
  readonly #writer: WireWriter;
  readonly #scalars: JsonScalars;
  readonly #values: JsonValues;
  readonly #limits: SpanLimits;
  readonly #refusals: Refusals;
  /** Why the span at hand is refused: the first reason, and where. */
  #reason: Refused | undefined;
  #example: (() => string) | undefined;
  #attributes = 0;
  #events = 0;
  #links = 0;
  #dropped = 0;
  #droppedEvents = 0;
  #droppedLinks = 0;
  #ids = 0;
  readonly #id = new Uint8Array(MAX_ID_TEXT / 2);

  constructor(
    cursor: JsonCursor,
    writer: WireWriter,
    scalars: JsonScalars,
    values: JsonValues,
    limits: SpanLimits,
    refusals: Refusals,
  ) {
    this.#cursor = cursor;
    this.#writer = writer;
    this.#scalars = scalars;
    this.#values = values;
    this.#limits = limits;
    this.#refusals = refusals;
  }

  /** Reads the span at hand. */
  read(marks: MarkList): void {
    const cursor = this.#cursor;
    const before = this.#writer.length;
    this.#reason = undefined;
    this.#scalars.marks = 0;
    if (cursor.kind() !== JSON_KIND.object) {
      const from = cursor.at;
      cursor.skip();
      this.#fault(REFUSED.unreadable, "", "an object", from);
    } else if (cursor.enterObject()) this.#members();
    else this.#ids = 0;
    if (this.#reason === undefined && this.#ids !== 3) {
      const missing = (this.#ids & 1) === 0 ? TRACE_ID : SPAN_ID;
      const name = missing === TRACE_ID ? ".traceId" : ".spanId";
      this.#refuse(missing.empty, () => `${name}: expected ${missing.bytes * 2} hex digits, found none`);
    }
    if (this.#reason === undefined) {
      marks.push(this.#scalars.marks);
      return;
    }
    this.#writer.rewind(before);
    const { resource, scope, span } = this;
    const example = this.#example as () => string;
    this.#refusals.refuse(
      this.#reason,
      () => `resourceSpans[${resource}].scopeSpans[${scope}].spans[${span}]${example()}`,
    );
  }

  #members(): void {
    const cursor = this.#cursor;
    const start = this.#writer.open(0x12);
    this.#ids = 0;
    this.#attributes = 0;
    this.#events = 0;
    this.#links = 0;
    this.#dropped = 0;
    this.#droppedEvents = 0;
    this.#droppedLinks = 0;
    do {
      cursor.key();
      if (this.#reason !== undefined) cursor.skip();
      else this.#member(SPAN_FIELDS.find(cursor));
    } while (cursor.moreMembers());
    if (this.#reason !== undefined) return;
    this.#count(0x50, this.#dropped);
    this.#count(0x60, this.#droppedEvents);
    this.#count(0x70, this.#droppedLinks);
    this.#writer.close(start);
  }

  #member(field: number): void {
    switch (field) {
      case SPAN.traceId:
        this.#ownId(0x0a, TRACE_ID, ".traceId", 1);
        return;
      case SPAN.spanId:
        this.#ownId(0x12, SPAN_ID, ".spanId", 2);
        return;
      case SPAN.traceState:
        this.#scalars.putText(0x1a, this.#limits.maxValueBytes);
        return;
      case SPAN.parentSpanId:
        this.#otherId(0x22, SPAN_ID, true);
        return;
      case SPAN.name:
        this.#scalars.putText(0x2a, this.#limits.maxNameBytes);
        return;
      case SPAN.kind:
        this.#enumeration(0x30, this.#scalars.enumeration(KINDS, "SPAN_KIND_", SPAN_MARK.unknownKind));
        return;
      case SPAN.startTimeUnixNano:
        this.#time(0x39, ".startTimeUnixNano");
        return;
      case SPAN.endTimeUnixNano:
        this.#time(0x41, ".endTimeUnixNano");
        return;
      case SPAN.attributes:
        this.#spanAttributes();
        return;
      case SPAN.events:
        this.#events = this.#list(".events", this.#events, this.#limits.maxEvents, EVENT_FIELDS);
        return;
      case SPAN.links:
        this.#links = this.#list(".links", this.#links, this.#limits.maxLinks, LINK_FIELDS);
        return;
      case SPAN.droppedAttributesCount:
        this.#dropped += this.#scalars.u32();
        return;
      case SPAN.droppedEventsCount:
        this.#droppedEvents += this.#scalars.u32();
        return;
      case SPAN.droppedLinksCount:
        this.#droppedLinks += this.#scalars.u32();
        return;
      case SPAN.status:
        this.#status();
        return;
      case SPAN.flags:
        this.#flags(0x85);
        return;
      default:
        this.#cursor.skip();
    }
  }

  #spanAttributes(): void {
    const from = this.#valueStart();
    const dropped = this.#values.attributes(0x4a, this.#attributes);
    if (dropped < 0) this.#fault(REFUSED.list, ".attributes", "an array", from);
    else {
      this.#dropped += dropped;
      this.#attributes = this.#values.count;
    }
  }

  /** An id that the span is found by. */
  #ownId(tag: number, kind: IdKind, name: string, bit: number): void {
    const cursor = this.#cursor;
    const from = this.#valueStart();
    const expected = `${kind.bytes * 2} hex digits`;
    if (cursor.kind() === JSON_KIND.null) {
      cursor.null();
      return;
    }
    if (cursor.kind() !== JSON_KIND.string) {
      cursor.skip();
      this.#fault(kind.type, name, expected, from);
      return;
    }
    const length = this.#readId();
    const fault = this.#idFault(kind, length);
    if (fault !== undefined) {
      this.#fault(fault, name, expected, from, fault === kind.base64 ? ", which looks like base64" : "");
      return;
    }
    if (length !== kind.bytes * 2) this.#scalars.marks |= SPAN_MARK.mended;
    this.#putId(tag, kind.bytes);
    this.#ids |= bit;
  }

  #idFault(kind: IdKind, length: number): Refused | undefined {
    if (length === 0) return kind.empty;
    if (length > kind.bytes * 2) return kind.long;
    if (length < 0) return this.#looksLikeBase64(kind) ? kind.base64 : kind.noHex;
    return this.#isZero(kind.bytes) ? kind.zero : undefined;
  }

  #looksLikeBase64(kind: IdKind): boolean {
    const { from, to } = this.#scalars;
    if (to - from > MAX_ID_TEXT) return false;
    const text = this.#scalars.textValue();
    return BASE64.test(text) && Buffer.from(text, "base64").length === kind.bytes;
  }

  /** A parent, or an id of a link: left out where it is none. */
  #otherId(tag: number, kind: IdKind, parent: boolean): void {
    const cursor = this.#cursor;
    const type = cursor.kind();
    if (type !== JSON_KIND.string) {
      if (type === JSON_KIND.null) cursor.null();
      else this.#scalars.skipOdd();
      return;
    }
    const length = this.#readId();
    if (length === 0 || (parent && length > 0 && length <= kind.bytes * 2 && this.#isZero(kind.bytes))) return;
    if (length !== kind.bytes * 2) this.#scalars.marks |= SPAN_MARK.mended;
    if (length > 0 && length <= kind.bytes * 2) this.#putId(tag, kind.bytes);
  }

  /**
   * Reads the text at hand as hex into the end of `#id`, left-padded. Gives the number of its digits; -1 where it has
   * anything else, MAX_ID_TEXT + 1 where it is too long to be looked at.
   */
  #readId(): number {
    this.#scalars.string();
    const { text, from, to } = this.#scalars;
    const length = to - from;
    if (length > MAX_ID_TEXT) return MAX_ID_TEXT + 1;
    const id = this.#id;
    id.fill(0);
    let out = id.length * 2 - length;
    for (let at = from; at < to; at++, out++) {
      const digit = hexDigit(text[at] as number);
      if (digit < 0) return -1;
      id[out >> 1] = (id[out >> 1] as number) | ((out & 1) === 0 ? digit << 4 : digit);
    }
    return length;
  }

  #isZero(bytes: number): boolean {
    for (let i = this.#id.length - bytes; i < this.#id.length; i++) if (this.#id[i] !== 0) return false;
    return true;
  }

  #putId(tag: number, bytes: number): void {
    this.#writer.range(tag, this.#id, this.#id.length - bytes, this.#id.length);
  }

  #time(tag: number, name: string): void {
    const from = this.#valueStart();
    if (this.#scalars.putTime(tag)) return;
    const expected = "nanoseconds since 1970 as an unsigned 64-bit integer, as text or number";
    this.#fault(REFUSED.time, name, expected, from);
  }

  /** Events or links; those beyond the limit are counted as dropped. */
  #list(name: string, before: number, max: number, table: FieldTable): number {
    const cursor = this.#cursor;
    const kind = cursor.kind();
    if (kind === JSON_KIND.null) {
      cursor.null();
      return before;
    }
    if (kind !== JSON_KIND.array) {
      const from = cursor.at;
      cursor.skip();
      this.#fault(REFUSED.list, name, "an array", from);
      return before;
    }
    let count = before;
    const begin = cursor.at;
    if (cursor.enterArray()) {
      do {
        if (count >= max) {
          const dropped = cursor.skipItems(begin, count - before);
          this.#scalars.marks |= SPAN_MARK.mended;
          if (table === EVENT_FIELDS) this.#droppedEvents += dropped;
          else this.#droppedLinks += dropped;
          return count + dropped;
        }
        if (this.#reason !== undefined) cursor.skip();
        else this.#item(name, count, table);
        count++;
      } while (cursor.moreItems());
    }
    return count;
  }

  #item(list: string, index: number, table: FieldTable): void {
    const cursor = this.#cursor;
    if (cursor.kind() !== JSON_KIND.object) {
      this.#scalars.skipOdd();
      return;
    }
    const event = table === EVENT_FIELDS;
    const start = this.#writer.open(event ? 0x5a : 0x6a);
    let dropped = 0;
    if (cursor.enterObject()) {
      do {
        cursor.key();
        const field = table.find(cursor);
        if (field === (event ? EVENT.attributes : LINK.attributes)) {
          const from = this.#valueStart();
          const beyond = this.#values.attributes(event ? 0x1a : 0x22, 0);
          if (beyond < 0) this.#fault(REFUSED.list, `${list}[${index}].attributes`, "an array", from);
          else dropped += beyond;
        } else if (field === (event ? EVENT.droppedAttributesCount : LINK.droppedAttributesCount)) {
          dropped += this.#scalars.u32();
        } else if (event) this.#eventMember(field);
        else this.#linkMember(field);
      } while (cursor.moreMembers());
    }
    this.#count(event ? 0x20 : 0x28, dropped);
    this.#writer.close(start);
  }

  #eventMember(field: number): void {
    if (field === EVENT.name) this.#scalars.putText(0x12, this.#limits.maxNameBytes);
    else if (field === EVENT.timeUnixNano) {
      if (!this.#scalars.putTime(0x09)) this.#scalars.marks |= SPAN_MARK.mended;
    } else this.#cursor.skip();
  }

  #linkMember(field: number): void {
    if (field === LINK.traceId) this.#otherId(0x0a, TRACE_ID, false);
    else if (field === LINK.spanId) this.#otherId(0x12, SPAN_ID, false);
    else if (field === LINK.traceState) this.#scalars.putText(0x1a, this.#limits.maxValueBytes);
    else if (field === LINK.flags) this.#flags(0x35);
    else this.#cursor.skip();
  }

  #status(): void {
    const cursor = this.#cursor;
    const kind = cursor.kind();
    if (kind !== JSON_KIND.object) {
      if (kind === JSON_KIND.null) cursor.null();
      else this.#scalars.skipOdd();
      return;
    }
    const start = this.#writer.open(0x7a);
    if (cursor.enterObject()) {
      do {
        cursor.key();
        const field = STATUS_FIELDS.find(cursor);
        if (field === STATUS.message) this.#scalars.putText(0x12, this.#limits.maxValueBytes);
        else if (field === STATUS.code) {
          this.#enumeration(0x18, this.#scalars.enumeration(CODES, "STATUS_CODE_", SPAN_MARK.mended));
        } else cursor.skip();
      } while (cursor.moreMembers());
    }
    this.#writer.close(start);
  }

  /** An enum is an int32: a negative one takes ten bytes. */
  #enumeration(tag: number, value: number): void {
    if (value === 0) return;
    this.#writer.tag(tag);
    this.#writer.varint64(value >>> 0, value < 0 ? 0xffff_ffff : 0);
  }

  #flags(tag: number): void {
    const value = this.#scalars.u32();
    if (value === 0) return;
    this.#writer.tag(tag);
    this.#writer.fixed32(value);
  }

  #count(tag: number, value: number): void {
    if (value === 0) return;
    this.#writer.tag(tag);
    this.#writer.varint(Math.min(value, 0xffff_ffff));
  }

  #valueStart(): number {
    this.#cursor.kind();
    return this.#cursor.at;
  }

  /** Refuses the span for the value that began at `from` and was passed. */
  #fault(reason: Refused, name: string, expected: string, from: number, more = ""): void {
    const to = this.#cursor.at;
    this.#refuse(reason, () => `${name}: expected ${expected}, found ${this.#cursor.shown(from, to)}${more}`);
  }

  #refuse(reason: Refused, example: () => string): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#example = example;
  }
}
