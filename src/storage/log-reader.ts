import type { LogBatch } from "../model/log.ts";
import { decodeBlockIndex } from "./block-index.ts";
import type { BlockHead, SegmentSource } from "./segment-source.ts";

/** A place in the log with what is needed to measure distances: everything up to and including it is done. */
export interface LogPosition {
  readonly segment: number;
  readonly row: number;
  readonly sequence: number;
  readonly spansThrough: number;
}

export interface LogEntry {
  /** The position that has this entry done. */
  readonly position: LogPosition;
  readonly spans: number;
  readonly batch: LogBatch;
  /** All rows of the batch, ascending; shared. */
  readonly rows: readonly number[];
}

/** What consumers read from: a source that also knows where the log ends. */
export interface LogSource extends SegmentSource {
  end(): LogPosition;
}

interface Cached {
  readonly entry: LogEntry;
  readonly bytes: number;
}

/** Rows fetched at once when a consumer reads on. */
const FETCH_ROWS = 8;

/** Reads the log in order for all consumers of a thread; rows that several of them need are inflated once. */
export class LogReader {
  readonly #source: LogSource;
  readonly #maxBytes: number;
  /** In order of use, latest last. */
  readonly #cache = new Map<string, Cached>();
  #bytes = 0;

  /** `maxBytes` bounds the raw bodies and indexes kept. */
  constructor(source: LogSource, maxBytes = 64 * 1024 * 1024) {
    this.#source = source;
    this.#maxBytes = maxBytes;
    source.onRemoved((segments) => this.#forget(new Set(segments)));
  }

  /** The position at the end of what is committed. */
  end(): LogPosition {
    return this.#source.end();
  }

  /** The position before the oldest row that is still there. */
  oldest(): LogPosition {
    const head = this.#headAfter({ segment: 0, row: 0 });
    if (head === undefined) return this.end();
    return {
      segment: head.segment,
      row: head.row - 1,
      sequence: head.sequence - 1,
      spansThrough: head.spansThrough - head.spans,
    };
  }

  /**
   * The first entry after `position`, skipping segments that are gone; undefined at the end of the log. What was
   * skipped shows as a gap between `position.spansThrough` and the entry's.
   */
  next(position: LogPosition): LogEntry | undefined {
    const key = keyOf(position.segment, position.row + 1);
    const cached = this.#cache.get(key);
    if (cached !== undefined) {
      this.#cache.delete(key);
      this.#cache.set(key, cached);
      return cached.entry;
    }
    let from = { segment: position.segment, row: position.row };
    for (;;) {
      const head = this.#headAfter(from);
      if (head === undefined) return undefined;
      const entry = this.#load(head);
      if (entry !== undefined) return entry;
      // Its segment went between two reads, or is damaged.
      from = { segment: head.segment, row: Number.MAX_SAFE_INTEGER };
    }
  }

  /** A position about `spans` spans before the given one (a row more or less), or the oldest. */
  back(position: LogPosition, spans: number): LogPosition {
    const target = position.spansThrough - spans;
    const segments = this.#source.segments().filter(({ id }) => id <= position.segment);
    for (const { id } of segments.reverse()) {
      const [first] = this.#source.rowsAfter(id, 0, 1);
      if (first === undefined || first.spansThrough > target) continue;
      return this.#rowReaching(id, first, position, target);
    }
    return this.oldest();
  }

  /** The last row of a segment, at most at `position`, whose span total is not beyond `target`; `first` is one such. */
  #rowReaching(segment: number, first: BlockHead, position: LogPosition, target: number): LogPosition {
    let best = first;
    let low = first.row;
    let high = segment === position.segment ? position.row : low + target - first.spansThrough;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      const [head] = this.#source.rowsAfter(segment, middle - 1, 1);
      if (head === undefined || head.spansThrough > target) {
        high = middle - 1;
        continue;
      }
      best = head;
      low = head.row;
    }
    return { segment, row: best.row, sequence: best.sequence, spansThrough: best.spansThrough };
  }

  /** Receive time of the first row after `position`, ms since the epoch; undefined at the end. */
  nextReceivedAtMs(position: LogPosition): number | undefined {
    const cached = this.#cache.get(keyOf(position.segment, position.row + 1));
    return cached?.entry.batch.receivedAtMs ?? this.#headAfter(position)?.receivedAtMs;
  }

  /** Whether a segment can still be read. */
  holds(segment: number): boolean {
    return this.#source.segments().some((info) => info.id === segment);
  }

  #headAfter(from: { readonly segment: number; readonly row: number }): BlockHead | undefined {
    for (const { id } of this.#source.segments()) {
      if (id < from.segment) continue;
      const heads = this.#source.rowsAfter(id, id === from.segment ? from.row : 0, FETCH_ROWS);
      for (const head of heads.slice(1)) this.#prefetched(head);
      if (heads[0] !== undefined) return heads[0];
    }
    return undefined;
  }

  #prefetched(head: BlockHead): void {
    // Only where it is cheap: the cache has room, so that a lagging consumer cannot push out what others need.
    if (this.#bytes < this.#maxBytes / 2) this.#load(head);
  }

  #load(head: BlockHead): LogEntry | undefined {
    const key = keyOf(head.segment, head.row);
    const known = this.#cache.get(key);
    if (known !== undefined) return known.entry;
    const body = this.#source.body(head.segment, head.row);
    if (body === undefined) return undefined;
    const columns = decodeBlockIndex(head.index);
    const entry: LogEntry = {
      position: {
        segment: head.segment,
        row: head.row,
        sequence: head.sequence,
        spansThrough: head.spansThrough,
      },
      spans: head.spans,
      batch: {
        next: { segment: head.segment, row: head.row },
        receivedAtMs: head.receivedAtMs,
        body,
        columns,
      },
      rows: Array.from({ length: columns.count }, (_, row) => row),
    };
    const bytes = body.length + head.index.length + columns.count * 8;
    this.#cache.set(key, { entry, bytes });
    this.#bytes += bytes;
    for (const [oldest, { bytes: freed }] of this.#cache) {
      if (this.#bytes <= this.#maxBytes || oldest === key) break;
      this.#cache.delete(oldest);
      this.#bytes -= freed;
    }
    return entry;
  }

  #forget(segments: ReadonlySet<number>): void {
    for (const [key, { entry, bytes }] of this.#cache) {
      if (!segments.has(entry.position.segment)) continue;
      this.#cache.delete(key);
      this.#bytes -= bytes;
    }
  }
}

function keyOf(segment: number, row: number): string {
  return `${segment}:${row}`;
}
