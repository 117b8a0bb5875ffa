import type { SegmentId } from "../../model/log.ts";
import type { SpanKind } from "../../model/span.ts";
import { BODY_CODEC } from "../block/block-limits.ts";
import { bodyCrc, decodeBody, headCrc } from "../block/body-codec.ts";
import type { SegmentOperation } from "../block/operation-shares.ts";
import { decodeColumnarBody } from "../columnar/columnar-body.ts";
import { decodeColumnarIndex } from "../columnar/columnar-index.ts";
import type { SqlDatabase, SqlStatement } from "../sqlite/driver.ts";
import type { BlockHead } from "./segment-source.ts";

/** Bytes of a segment that cannot be what was written. */
export class DamagedError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "DamagedError";
  }
}

interface HeadRow {
  readonly row: bigint;
  readonly sequence: bigint;
  readonly spans: bigint;
  readonly spans_through: bigint;
  readonly min_start: bigint;
  readonly max_start: bigint;
  readonly max_end: bigint;
  readonly received_ms: bigint;
  readonly codec: bigint;
  readonly raw_length: bigint;
  readonly head_crc: bigint;
  readonly index_blob: Uint8Array;
  readonly bloom: Uint8Array;
}

interface BodyRow {
  readonly codec: number;
  readonly raw_length: number;
  readonly head_crc: number;
  readonly body_crc: number;
  readonly body: Uint8Array;
}

/** Where the rows of a segment end. */
export interface SegmentEnd {
  readonly block: number;
  readonly sequence: number;
  readonly spansThrough: number;
  readonly receivedAtMs: number;
}

/** Reads one segment through one connection, which stays the caller's. */
export class SegmentReader {
  readonly #segment: SegmentId;
  readonly #heads: SqlStatement<HeadRow>;
  readonly #body: SqlStatement<BodyRow>;
  readonly #index: SqlStatement<{ index_blob: Uint8Array }>;
  readonly #operations: SqlStatement<{ service: string; name: string; kind: number }>;
  readonly #operationCount: SqlStatement<{ count: number }>;
  readonly #meta: SqlStatement<{ value: string }>;
  readonly #end: SqlStatement<SegmentEnd>;
  readonly #first: SqlStatement<{ receivedAtMs: number }>;
  readonly #last: SqlStatement<{ receivedAtMs: number | null }>;

