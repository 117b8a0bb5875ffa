import { SPAN_MARK } from "../../../model/span.ts";
import { DecodeError } from "../../decode-error.ts";
import { MarkList, type MendedTraces, type Refusals, type SpanPlace } from "../message/refusals.ts";
import type { SpanLimits } from "../message/span-limits.ts";
import { LenientCursor } from "../wire/lenient-cursor.ts";
import { WireWriter } from "../wire/wire-writer.ts";
import { FieldMender } from "./mend-fields.ts";
import { SpanMender } from "./mend-span.ts";

const FIRST_BYTES = 1 << 20;
const FIRST: SpanPlace = { resource: 0, scope: 0, span: 0 };

/**
 * Rewrites a TracesData body so that all of it can be stored: each span stands or falls by itself. Sound fields are
 * copied byte for byte, unknown ones among them; ids are padded, texts made UTF-8, what is beyond a limit is dropped
 * and counted; a nested message that breaks off is kept as far as it can be read. A span without usable ids or times,
 * or in which the fields themselves cannot be told apart, is refused. Groups without spans are left out. Nothing is
 * built but the new bytes.
 * @param first where the first span of the body stands in its request
 * @throws DecodeError where the outermost fields cannot be told apart
 */
export function mendBody(
  body: Uint8Array,
  limits: SpanLimits,
  refusals: Refusals,
  first: SpanPlace = FIRST,
): MendedTraces {
  return new BodyMender(body, limits, refusals, first).mend();
}

/** The outermost fields of a body cannot be told apart from `at` on. */
export function brokenFraming(at: number): DecodeError {
  return new DecodeError("expected a protobuf field, found none or one that is cut off", at);
}

class BodyMender {
  readonly #cursor: LenientCursor;
  readonly #writer: WireWriter;
  readonly #fields: FieldMender;
  readonly #spans: SpanMender;
  readonly #limits: SpanLimits;
  readonly #refusals: Refusals;
  readonly #first: SpanPlace;
  readonly #marks = new MarkList();

  constructor(body: Uint8Array, limits: SpanLimits, refusals: Refusals, first: SpanPlace) {
    this.#cursor = new LenientCursor(body);
    this.#writer = new WireWriter(Math.min(body.length + 64, FIRST_BYTES));
    this.#fields = new FieldMender(this.#cursor, this.#writer, limits);
    this.#spans = new SpanMender(this.#cursor, this.#writer, this.#fields, limits, refusals);
    this.#limits = limits;
    this.#refusals = refusals;
    this.#first = first;
  }

  mend(): MendedTraces {
    const cursor = this.#cursor;
    const { length } = cursor.bytes;
    this.#spans.resource = this.#first.resource;
    let at = 0;
    while (cursor.next(at, length)) {
      at = cursor.end;
      if (cursor.tag === 0x0a) {
        if (cursor.isEmpty) {
          this.#spans.resource += cursor.skipEmpty(length);
          at = cursor.end;
        } else this.#resourceSpans(cursor.start, at);
        this.#spans.resource++;
      } else if (cursor.tag >>> 3 === 1) {
        this.#lost(() => `resourceSpans[${this.#spans.resource}]`);
      }
    }
    if (cursor.broken) throw brokenFraming(cursor.from);
    return { body: this.#writer.finish(), marks: this.#marks.take() };
  }

  /** ResourceSpans: resource 1, scope_spans 2, schema_url 3. */
  #resourceSpans(start: number, end: number): void {
    const cursor = this.#cursor;
    const writer = this.#writer;
    const before = writer.length;
    const rows = this.#marks.count;
    const opened = writer.open(0x0a);
    const path = () => `resourceSpans[${this.#spans.resource}]`;
    const isFirst = this.#spans.resource === this.#first.resource;
    this.#spans.scope = isFirst ? this.#first.scope : 0;
    let marks = 0;
    let attributes = 0;
    let at = start;
    while (cursor.next(at, end)) {
      at = cursor.end;
      if (cursor.tag === 0x12) {
        if (cursor.isEmpty) {
          this.#spans.scope += cursor.skipEmpty(end);
          at = cursor.end;
        } else this.#scopeSpans(cursor.start, at);
        this.#spans.scope++;
        continue;
      }
      this.#fields.marks = 0;
      if (cursor.tag === 0x0a) attributes = this.#shared(RESOURCE, cursor.start, at, attributes);
      else if (cursor.tag === 0x1a) this.#fields.text(this.#limits.maxNameBytes);
      else this.#otherField(path, cursor.tag >>> 3 === 2);
      marks |= this.#fields.marks;
    }
    if (cursor.broken) this.#lost(path);
    if (this.#marks.count === rows) {
      writer.rewind(before);
      return;
    }
    writer.close(opened);
    this.#marks.add(rows, marks);
  }

