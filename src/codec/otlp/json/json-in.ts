import type { TracesData } from "../../../model/span.ts";
import { DecodeError } from "../../decode-error.ts";
import { JSON_KIND, JsonCursor } from "../../json/json-cursor.ts";
import { FieldTable } from "../../json/json-fields.ts";
import { decodeTraces } from "../message/decode.ts";
import { OTHER_SIGNALS, OtherSignalError } from "../message/other-signal.ts";
import { MarkList, type MendedTraces, PIECE_SPANS, Refusals } from "../message/refusals.ts";
import { NO_SPAN_LIMITS, type SpanLimits } from "../message/span-limits.ts";
import { WireWriter } from "../wire/wire-writer.ts";
import { JsonGroups } from "./json-groups.ts";
import { JsonScalars } from "./json-scalars.ts";
import { JsonSpans } from "./json-spans.ts";
import { JsonValues } from "./json-values.ts";

/** How much is read without a pause when pieces are asked for, bytes. */
const PAUSE_BYTES = 1 << 19;
const MAX_UNKNOWN = 3;

/** The list of the next level has number 1 in each table. */
const LIST = 1;
const ROOT = new FieldTable({ resourceSpans: LIST });
const RESOURCE_SPANS = new FieldTable({ scopeSpans: LIST, resource: 2, schemaUrl: 3 });
const SCOPE_SPANS = new FieldTable({ spans: LIST, scope: 2, schemaUrl: 3 });

/** Where the walk stands: before a member of an object, or before an item of a list. */
const AT = { rootMember: 0, resource: 1, resourceMember: 2, scope: 3, scopeMember: 4, span: 5, end: 6 } as const;

/**
 * OTLP/JSON (UTF-8) to OTLP protobuf in one walk over the bytes: nothing is built but the protobuf, and each span
 * stands or falls by itself. Names in lowerCamelCase and snake_case, hex ids of either case, enums as integers or
 * names, 64-bit integers as text, number or `{low, high}`. What is not as the standard has it is mended and marked
 * where that loses nothing that a span is found by; a span without usable ids or times, or with a list that is none, is
 * refused. Throws DecodeError, with line and column, for what is no JSON, and for the request of another signal.
 */
export class JsonTraces {
  readonly #cursor: JsonCursor;
  readonly #writer = new WireWriter(16 << 10);
  readonly #scalars: JsonScalars;
  readonly #spans: JsonSpans;
  readonly #groups: JsonGroups;
  readonly #refusals: Refusals;
  readonly #marks = new MarkList();
  readonly #unknown: string[] = [];
  #state: number = AT.rootMember;
  #signal: string | undefined;
  #anyGroup = false;
  readonly #resource = new OpenGroup();
  readonly #scope = new OpenGroup();

