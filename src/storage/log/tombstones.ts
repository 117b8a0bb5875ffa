import { traceIdHash } from "../../model/attribute-hash.ts";
import type { SpanColumns } from "../../model/span-columns.ts";
import { bloomMayContain } from "../block/bloom.ts";

/** A deleted trace: its spans in rows up to sequence `through` are neither read nor exported. */
export interface Tombstone {
  /** Later ones are greater; never used again. */
  readonly id: number;
  /** 16 bytes. */
  readonly traceId: Uint8Array;
  readonly through: number;
}

/** Beyond so many tombstones looking at the row itself is cheaper than asking its bloom for each. */
const MAX_BLOOM_QUESTIONS = 64;

/** Finds deleted spans in rows. */
export class TombstoneSet {
  readonly #list: readonly Tombstone[];
  readonly #hashes: Uint32Array;
  /** By trace id: greatest sequence that the tombstones reach, with the greatest id among them. */
  readonly #byTrace = new Map<string, Tombstone>();

  constructor(list: readonly Tombstone[]) {
    this.#list = list;
    this.#hashes = Uint32Array.from(list, ({ traceId }) => traceIdHash(traceId));
    // In order of ids, and later deletions reach further.
    for (const tombstone of list) this.#byTrace.set(keyOf(tombstone.traceId, 0), tombstone);
  }

  /** Greatest id; 0 for none. */
  get lastId(): number {
    return this.#list.at(-1)?.id ?? 0;
  }

  /** False where the row certainly holds no span deleted by a tombstone after `applied`. */
  mayTouch(row: { readonly sequence: number; readonly bloom: Uint8Array }, applied: number): boolean {
    if (this.lastId <= applied) return false;
    if (this.#list.length > MAX_BLOOM_QUESTIONS) return true;
    return this.#list.some(
      ({ id, through }, i) =>
        id > applied && row.sequence <= through && bloomMayContain(row.bloom, this.#hashes[i] as number),
    );
  }

  /** Rows that are left of the columns of a row, ascending; undefined where nothing of it is deleted. */
  rowsLeft(columns: SpanColumns, sequence: number, applied: number): number[] | undefined {
    const { traceIds, traceIndex, count } = columns;
    const deleted = new Set<number>();
    for (let at = 0; at < traceIds.length; at += 16) {
      const tombstone = this.#byTrace.get(keyOf(traceIds, at));
      if (tombstone !== undefined && tombstone.id > applied && sequence <= tombstone.through) deleted.add(at / 16);
    }
    if (deleted.size === 0) return undefined;
    const left: number[] = [];
    for (let row = 0; row < count; row++) if (!deleted.has(traceIndex[row] as number)) left.push(row);
    return left;
  }
}

function keyOf(bytes: Uint8Array, at: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + at, 16).toString("latin1");
}
