import { PIECE_SPANS, type SpanPlace } from "../message/refusals.ts";
import { LenientCursor } from "../wire/lenient-cursor.ts";
import { WireWriter } from "../wire/wire-writer.ts";
import { brokenFraming } from "./mend.ts";

/** A span that can be stored has its ids, so many bytes with its tag and length. */
const LEAST_SPAN_BYTES = 30;

/** How much is read without a pause, bytes. */
const PAUSE_BYTES = 1 << 19;

const FIRST_BYTES = 1 << 19;

/** A part of a request that is a request itself. */
export interface BodyPiece {
  readonly body: Uint8Array<ArrayBuffer>;
  /** Where its first span stands in the whole. */
  readonly first: SpanPlace;
}

/**
 * A TracesData body in pieces of about `bytes` each, of a long scope with at most about `spans` each, and with what
 * belongs to all spans of a group repeated. Fields are copied as they are: what is wrong with them is found in the
 * pieces. Gives undefined where the caller may do something else. Throws DecodeError where the outermost fields cannot
 * be told apart, before the first piece.
 */
export function* splitBody(
  body: Uint8Array,
  bytes: number,
  spans = PIECE_SPANS,
): Generator<BodyPiece | undefined, void> {
  const cursor = new LenientCursor(body);
  let pauseAt = PAUSE_BYTES;
  for (let at = 0; cursor.next(at, body.length); at = cursor.end) {
    if (at >= pauseAt) {
      pauseAt = at + PAUSE_BYTES;
      yield undefined;
    }
    cursor.skipAlike(Math.min(body.length, pauseAt));
  }
  if (cursor.broken) throw brokenFraming(cursor.from);
  yield undefined;
  yield* new Splitter(body, bytes, spans).pieces();
}

class Splitter {
  readonly #cursor: LenientCursor;
  readonly #writer = new WireWriter(FIRST_BYTES);
  readonly #bytes: number;
  readonly #spans: number;
  #pauseAt = PAUSE_BYTES;
  #first: SpanPlace = { resource: 0, scope: 0, span: 0 };

  constructor(body: Uint8Array, bytes: number, spans: number) {
    this.#cursor = new LenientCursor(body);
    this.#bytes = bytes;
    this.#spans = spans;
  }

  *pieces(): Generator<BodyPiece | undefined, void> {
    const cursor = this.#cursor;
    const { length } = cursor.bytes;
    let at = 0;
    let resource = 0;
    while (cursor.next(at, length)) {
      at = cursor.end;
      if (cursor.tag === 0x0a && at - cursor.from >= this.#bytes) {
        yield* this.#resource(cursor.start, at, resource);
        resource++;
      } else {
        if (cursor.tag === 0x0a) resource += this.#copyAlike(length);
        else cursor.skipAlike(Math.min(length, this.#pauseAt));
        at = cursor.end;
      }
      if (this.#writer.length >= this.#bytes) yield this.#take({ resource, scope: 0, span: 0 });
      else if (at >= this.#pauseAt) yield this.#pause(at);
    }
    if (this.#writer.length > 0) yield this.#take(this.#first);
  }

  /** A ResourceSpans that is longer than a piece. */
  *#resource(start: number, end: number, resource: number): Generator<BodyPiece | undefined, void> {
    const cursor = this.#cursor;
    const writer = this.#writer;
    const { bytes } = cursor;
    const head = yield* this.#head(start, end);
    const open = (): number => {
      const opened = writer.open(0x0a);
      writer.raw(head);
      return opened;
    };
    let opened = open();
    let at = start;
    let scope = 0;
    while (cursor.next(at, end)) {
      at = cursor.end;
      if (cursor.tag >>> 3 !== 2) continue;
      if (cursor.tag === 0x12 && at - cursor.from >= this.#bytes) {
        opened = yield* this.#scope(cursor.start, at, { resource, scope, span: 0 }, opened, open, head.length);
        scope++;
      } else {
        scope += this.#copyAlike(end, head.length);
        at = cursor.end;
      }
      if (writer.length >= this.#bytes + head.length) {
        writer.close(opened);
        yield this.#take({ resource, scope, span: 0 });
        opened = open();
      } else if (at >= this.#pauseAt) yield this.#pause(at);
    }
    if (cursor.broken) writer.rawRange(bytes, cursor.from, end);
    writer.close(opened);
  }

  /** A ScopeSpans that is longer than a piece; gives where the ResourceSpans around it is open now. */
  *#scope(
    start: number,
    end: number,
    place: SpanPlace,
    outer: number,
    reopen: () => number,
    outerBytes: number,
  ): Generator<BodyPiece | undefined, number> {
    const cursor = this.#cursor;
    const writer = this.#writer;
    const { bytes } = cursor;
    const head = yield* this.#head(start, end);
    let resource = outer;
    let scope = writer.open(0x12);
    writer.raw(head);
    let at = start;
    let span = 0;
    const heads = head.length + outerBytes;
    let cutAt = this.#spans;
    while (cursor.next(at, end)) {
      at = cursor.end;
      if (cursor.tag >>> 3 !== 2) continue;
      // What is shorter is refused, which takes little.
      const most = at - cursor.from < LEAST_SPAN_BYTES ? Number.POSITIVE_INFINITY : cutAt - span;
      span += this.#copyAlike(end, heads, most);
      at = cursor.end;
      // Heads are repeated in each piece: what is cut off for its number alone is as long as they are.
      if (writer.length >= this.#bytes + heads || (span >= cutAt && writer.length >= 2 * heads)) {
        cutAt = span + this.#spans;
        writer.close(scope);
        writer.close(resource);
        yield this.#take({ ...place, span });
        resource = reopen();
        scope = writer.open(0x12);
        writer.raw(head);
      } else if (at >= this.#pauseAt) yield this.#pause(at);
    }
    if (cursor.broken) writer.rawRange(bytes, cursor.from, end);
    writer.close(scope);
    return resource;
  }

  /** All fields of a group but its list. */
  *#head(start: number, end: number): Generator<undefined, Uint8Array> {
    const cursor = this.#cursor;
    const writer = this.#writer;
    const before = writer.length;
    let pauseAt = start + PAUSE_BYTES;
    let at = start;
    while (cursor.next(at, end)) {
      if (cursor.tag >>> 3 === 2) cursor.skipAlike(Math.min(end, pauseAt));
      else writer.rawRange(cursor.bytes, cursor.from, cursor.end);
      at = cursor.end;
      if (at < pauseAt) continue;
      pauseAt = at + PAUSE_BYTES;
      yield undefined;
    }
    const head = writer.copy(before, writer.length);
    writer.rewind(before);
    return head;
  }

  /**
   * Copies the field at hand and those that follow it and are alike, which may be millions, as far as the piece has
   * room; gives their number.
   * @param head bytes that a piece has beyond its share
   * @param most how many, the one at hand among them
   */
  #copyAlike(limit: number, head = 0, most = Number.POSITIVE_INFINITY): number {
    const cursor = this.#cursor;
    const { from, end } = cursor;
    const room = this.#bytes + head - this.#writer.length - (end - from);
    const count = 1 + cursor.skipAlike(Math.min(limit, end + room), most - 1);
    this.#writer.rawRange(cursor.bytes, from, cursor.end);
    return count;
  }

  #pause(at: number): undefined {
    this.#pauseAt = at + PAUSE_BYTES;
    return undefined;
  }

  /** @param next where the first span of the next piece stands */
  #take(next: SpanPlace): BodyPiece {
    const piece = { body: this.#writer.take(), first: this.#first };
    this.#first = next;
    return piece;
  }
}
