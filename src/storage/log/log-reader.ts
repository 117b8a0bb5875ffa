import type { Cursor, LogBlock, LogFragment, SegmentId, SegmentPosition } from "../../model/log.ts";
import type { SpanColumns } from "../../model/span-columns.ts";
import { decodeBlockIndex } from "../block/block-index.ts";
import { MAX_BLOCK_SPANS } from "../block/block-limits.ts";
import { SqlError } from "../sqlite/driver.ts";
import type { BlockHead, LogPosition, LogSource, SegmentInfo } from "./segment-source.ts";

/** A row of the log as columns: all that aggregates need, for a body costs four times as much to read. */
export interface LogHead {
  /** The position that has this row done. */
  readonly position: LogPosition;
  readonly spans: number;
  /** ms since the epoch. */
  readonly receivedAtMs: number;
  readonly columns: SpanColumns;
}

/** A row with its body. */
export interface LogEntry {
  readonly position: LogPosition;
  readonly spans: number;
  readonly block: LogBlock;
  /** All rows of the batch, ascending; shared. */
  readonly rows: readonly number[];
}

interface Found {
  readonly head: BlockHead;
  /** Of its segment, as cursors name it. */
  readonly position: SegmentPosition;
}

interface Cached {
  /** Of the segment, as the source names it. */
  readonly id: SegmentId;
  readonly head: LogHead;
  entry: LogEntry | undefined;
  bytes: number;
  /** Consumers that have taken it. */
  taken: number;
}

export interface LogReaderOptions {
  /** Consumers that read every row once; when all have taken a row, it is not kept any longer. */
  readonly consumers: number;
  /** Bounds the raw bodies and indexes kept; default 16 MiB. */
  readonly maxBytes?: number;
}

/** Rows fetched at once when a consumer reads on; of small rows more, up to so many or about so many spans. */
const FETCH_ROWS = 8;
const MOST_FETCH_ROWS = 64;
const FETCH_SPANS = 4_096;
/**
 * Some 30,000 spans. A consumer that is further behind reads its rows again; one that does not move at all, because its
 * destination is down, would keep all of it full for as long as that lasts.
 */
const DEFAULT_MAX_BYTES = 16 * 1024 * 1024;

/** Reads the log in order for all consumers of a thread; rows that several of them need are read and inflated once. */
export class LogReader {
  readonly #source: LogSource;
  readonly #consumers: number;
  readonly #maxBytes: number;
  /** In the order they were read. */
  readonly #cache = new Map<string, Cached>();
  /** Row lists by length, for entries that share them. */
  readonly #allRows = new Map<number, readonly number[]>();
  /** Of columns that were handed out. */
  readonly #sequences = new WeakMap<SpanColumns, number>();
  #bytes = 0;
  #fetchRows = FETCH_ROWS;