  constructor(bytes: Uint8Array, limits: SpanLimits, refusals: Refusals) {
    this.#cursor = new JsonCursor(bytes);
    this.#refusals = refusals;
    this.#scalars = new JsonScalars(this.#cursor, this.#writer);
    const values = new JsonValues(this.#cursor, this.#writer, this.#scalars, limits);
    this.#spans = new JsonSpans(this.#cursor, this.#writer, this.#scalars, values, limits, refusals);
    this.#groups = new JsonGroups(this.#cursor, this.#writer, this.#scalars, values, limits, refusals);
  }

  /** Names, with their places, of fields around the spans that OTLP does not know; the first few. */
  get unknownFields(): readonly string[] {
    return this.#unknown;
  }

  /** True where there was neither a group that spans could have stood in, nor a field that OTLP does not know. */
  get saysNothing(): boolean {
    return !this.#anyGroup && this.#unknown.length === 0;
  }

  /** The whole request. */
  whole(): MendedTraces {
    this.#begin();
    while (this.#state !== AT.end) this.#step();
    this.#finish();
    return this.#take();
  }

  /**
   * The request in pieces of about `bytes` each, with resource and scope repeated. Gives undefined where the caller may
   * do something else. The syntax of all of it is checked first.
   */
  *pieces(bytes: number): Generator<MendedTraces | undefined, void> {
    const cursor = this.#cursor;
    const from = cursor.at;
    yield* this.#skipInParts();
    cursor.finish();
    cursor.at = from;
    cursor.checked = true;
    this.#begin();
    let pauseAt = cursor.at + PAUSE_BYTES;
    while (this.#state !== AT.end) {
      this.#step();
      if (this.#state === AT.span && this.#isPiece(bytes)) {
        yield* this.#completeHeads();
        yield this.#cut();
      } else if (cursor.at > pauseAt) yield undefined;
      else continue;
      pauseAt = cursor.at + PAUSE_BYTES;
    }
    this.#finish();
    if (this.#marks.count > 0) yield this.#take();
  }

  *#skipInParts(): Generator<undefined, void> {
    const cursor = this.#cursor;
    cursor.beginSkip();
    while (!cursor.skipOn(cursor.at + PAUSE_BYTES)) yield undefined;
  }

  /**
   * Before the first cut in a group: reads what belongs to all its spans and stands behind them. The cursor comes back.
   */
  *#completeHeads(): Generator<undefined, void> {
    if (this.#resource.complete && this.#scope.complete) return;
    const cursor = this.#cursor;
    const from = cursor.at;
    cursor.skipItems(this.#scope.listBegin, 0);
    yield* this.#completeHead(this.#scope, SCOPE_SPANS);
    if (cursor.moreItems()) cursor.skipItems(this.#resource.listBegin, 0);
    yield* this.#completeHead(this.#resource, RESOURCE_SPANS);
    cursor.at = from;
  }

  *#completeHead(group: OpenGroup, table: FieldTable): Generator<undefined, void> {
    const cursor = this.#cursor;
    let pauseAt = cursor.at + PAUSE_BYTES;
    while (cursor.moreMembers()) {
      cursor.key();
      const field = table.find(cursor);
      if (field <= LIST || group.complete) cursor.skip();
      else {
        const before = this.#writer.length;
        this.#headMember(group, field);
        group.keepForEnd(this.#writer, before);
      }
      if (cursor.at < pauseAt) continue;
      pauseAt = cursor.at + PAUSE_BYTES;
      yield undefined;
    }
    group.complete = true;
  }

  #isPiece(bytes: number): boolean {
    const { length } = this.#writer;
    return length > bytes + this.#headBytes || (this.#marks.count >= PIECE_SPANS && length > 2 * this.#headBytes);
  }

  /** Heads are repeated in each piece: a long one makes longer pieces, so that the work stays in proportion. */
  get #headBytes(): number {
    return this.#resource.head.length + this.#scope.head.length;
  }

  #begin(): void {
    const cursor = this.#cursor;
    if (cursor.kind() === JSON_KIND.object) {
      if (!cursor.enterObject()) this.#state = AT.end;
      return;
    }
    const from = cursor.at;
    cursor.skip();
    cursor.finish();
    throw new DecodeError(`the document: expected an object, found ${cursor.shown(from, cursor.at)}`);
  }

  #finish(): void {
    this.#cursor.finish();
    if (this.#signal !== undefined && !this.#anyGroup) throw new OtherSignalError(this.#signal);
  }

  #step(): void {
    switch (this.#state) {
      case AT.rootMember:
        this.#rootMember();
        return;
      case AT.resource:
        this.#beginResource();
        return;
      case AT.resourceMember:
        this.#resourceMember();
        return;
      case AT.scope:
        this.#beginScope();
        return;
      case AT.scopeMember:
        this.#scopeMember();
        return;
      default:
        this.#span();
    }
  }

