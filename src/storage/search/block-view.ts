import { type DecodedGroup, decodeGroup, decodeSpan } from "../../codec/otlp/decode.ts";
import type { Span } from "../../model/span.ts";
import type { SpanColumns } from "../../model/span-columns.ts";

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
  readonly #groups = new Map<number, DecodedGroup>();
  readonly #keyRows = new Map<string, Uint8Array>();
  #body: Uint8Array | undefined;
  #span: Span | undefined;
  #spanRow = -1;

  constructor(columns: SpanColumns, loadBody: () => Uint8Array | undefined) {
    this.columns = columns;
    this.#loadBody = loadBody;
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

  /** Per row: 1 where the bytes of `key` occur in the Span message, so that it may have an attribute of that name. */
  rowsWithKey(key: string): Uint8Array {
    let rows = this.#keyRows.get(key);
    if (rows === undefined) {
      rows = this.#findKey(Buffer.from(key, "utf8"));
      this.#keyRows.set(key, rows);
    }
    return rows;
  }

  /** Spans lie in the body in row order, so one walk over the occurrences is enough. */
  #findKey(key: Buffer): Uint8Array {
    const { count, spanStart, spanEnd } = this.columns;
    const rows = new Uint8Array(count);
    if (key.length === 0) return rows.fill(1);
    const { body } = this;
    const buffer = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    let row = 0;
    while (row < count) {
      const at = buffer.indexOf(key, spanStart[row] as number);
      if (at < 0) break;
      while (row < count && (spanEnd[row] as number) < at + key.length) row++;
      if (row >= count) break;
      // The occurrence may lie before this span, in a resource or scope: the next round begins inside the span.
      if (at >= (spanStart[row] as number)) rows[row++] = 1;
    }
    return rows;
  }
}