  /**
   * Throws SqlError where the file is no segment. Every column is named in the result too: SQLite would name it as the
   * file has it, where a bit that flips makes a letter one of the other case.
   */
  constructor(db: SqlDatabase, segment: SegmentId) {
    this.#segment = segment;
    this.#heads = db.prepare(
      `SELECT row AS row, sequence AS sequence, spans AS spans, spans_through AS spans_through, min_start AS min_start,
         max_start AS max_start, max_end AS max_end, received_ms AS received_ms, codec AS codec,
         raw_length AS raw_length, head_crc AS head_crc, index_blob AS index_blob, bloom AS bloom
       FROM block WHERE row > ? ORDER BY row LIMIT ?`,
      { bigints: true },
    );
    this.#body = db.prepare(
      `SELECT codec AS codec, raw_length AS raw_length, head_crc AS head_crc, body_crc AS body_crc, body AS body
       FROM block WHERE row = ?`,
    );
    this.#index = db.prepare("SELECT index_blob AS index_blob FROM block WHERE row = ?");
    this.#operations = db.prepare("SELECT service AS service, name AS name, kind AS kind FROM operation");
    this.#operationCount = db.prepare("SELECT count(*) AS count FROM operation");
    this.#meta = db.prepare("SELECT value AS value FROM meta WHERE key = ?");
    this.#end = db.prepare(
      `SELECT row AS block, sequence AS sequence, spans_through AS spansThrough, received_ms AS receivedAtMs
       FROM block ORDER BY row DESC LIMIT 1`,
    );
    this.#last = db.prepare("SELECT max(received_ms) AS receivedAtMs FROM block");
    this.#first = db.prepare("SELECT received_ms AS receivedAtMs FROM block ORDER BY row LIMIT 1");
  }

  /** Throws DamagedError at the first row that is not as written. */
  blocksAfter(block: number, limit: number): BlockHead[] {
    return this.#heads.all(block, limit).map((stored, i) => {
      // Rows count without gaps: where one is passed over, it is lost.
      if (Number(stored.row) !== block + 1 + i) throw this.#damaged(block + 1 + i, "row");
      return this.#head(stored);
    });
  }

  /** Undefined where there is no such row; throws DamagedError. */
  body(block: number): Uint8Array | undefined {
    const stored = this.#body.get(block);
    if (stored === undefined) {
      // Rows count without gaps: one before the last is there, and SQLite cannot find it.
      if (block > 0 && block <= (this.end()?.block ?? 0)) throw this.#damaged(block, "row");
      return undefined;
    }
    this.#check(block, "body", () => bodyCrc(stored.head_crc, stored.body) === stored.body_crc);
    try {
      if (stored.codec !== BODY_CODEC.columnar) return decodeBody(stored.codec, stored.body, stored.raw_length);
      const index = this.#index.get(block)?.index_blob;
      return index && decodeColumnarBody(stored.body, decodeColumnarIndex(index), stored.raw_length);
    } catch (error) {
      throw this.#damaged(block, "body", error);
    }
  }

  /** The stored body of a row that is nothing but brotli, for inflating it elsewhere; undefined where `body` has to. */
  brotliBody(block: number): { readonly bytes: Uint8Array; readonly rawLength: number } | undefined {
    const stored = this.#body.get(block);
    if (stored?.codec !== BODY_CODEC.brotli) return undefined;
    this.#check(block, "body", () => bodyCrc(stored.head_crc, stored.body) === stored.body_crc);
    return { bytes: stored.body, rawLength: stored.raw_length };
  }

  operations(): { readonly operations: readonly SegmentOperation[]; readonly complete: boolean } {
    return {
      operations: this.#operations.all().map(({ service, name, kind }) => ({ service, name, kind: kind as SpanKind })),
      complete: this.meta("operations_overflow") === undefined,
    };
  }

  operationCount(): number {
    const counted = this.meta("operation_count");
    if (counted !== undefined) return Number(counted);
    return this.#operationCount.get()?.count ?? 0;
  }

  /** Undefined for a segment without rows. */
  end(): SegmentEnd | undefined {
    return this.#end.get();
  }

  /** Receive time of the first row, ms since the epoch. */
  firstReceivedAtMs(): number | undefined {
    return this.#first.get()?.receivedAtMs;
  }

  /** The latest receive time, ms since the epoch, which a clock that was set back does not leave to the last row. */
  lastReceivedAtMs(): number | null {
    return this.#last.get()?.receivedAtMs ?? null;
  }

  /** Value of a `meta` key; undefined where it is not set. */
  meta(key: string): string | undefined {
    return this.#meta.get(key)?.value;
  }

  /** A bit that flips can make a column one of another type, of which no checksum can be made. */
  #check(block: number, what: "body" | "index", holds: () => boolean): void {
    let same = false;
    try {
      same = holds();
    } catch (error) {
      throw this.#damaged(block, what, error);
    }
    if (!same) throw this.#damaged(block, what);
  }

  #head(stored: HeadRow): BlockHead {
    const numbers = {
      row: Number(stored.row),
      sequence: Number(stored.sequence),
      spans: Number(stored.spans),
      spansThrough: Number(stored.spans_through),
      minStart: stored.min_start,
      maxStart: stored.max_start,
      maxEnd: stored.max_end,
      receivedAtMs: Number(stored.received_ms),
      codec: Number(stored.codec),
      rawLength: Number(stored.raw_length),
    };
    this.#check(
      numbers.row,
      "index",
      () => headCrc(numbers, stored.index_blob, stored.bloom) === Number(stored.head_crc),
    );
    return {
      segment: this.#segment,
      block: numbers.row,
      sequence: numbers.sequence,
      spans: numbers.spans,
      spansThrough: numbers.spansThrough,
      minStart: numbers.minStart,
      maxStart: numbers.maxStart,
      maxEnd: numbers.maxEnd,
      receivedAtMs: numbers.receivedAtMs,
      index: stored.index_blob,
      bloom: stored.bloom,
    };
  }

  #damaged(block: number, what: string, cause?: unknown): DamagedError {
    return new DamagedError(
      `segment ${this.#segment}, block ${block}: the ${what} is not what was written (checksum)`,
      cause === undefined ? undefined : { cause },
    );
  }
}