  #rootMember(): void {
    const cursor = this.#cursor;
    cursor.key();
    if (ROOT.find(cursor) === LIST) {
      this.#spans.resource = 0;
      if (this.#enterList("resourceSpans")) {
        this.#state = AT.resource;
        return;
      }
    } else {
      const name = cursor.shown(cursor.start, cursor.end);
      this.#signal ??= OTHER_SIGNALS.get(name);
      this.#noteUnknown(name);
      cursor.skip();
    }
    this.#afterRootMember();
  }

  #afterRootMember(): void {
    this.#state = this.#cursor.moreMembers() ? AT.rootMember : AT.end;
  }

  #beginResource(): void {
    const cursor = this.#cursor;
    if (cursor.kind() !== JSON_KIND.object) {
      this.#noObject(`resourceSpans[${this.#spans.resource}]`);
      this.#afterResource();
      return;
    }
    this.#anyGroup = true;
    this.#resource.begin(this.#writer, 0x0a, this.#marks.count);
    if (cursor.enterObject()) this.#state = AT.resourceMember;
    else this.#endResource();
  }

  #resourceMember(): void {
    const cursor = this.#cursor;
    cursor.key();
    const field = RESOURCE_SPANS.find(cursor);
    if (field === LIST) {
      this.#spans.scope = 0;
      this.#resource.listBegin = this.#valueBegin();
      if (this.#enterList("scopeSpans")) {
        this.#state = AT.scope;
        return;
      }
    } else this.#groupMember(this.#resource, field);
    this.#afterResourceMember();
  }

  #afterResourceMember(): void {
    if (this.#cursor.moreMembers()) this.#state = AT.resourceMember;
    else this.#endResource();
  }

  #endResource(): void {
    this.#resource.end(this.#writer, this.#marks);
    this.#afterResource();
  }

  #afterResource(): void {
    this.#spans.resource++;
    if (this.#cursor.moreItems()) this.#state = AT.resource;
    else this.#afterRootMember();
  }

  #beginScope(): void {
    const cursor = this.#cursor;
    if (cursor.kind() !== JSON_KIND.object) {
      this.#noObject(`resourceSpans[${this.#spans.resource}].scopeSpans[${this.#spans.scope}]`);
      this.#afterScope();
      return;
    }
    this.#scope.begin(this.#writer, 0x12, this.#marks.count);
    if (cursor.enterObject()) this.#state = AT.scopeMember;
    else this.#endScope();
  }

  #scopeMember(): void {
    const cursor = this.#cursor;
    cursor.key();
    const field = SCOPE_SPANS.find(cursor);
    if (field === LIST) {
      this.#spans.span = 0;
      this.#scope.listBegin = this.#valueBegin();
      if (this.#enterList("spans")) {
        this.#state = AT.span;
        return;
      }
    } else this.#groupMember(this.#scope, field);
    this.#afterScopeMember();
  }

  #afterScopeMember(): void {
    if (this.#cursor.moreMembers()) this.#state = AT.scopeMember;
    else this.#endScope();
  }

  #endScope(): void {
    this.#scope.end(this.#writer, this.#marks);
    this.#afterScope();
  }

  #afterScope(): void {
    this.#spans.scope++;
    if (this.#cursor.moreItems()) this.#state = AT.scope;
    else this.#afterResourceMember();
  }

  #span(): void {
    this.#spans.read(this.#marks);
    this.#spans.span++;
    if (!this.#cursor.moreItems()) this.#afterScopeMember();
  }

  #valueBegin(): number {
    this.#cursor.kind();
    return this.#cursor.at;
  }

  /** A member of a group beside its list. */
  #groupMember(group: OpenGroup, field: number): void {
    const cursor = this.#cursor;
    if (field === 0) this.#noteUnknown(cursor.shown(cursor.start, cursor.end));
    if (field === 0 || group.complete) cursor.skip();
    else {
      const before = this.#writer.length;
      this.#headMember(group, field);
      group.keep(this.#writer, before);
    }
  }

  #headMember(group: OpenGroup, field: number): void {
    this.#scalars.marks = 0;
    const path = `resourceSpans[${this.#spans.resource}].`;
    if (field === 3) this.#groups.schemaUrl();
    else if (group === this.#resource) this.#groups.resource(`${path}resource`);
    else this.#groups.scope(`${path}scopeSpans[${this.#spans.scope}].scope`);
    group.marks |= this.#scalars.marks;
  }

  /** Enters the list at hand; false where there is none, and then the value is passed. */
  #enterList(name: string): boolean {
    const cursor = this.#cursor;
    const kind = cursor.kind();
    if (kind === JSON_KIND.array) return cursor.enterArray();
    const from = cursor.at;
    cursor.skip();
    if (kind !== JSON_KIND.null) {
      const found = cursor.shown(from, cursor.at);
      this.#refusals.refuseGroup(() => `${this.#place(name)}: expected an array, found ${found}`);
    }
    return false;
  }

  #noObject(path: string): void {
    const cursor = this.#cursor;
    const from = cursor.at;
    cursor.skip();
    this.#refusals.refuseGroup(() => `${path}: expected an object, found ${cursor.shown(from, cursor.at)}`);
  }

  #noteUnknown(name: string): void {
    if (this.#unknown.length < MAX_UNKNOWN) this.#unknown.push(this.#place(name));
  }

  #place(name: string): string {
    const resource = `resourceSpans[${this.#spans.resource}].`;
    if (this.#state === AT.rootMember) return name;
    if (this.#state === AT.resourceMember) return resource + name;
    return `${resource}scopeSpans[${this.#spans.scope}].${name}`;
  }

  /** Ends the piece in the middle of a scope and begins the next with the same heads. */
  #cut(): MendedTraces {
    const writer = this.#writer;
    this.#scope.end(writer, this.#marks);
    this.#resource.end(writer, this.#marks);
    const piece = this.#take();
    this.#resource.again(writer, 0x0a);
    this.#scope.again(writer, 0x12);
    return piece;
  }

  #take(): MendedTraces {
    return { body: this.#writer.take(), marks: this.#marks.take() };
  }
}

