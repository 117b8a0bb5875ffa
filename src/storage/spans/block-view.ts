import { type DecodedGroup, decodeGroup, decodeSpan } from "../../codec/otlp/message/decode.ts";
import type { AnyValue } from "../../model/any-value.ts";
import type { Span } from "../../model/span.ts";
import type { SpanColumns } from "../../model/span-columns.ts";
import { type SpanScope, spanAttributeHolds } from "./span-attributes.ts";

/** The bytes of a row are gone: retention took its segment, or they were damaged and the segment was put aside. */
export class BlockGone extends Error {
  constructor() {
    super("the block was removed while it was being searched");
    this.name = "BlockGone";
  }
}

/** One block as row tests see it: columns at once; body, spans and groups decoded when a test first asks. */
export class BlockView {
  readonly columns: SpanColumns;
  readonly #loadBody: () => Uint8Array | undefined;
  readonly #rows: readonly number[] | undefined;
  readonly #groups = new Map<number, DecodedGroup>();
  readonly #needleRows = new Map<readonly Uint8Array[], Uint8Array>();
  #body: Uint8Array | undefined;
  #span: Span | undefined;
  #spanRow = -1;

  /** With `rows` only these are asked about, so that not all of the body has to be looked at. */
  constructor(columns: SpanColumns, loadBody: () => Uint8Array | undefined, rows?: readonly number[]) {
    this.columns = columns;
    this.#loadBody = loadBody;
    this.#rows = rows;
  }

  get body(): Uint8Array {
    this.#body ??= this.#loadBody();
    if (this.#body === undefined) throw new BlockGone();
    return this.#body;
  }

  span(row: number): Span {
    if (this.#spanRow !== row || this.#span === undefined) {
      const { spanStart, spanEnd } = this.columns;
      this.#span = decodeSpan(this.body, spanStart[row] as number, spanEnd[row] as number);
      this.#spanRow = row;
    }
    return this.#span;
  }

  /** Resource and scope of a row. */
  group(row: number): DecodedGroup {
    const index = this.columns.groupIndex[row] as number;
    let group = this.#groups.get(index);
    if (group === undefined) {
      group = decodeGroup(this.body, this.columns, index);
      this.#groups.set(index, group);
    }
    return group;
  }

  /** Per row: 1 where one of `needles` occurs in the bytes of the Span message. */
  rowsWith(needles: readonly Uint8Array[]): Uint8Array {
    let rows = this.#needleRows.get(needles);
    if (rows === undefined) {
      rows = new Uint8Array(this.columns.count);
      for (const needle of needles) this.#find(needle, rows);
      this.#needleRows.set(needles, rows);
    }
    return rows;
  }

  /** Whether an attribute of the row's own span, events or links satisfies `test`: see spanAttributeHolds. */
  attributeHolds(row: number, scope: SpanScope, key: Uint8Array, test: (value: AnyValue) => boolean): boolean {
    const { spanStart, spanEnd } = this.columns;
    return spanAttributeHolds(this.body, spanStart[row] as number, spanEnd[row] as number, scope, key, test);
  }

  /** Spans lie in the body in row order, so one walk over the occurrences is enough. */
  #find(needle: Uint8Array, rows: Uint8Array): void {
    const { count, spanStart, spanEnd } = this.columns;
    if (needle.length === 0) {
      rows.fill(1);
      return;
    }
    const { body } = this;
    const buffer = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    if (this.#rows !== undefined) {
      for (const row of this.#rows) {
        const span = buffer.subarray(spanStart[row] as number, spanEnd[row] as number);
        if (span.indexOf(needle) >= 0) rows[row] = 1;
      }
      return;
    }
    let row = 0;
    while (row < count) {
      const at = buffer.indexOf(needle, spanStart[row] as number);
      if (at < 0) break;
      while (row < count && (spanEnd[row] as number) < at + needle.length) row++;
      if (row >= count) break;
      // The occurrence may lie before this span, in a resource or scope: the next round begins inside the span.
      if (at >= (spanStart[row] as number)) rows[row++] = 1;
    }
  }
}
