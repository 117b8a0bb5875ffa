import { type BlockNumbers, bodyCrc, headCrc } from "../block/body-codec.ts";
import type { SqlDatabase, SqlStatement } from "../sqlite/driver.ts";

/** The bytes of a block, each in a column of its own. */
export interface BlockBytes {
  readonly index: Uint8Array;
  readonly bloom: Uint8Array;
  readonly body: Uint8Array;
}

/** Writes blocks of a segment's file, with their checksums. */
export class BlockTable {
  readonly #insert: SqlStatement<unknown>;

  constructor(db: SqlDatabase) {
    this.#insert = db.prepare("INSERT INTO block VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  }

  insert(numbers: BlockNumbers, { index, bloom, body }: BlockBytes): void {
    const head = headCrc(numbers, index, bloom);
    this.#insert.run(
      numbers.row,
      numbers.sequence,
      numbers.spans,
      numbers.spansThrough,
      numbers.minStart,
      numbers.maxStart,
      numbers.maxEnd,
      numbers.receivedAtMs,
      numbers.codec,
      numbers.rawLength,
      head,
      bodyCrc(head, body),
      index,
      bloom,
      body,
    );
  }
}