/** A ResourceSpans or a ScopeSpans that is being written. */
class OpenGroup {
  /** Where its payload begins in the writer. */
  start = 0;
  /** Where its list begins in the text. */
  listBegin = 0;
  /** Bits of SPAN_MARK for all its spans. */
  marks = 0;
  /** Bytes of what belongs to all its spans, as far as it was read. */
  head: Uint8Array = NO_BYTES;
  /** Nothing of the head is left to be read. */
  complete = false;
  /** What of the head is not written yet. */
  #late: Uint8Array = NO_BYTES;
  #before = 0;
  #row = 0;

  /** @param row of the first span that will be written */
  begin(writer: WireWriter, tag: number, row: number): void {
    this.marks = 0;
    this.head = NO_BYTES;
    this.complete = false;
    this.#late = NO_BYTES;
    this.#open(writer, tag, row);
  }

  again(writer: WireWriter, tag: number): void {
    this.#open(writer, tag, 0);
    writer.raw(this.head);
  }

  /** Takes what the writer has from `before` on into the head. */
  keep(writer: WireWriter, before: number): void {
    this.head = joined(this.head, writer.copy(before, writer.length));
  }

  /** The same for what is not to be written at once: spans of an inner group are being written. */
  keepForEnd(writer: WireWriter, before: number): void {
    this.keep(writer, before);
    this.#late = joined(this.#late, writer.copy(before, writer.length));
    writer.rewind(before);
  }

  /** Without a span it leaves nothing behind. */
  end(writer: WireWriter, marks: MarkList): void {
    const late = this.#late;
    this.#late = NO_BYTES;
    if (marks.count === this.#row) {
      writer.rewind(this.#before);
      return;
    }
    writer.raw(late);
    writer.close(this.start);
    marks.add(this.#row, this.marks);
  }

  #open(writer: WireWriter, tag: number, row: number): void {
    this.#before = writer.length;
    this.#row = row;
    this.start = writer.open(tag);
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.length === 0 ? b : Buffer.concat([a, b]);
}

const NO_BYTES = new Uint8Array(0);

/**
 * OTLP/JSON (UTF-8) as objects, as it was: no limit drops anything. Throws DecodeError as JsonTraces does, and for a
 * span that has to be refused, with its place.
 */
export function jsonToTraces(bytes: Uint8Array): TracesData {
  const refusals = new Refusals();
  const { body } = new JsonTraces(bytes, NO_SPAN_LIMITS, refusals).whole();
  if (refusals.count > 0) throw new DecodeError(refusals.message);
  return decodeTraces(body);
}