  /** ScopeSpans: scope 1, spans 2, schema_url 3. */
  #scopeSpans(start: number, end: number): void {
    const cursor = this.#cursor;
    const writer = this.#writer;
    const before = writer.length;
    const rows = this.#marks.count;
    const opened = writer.open(0x12);
    const { resource, scope } = this.#spans;
    const isFirst = resource === this.#first.resource && scope === this.#first.scope;
    this.#spans.span = isFirst ? this.#first.span : 0;
    const path = () => `resourceSpans[${resource}].scopeSpans[${scope}]`;
    let marks = 0;
    let attributes = 0;
    let at = start;
    while (cursor.next(at, end)) {
      at = cursor.end;
      if (cursor.tag === 0x12) {
        if (cursor.isEmpty) {
          this.#spans.refuseEmpty(1 + cursor.skipEmpty(end));
          at = cursor.end;
          continue;
        }
        this.#spans.mend(cursor.start, at, this.#marks);
        this.#spans.span++;
        continue;
      }
      this.#fields.marks = 0;
      if (cursor.tag === 0x0a) attributes = this.#shared(SCOPE, cursor.start, at, attributes);
      else if (cursor.tag === 0x1a) this.#fields.text(this.#limits.maxNameBytes);
      else this.#otherField(path, cursor.tag >>> 3 === 2);
      marks |= this.#fields.marks;
    }
    if (cursor.broken) this.#lost(path);
    if (this.#marks.count === rows) {
      writer.rewind(before);
      return;
    }
    writer.close(opened);
    this.#marks.add(rows, marks);
  }

  /** A field of a group that is none of its own, or has the wrong type. */
  #otherField(path: () => string, spans: boolean): void {
    const { tag } = this.#cursor;
    if (tag >>> 3 > 3) this.#fields.copy();
    else if (spans) this.#lost(path);
    else this.#fields.marks |= SPAN_MARK.mended;
  }

  /** Resource or InstrumentationScope; gives the number of attributes of all its parts so far. */
  #shared(what: SharedFields, start: number, end: number, before: number): number {
    const cursor = this.#cursor;
    const writer = this.#writer;
    const opened = writer.open(0x0a);
    let attributes = before;
    let counted = 0;
    let dropped = 0;
    let at = start;
    while (cursor.next(at, end)) {
      at = cursor.end;
      const { tag } = cursor;
      if (tag === what.attributes) {
        if (attributes++ < this.#limits.maxAttributes) this.#fields.attribute(what === RESOURCE);
        else {
          dropped += 1 + cursor.skipAlike(end);
          at = cursor.end;
        }
      } else if (tag === what.dropped) {
        cursor.readVarint();
        counted = cursor.low;
        this.#fields.copy();
      } else if (what === SCOPE && (tag === 0x0a || tag === 0x12)) this.#fields.text(this.#limits.maxNameBytes);
      else if (what === RESOURCE && tag === 0x1a) this.#fields.entityRef();
      else if (tag >>> 3 > what.last) this.#fields.copy();
      else this.#fields.marks |= SPAN_MARK.mended;
    }
    if (cursor.broken || dropped > 0) this.#fields.marks |= SPAN_MARK.mended;
    if (dropped > 0) {
      writer.tag(what.dropped);
      writer.varint(Math.min(counted + dropped, 0xffff_ffff));
    }
    writer.close(opened);
    return attributes;
  }

  #lost(path: () => string): void {
    this.#refusals.refuseGroup(() => `${path()}: is no such message, or breaks off; what follows in it is lost`);
  }
}

interface SharedFields {
  readonly attributes: number;
  readonly dropped: number;
  /** The last field number. */
  readonly last: number;
}

/** Resource: attributes 1, dropped_attributes_count 2, entity_refs 3. */
const RESOURCE: SharedFields = { attributes: 0x0a, dropped: 0x10, last: 3 };
/** InstrumentationScope: name 1, version 2, attributes 3, dropped_attributes_count 4. */
const SCOPE: SharedFields = { attributes: 0x1a, dropped: 0x20, last: 4 };