  constructor(source: LogSource, options: LogReaderOptions) {
    this.#source = source;
    this.#consumers = options.consumers;
    this.#maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
    source.onRemoved((segments) => this.#forget(new Set(segments)));
    source.onDeleted(() => {
      this.#cache.clear();
      this.#bytes = 0;
    });
  }

  /** The position at the end of what is committed. */
  end(): LogPosition {
    return this.#source.end();
  }

  /**
   * The position before the oldest row that is still there. Throws SqlError `unreadable` where it cannot be read now.
   */
  oldest(): LogPosition {
    const found = this.#headAfter({ segment: 0, block: 0 });
    if (found === undefined) {
      const waiting = this.#source.segments().find(({ id }) => this.#source.isUnreadable(id));
      if (waiting === undefined) return this.end();
      const { reason } = this.#source.missed();
      throw new SqlError("unreadable", "SPANLOOM_UNREADABLE", `segment ${waiting.id}`, reason);
    }
    return before(found.head, found.position);
  }

  /**
   * The position before the first row that may hold a span received at `sinceMs`, ms since the epoch, or later. Of a
   * sealed segment, whose rows do not tell, all may. Throws as `oldest`.
   */
  since(sinceMs: number): LogPosition {
    for (const { id, position } of this.#source.segments()) {
      const { throughMs, isSealed } = this.#source.receivedIn(id);
      if (throughMs !== undefined && throughMs < sinceMs) continue;
      for (let at = 0; ; ) {
        const heads = this.#source.blocksAfter(id, at, FETCH_ROWS);
        const found = heads.find(({ receivedAtMs }) => isSealed || receivedAtMs >= sinceMs);
        if (found !== undefined) return before(found, position);
        if (this.#source.isUnreadable(id)) {
          throw new SqlError("unreadable", "SPANLOOM_UNREADABLE", `segment ${id}`, this.#source.missed().reason);
        }
        const last = heads.at(-1);
        if (last === undefined) break;
        at = last.block;
      }
    }
    return this.end();
  }

  /**
   * The first row after `position`, skipping segments that are gone; undefined at the end of the log, and before a
   * segment that cannot be read now: it is waited for. What was skipped shows as a gap between `position.spansThrough`
   * and the row's. Asking again costs nothing.
   */
  next(position: LogPosition): LogHead | undefined {
    const cached = this.#cache.get(keyOf(position.segment, position.block + 1));
    if (cached !== undefined) return cached.head;
    const found = this.#headAfter(position);
    return found === undefined ? undefined : this.#keep(found.head, found.position).head;
  }

  /** The next row of a consumer that needs no body. To be called once for each. */
  takeHead(position: LogPosition): LogHead | undefined {
    const row = this.next(position);
    if (row !== undefined) this.#taken(row.position);
    return row;
  }

  /**
   * The body of a row that `next` gave; undefined when its segment is gone, or cannot be read now (`waitsFor`). To be
   * called once for each, and again after waiting.
   */
  take(row: LogHead): LogEntry | undefined {
    const { segment } = row.position;
    const cached = this.#cache.get(keyOf(segment, row.position.block));
    const entry = cached?.entry ?? this.#open(row);
    if (entry === undefined && this.waitsFor(segment)) return undefined;
    if (cached !== undefined && cached.entry === undefined && entry !== undefined) {
      cached.entry = entry;
      this.#grow(cached, entry.block.body.length);
    }
    this.#taken(row.position);
    return entry;
  }

  /** Whether a segment, named as in cursors, is there and cannot be read now. */
  waitsFor(segment: SegmentPosition): boolean {
    const id = this.#source.segments().find(({ position }) => position === segment)?.id;
    return id !== undefined && this.#source.isUnreadable(id);
  }

  /** Keeps a row no longer: nobody is to read on from there. */
  drop({ position }: LogHead): void {
    const key = keyOf(position.segment, position.block);
    const cached = this.#cache.get(key);
    if (cached !== undefined) this.#drop(key, cached);
  }

  /** A position about `spans` spans before the given one (a row more or less), or the oldest. */
  back(position: LogPosition, spans: number): LogPosition {
    const target = position.spansThrough - spans;
    const segments = this.#source.segments().filter((segment) => segment.position <= position.segment);
    for (const segment of segments.reverse()) {
      const [first] = this.#source.blocksAfter(segment.id, 0, 1);
      if (first === undefined || first.spansThrough > target) continue;
      return this.#rowReaching(segment, first, position, target);
    }
    return this.oldest();
  }

  /** The last row of a segment, at most at `position`, whose span total is not beyond `target`; `first` is one such. */
  #rowReaching(segment: SegmentInfo, first: BlockHead, position: LogPosition, target: number): LogPosition {
    let best = first;
    let low = first.block;
    let high = segment.position === position.segment ? position.block : low + target - first.spansThrough;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      const [head] = this.#source.blocksAfter(segment.id, middle - 1, 1);
      if (head === undefined || head.spansThrough > target) {
        high = middle - 1;
        continue;
      }
      best = head;
      low = head.block;
    }
    const { block, sequence, spansThrough } = best;
    return { segment: segment.position, block, sequence, spansThrough };
  }

  /** Receive time of the first row after `position`, ms since the epoch; undefined at the end. */
  nextReceivedAtMs(position: LogPosition): number | undefined {
    const cached = this.#cache.get(keyOf(position.segment, position.block + 1));
    return cached?.head.receivedAtMs ?? this.#headAfter(position)?.head.receivedAtMs;
  }

  /** Whether a segment, named as in cursors, can still be read. */
  holds(segment: SegmentPosition): boolean {
    return this.#source.segments().some((info) => info.position === segment);
  }

