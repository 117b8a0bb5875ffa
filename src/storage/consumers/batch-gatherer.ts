import { type Cursor, compareCursors } from "../../model/log.ts";
import type { SpanFilter } from "../../model/trace-query.ts";
import type { LogEntry, LogHead, LogReader } from "../log/log-reader.ts";
import type { LogPosition } from "../log/segment-source.ts";
import { type CompiledFilter, compileFilter } from "../search/filter.ts";
import type { RowTest } from "../search/filter-node.ts";
import { BlockGone, BlockView } from "../spans/block-view.ts";

/** What one request is made of. */
export interface GatheredBatch {
  /** `rows` are those that the filter left. None where it left nothing. */
  readonly entries: readonly LogEntry[];
  /** Where the log is done when this and all before it are. */
  readonly end: LogPosition;
  /** Spans that retention had removed on the way. */
  readonly lostBefore: number;
  /** Spans that the filter left out. */
  readonly filtered: number;
}

/** Spans that a filter looks at in one turn of the event loop. */
const TURN_SPANS = 65_536;
/** Bodies that one batch keeps, bytes, where a filter takes little of each. */
const MAX_HELD_BYTES = 16 * 1024 * 1024;
/** A batch that is gathered again may be so many times as large as one is now: the settings may have changed. */
const REPEATED = 2;

/** A batch that is being gathered. */
interface Open {
  readonly from: LogPosition;
  readonly entries: LogEntry[];
  at: LogPosition;
  spans: number;
  bytes: number;
  held: number;
  lostBefore: number;
  filtered: number;
}

/** A block that was looked at; without a filter it has no entry yet, so that what does not fit is not read. */
interface Sifted {
  readonly head: LogHead;
  /** The place before it. */
  readonly from: LogPosition;
  readonly spans: number;
  readonly filtered: number;
  readonly entry: LogEntry | undefined;
}

/**
 * Joins blocks of the log into batches for one exporter: as many as fit, or as the log has. With a filter only the rows
 * that it matches count; it looks at columns, and reads a body where they do not decide or the block has such a row.
 */
export class BatchGatherer {
  readonly #reader: LogReader;
  readonly #maxSpans: number;
  #filter: CompiledFilter | undefined;
  #open: Open | undefined;
  /** Looked at, and left for the next batch. */
  #ahead: Sifted | undefined;

  /** @throws PermanentError `bad_request` for a filter that cannot be compiled */
  constructor(reader: LogReader, maxSpans: number, filter: SpanFilter | undefined) {
    this.#reader = reader;
    this.#maxSpans = maxSpans;
    this.#filter = filter && compileFilter(filter);
  }

  /** Holds for every batch that is not yet given. Throws as the constructor; then the old one stays. */
  setFilter(filter: SpanFilter | undefined): void {
    this.#filter = filter && compileFilter(filter);
    this.#open = undefined;
    this.#ahead = undefined;
  }

  /**
   * The batch after `from`; undefined at the end of the log. `later`: much was looked at, and it is to be asked again
   * in another turn of the event loop with the same `from`; with another it begins anew.
   * @param maxBytes about the most bytes of OTLP in it
   * @param begin where to begin instead, asked once for each batch
   * @param end the end of a batch that was sent before: all up to there, unless nothing is left before it
   */
  next(
    from: LogPosition,
    maxBytes: number,
    begin: () => LogPosition,
    end?: Cursor,
  ): GatheredBatch | "later" | undefined {
    if (this.#open?.from !== from) this.#open = opened(from, begin());
    const open = this.#open;
    let until = end;
    for (let looked = 0; looked < TURN_SPANS; ) {
      const ahead = this.#ahead?.from === open.at ? this.#ahead : undefined;
      const head = ahead?.head ?? this.#reader.next(open.at);
      if (head === undefined) return this.#end(open);
      if (until !== undefined && compareCursors(head.position, until) > 0) {
        if (open.entries.length > 0 || open.filtered > 0) return this.#end(open);
        until = undefined;
      }
      const sifted = ahead ?? this.#sift(open.at, head);
      if (sifted !== undefined && !this.#fits(open, sifted.spans, maxBytes, until === undefined ? 1 : REPEATED)) {
        this.#ahead = sifted;
        return this.#end(open);
      }
      this.#ahead = undefined;
      if (sifted === undefined || !this.#add(open, sifted)) {
        if (this.#reader.waitsFor(head.position.segment)) return this.#end(open);
        // Its segment went between two reads, or was put aside.
        open.at = { ...open.at, segment: head.position.segment, block: Number.MAX_SAFE_INTEGER };
        continue;
      }
      if (this.#filter === undefined) continue;
      if (until === undefined && open.held >= MAX_HELD_BYTES) return this.#end(open);
      looked += head.spans;
    }
    return "later";
  }

  /** Undefined where its body is needed and cannot be read. */
  #sift(from: LogPosition, head: LogHead): Sifted | undefined {
    const filter = this.#filter;
    if (filter === undefined) return { head, from, spans: head.spans, filtered: 0, entry: undefined };
    const { columns } = head;
    let entry: LogEntry | undefined;
    const read = () => {
      entry ??= this.#reader.take(head);
      return entry;
    };
    try {
      const rows = rowsThat(filter.bind(new BlockView(columns, () => read()?.block.body)), columns.count);
      const filtered = columns.count - rows.length;
      if (rows.length > 0 && read() === undefined) return undefined;
      if (entry === undefined) this.#reader.takeHead(from);
      return { head, from, spans: rows.length, filtered, entry: entry && { ...entry, rows } };
    } catch (error) {
      if (error instanceof BlockGone) return undefined;
      throw error;
    }
  }

  #fits(open: Open, spans: number, maxBytes: number, times: number): boolean {
    if (open.spans === 0 || spans === 0) return true;
    // Its body may not be read yet: as large as those before, span for span.
    const all = open.spans + spans;
    return all <= this.#maxSpans * times && (open.bytes / open.spans) * all <= maxBytes * times;
  }

  /** False where its body cannot be read. */
  #add(open: Open, { head, spans, filtered, entry: sifted }: Sifted): boolean {
    const isEmpty = this.#filter !== undefined && spans === 0;
    const entry = sifted ?? (isEmpty ? undefined : this.#reader.take(head));
    if (entry === undefined && !isEmpty) return false;
    open.lostBefore += Math.max(0, head.position.spansThrough - head.spans - open.at.spansThrough);
    open.at = head.position;
    open.filtered += filtered;
    if (entry === undefined || isEmpty) return true;
    const { block, rows } = entry;
    open.entries.push(entry);
    open.spans += spans;
    open.held += block.body.length;
    open.bytes += block.body.length * (rows.length / Math.max(1, block.columns.count));
    return true;
  }

  #end({ entries, at, lostBefore, filtered }: Open): GatheredBatch | undefined {
    this.#open = undefined;
    return entries.length === 0 && filtered === 0 ? undefined : { entries, end: at, lostBefore, filtered };
  }
}

function opened(from: LogPosition, at: LogPosition): Open {
  return { from, entries: [], at, spans: 0, bytes: 0, held: 0, lostBefore: 0, filtered: 0 };
}

function rowsThat(test: RowTest | boolean, count: number): number[] {
  const rows: number[] = [];
  if (test === false) return rows;
  for (let row = 0; row < count; row++) if (test === true || test(row)) rows.push(row);
  return rows;
}