  /** Fragments read before, without the spans that were deleted since. */
  withoutDeleted(fragments: readonly LogFragment[]): readonly LogFragment[] {
    const segments = this.#source.segments();
    return fragments.map((fragment) => {
      const { block, rows } = fragment;
      const segment = segments.find(({ position }) => position === block.next.segment);
      const sequence = this.#sequences.get(block.columns);
      if (segment === undefined || sequence === undefined) return fragment;
      const left = this.#source.rowsLeft(segment.id, sequence, block.columns);
      if (left === undefined) return fragment;
      const kept = new Set(left);
      return { block, rows: rows.filter((row) => kept.has(row)) };
    });
  }

  #headAfter(from: Cursor): Found | undefined {
    for (const { id, position } of this.#source.segments()) {
      if (position < from.segment) continue;
      const heads = this.#source.blocksAfter(id, position === from.segment ? from.block : 0, this.#fetchRows);
      this.#fetchRows = nextFetch(heads);
      for (const head of heads.slice(1)) this.#keep(head, position);
      if (heads[0] !== undefined) return { head: heads[0], position };
      if (this.#source.isUnreadable(id)) return undefined;
    }
    return undefined;
  }

  #keep(head: BlockHead, segment: SegmentPosition): Cached {
    const { block: row, sequence, spansThrough, spans, receivedAtMs, index } = head;
    const key = keyOf(segment, row);
    const known = this.#cache.get(key);
    if (known !== undefined) return known;
    const position: LogPosition = { segment, block: row, sequence, spansThrough };
    const columns = decodeBlockIndex(index);
    const cached: Cached = {
      id: head.segment,
      head: { position, spans, receivedAtMs, columns },
      entry: undefined,
      bytes: 0,
      taken: 0,
    };
    this.#cache.set(key, cached);
    this.#sequences.set(columns, sequence);
    this.#grow(cached, index.length * 1.5);
    return cached;
  }

  #open(head: LogHead): LogEntry | undefined {
    const { position, spans, receivedAtMs } = head;
    const id = this.#source.segments().find((segment) => segment.position === position.segment)?.id;
    const body = id === undefined ? undefined : this.#source.body(id, position.block);
    if (id === undefined || body === undefined) return undefined;
    const { columns } = head;
    const next = { segment: position.segment, block: position.block };
    return { position, spans, block: { next, receivedAtMs, body, columns }, rows: this.#rowsOf(columns.count) };
  }

  #rowsOf(count: number): readonly number[] {
    let rows = this.#allRows.get(count);
    if (rows === undefined) {
      rows = Array.from({ length: count }, (_, row) => row);
      if (count <= MAX_BLOCK_SPANS) this.#allRows.set(count, rows);
    }
    return rows;
  }

  #taken({ segment, block: row }: LogPosition): void {
    const key = keyOf(segment, row);
    const cached = this.#cache.get(key);
    if (cached === undefined) return;
    cached.taken++;
    if (cached.taken >= this.#consumers) this.#drop(key, cached);
  }

  /** Makes room by letting the oldest go: consumers that lag read them again. */
  #grow(cached: Cached, bytes: number): void {
    cached.bytes += bytes;
    this.#bytes += bytes;
    for (const [key, oldest] of this.#cache) {
      if (this.#bytes <= this.#maxBytes || oldest === cached) return;
      this.#drop(key, oldest);
    }
  }

  #drop(key: string, { bytes }: Cached): void {
    if (this.#cache.delete(key)) this.#bytes -= bytes;
  }

  #forget(segments: ReadonlySet<SegmentId>): void {
    for (const [key, cached] of this.#cache) {
      if (segments.has(cached.id)) this.#drop(key, cached);
    }
  }
}

/** How many rows to fetch next, if they are as large as these. */
function nextFetch(heads: readonly BlockHead[]): number {
  let spans = 0;
  for (const head of heads) spans += head.spans;
  if (spans === 0) return FETCH_ROWS;
  return Math.min(MOST_FETCH_ROWS, Math.max(FETCH_ROWS, Math.floor((FETCH_SPANS * heads.length) / spans)));
}

function before(head: BlockHead, segment: SegmentPosition): LogPosition {
  const { block, sequence, spansThrough, spans } = head;
  return { segment, block: block - 1, sequence: sequence - 1, spansThrough: spansThrough - spans };
}

function keyOf(segment: SegmentPosition, block: number): string {
  return `${segment}:${block}`;
}
