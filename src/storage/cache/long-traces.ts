import { traceIdHash } from "../../model/attribute-hash.ts";
import type { TraceKeyStart } from "../../model/ids.ts";
import type { SegmentId } from "../../model/log.ts";
import type { MissedReads } from "../log/segment-source.ts";
import type { CachedBlock } from "./cached-block.ts";
import { LongTrace } from "./long-trace.ts";
import type { Pacer } from "./pacer.ts";
import type { SegmentBlocks } from "./segment-blocks.ts";

/** Traces that are made in one pass over their blocks: traces that are long lie in the same ones. */
const MADE_TOGETHER = 64;
/** Traces that are looked at for that. */
const LOOKED_AT = 1_000;
/** Memory of all that are kept, bytes. */
const MAX_BYTES = 64 * 1024 * 1024;

/** What is read of the log for them. */
export interface TraceBlocks {
  readonly segments: readonly SegmentBlocks[];
  readonly missed: MissedReads;
  block(segment: SegmentId, number: number): CachedBlock | undefined;
  /** Blocks that may hold a trace, where the table of the segment was given back. */
  scanForTrace(segment: SegmentBlocks, hash: number, pacer: Pacer): Promise<number[]>;
}

/** A trace that is being made, and what is left of a segment for it. */
interface Making {
  readonly key: string;
  readonly id: Uint8Array;
  readonly hash: number;
  readonly trace: LongTrace;
  blocks: readonly number[];
  at: number;
}

/** The traces that lie in many blocks, as columns of their own: the latest used, bounded in bytes. */
export class LongTraces {
  readonly #from: TraceKeyStart;
  readonly #log: TraceBlocks;
  readonly #fewest: number;
  /** By `traceKey`, latest used last. */
  readonly #kept = new Map<string, LongTrace>();
  /** What was read before a removal belongs to blocks that are no more. */
  #generation = 0;
  #making: Promise<void> = Promise.resolve();

  /** Those that lie in `fewest` blocks are long. */
  constructor(log: TraceBlocks, from: TraceKeyStart, fewest: number) {
    this.#log = log;
    this.#from = from;
    this.#fewest = fewest;
  }

  /** Blocks were removed, or spans in them. */
  clear(): void {
    this.#generation++;
    this.#kept.clear();
  }

  /** As far as it was made; undefined where it is not kept. */
  kept(key: string): LongTrace | undefined {
    return this.#kept.get(key);
  }

  /**
   * The trace up to the last refresh. `beside` are keys of traces that will be asked for next: those of them that are
   * long are made in the same pass. Undefined where something was removed meanwhile or could not be read.
   */
  get(key: string, pacer: Pacer, beside: () => Iterable<string>): Promise<LongTrace | undefined> {
    // One after the other: two that add to one trace would add twice.
    const turn = this.#making.then(() => this.#make(key, pacer, beside));
    this.#making = turn.then(
      () => {},
      () => {},
    );
    return turn;
  }

  async #make(key: string, pacer: Pacer, beside: () => Iterable<string>): Promise<LongTrace | undefined> {
    pacer.check();
    const first = this.#begin(key);
    const batch = [first];
    if (this.#left(first) >= this.#fewest) {
      let seen = 0;
      for (const other of beside()) {
        if (batch.length === MADE_TOGETHER || ++seen > LOOKED_AT) break;
        const making = this.#begin(other);
        if (other !== key && this.#left(making) >= this.#fewest) batch.push(making);
      }
    }
    const generation = this.#generation;
    const missed = this.#log.missed.count;
    const isRight = () => this.#generation === generation && this.#log.missed.count === missed;
    try {
      for (const segment of this.#log.segments) await this.#addSegment(segment, batch, pacer);
    } finally {
      if (!isRight()) for (const made of batch) this.#kept.delete(made.key);
    }
    if (!isRight()) return undefined;
    // The one that is asked for last, as it was used last.
    for (const { key: made, trace } of batch.toReversed()) this.#keep(made, trace);
    return first.trace;
  }

  #begin(key: string): Making {
    const id = Buffer.from(key, "latin1");
    const trace = this.#kept.get(key) ?? new LongTrace(this.#from);
    return { key, id, hash: traceIdHash(id, 0, this.#from), trace, blocks: [], at: 0 };
  }

  /** Blocks that are known to hold more of it. */
  #left({ hash, trace }: Making): number {
    let left = 0;
    for (const segment of this.#log.segments) {
      const from = trace.lookedAt(segment.id);
      if (from < segment.count) left += segment.traceBlocks(hash, from)?.length ?? 0;
    }
    return left;
  }

  /** Goes once through those blocks of a segment that hold more of any of the traces. */
  async #addSegment(segment: SegmentBlocks, batch: readonly Making[], pacer: Pacer): Promise<void> {
    const { count } = segment;
    for (const making of batch) {
      const from = making.trace.lookedAt(segment.id);
      making.at = 0;
      making.blocks = [];
      if (from >= count) continue;
      const blocks =
        segment.traceBlocks(making.hash, from) ?? (await this.#log.scanForTrace(segment, making.hash, pacer));
      making.blocks = blocks.filter((block) => block > from && block <= count);
    }
    for (let number = nextOf(batch); number !== Number.POSITIVE_INFINITY; number = nextOf(batch)) {
      const block = this.#log.block(segment.id, number);
      for (const making of batch) {
        if (making.blocks[making.at] !== number) continue;
        making.at++;
        if (block !== undefined) making.trace.add(block, block.traces.rows(making.id));
      }
      if (pacer.due()) await pacer.pause();
    }
    for (const { trace } of batch) trace.passed(segment.id, count);
  }

  #keep(key: string, trace: LongTrace): void {
    this.#kept.delete(key);
    this.#kept.set(key, trace);
    let bytes = 0;
    for (const kept of this.#kept.values()) bytes += kept.bytes;
    for (const [oldest, kept] of this.#kept) {
      if (bytes <= MAX_BYTES) break;
      this.#kept.delete(oldest);
      bytes -= kept.bytes;
    }
  }
}

function nextOf(batch: readonly Making[]): number {
  let next = Number.POSITIVE_INFINITY;
  for (const { blocks, at } of batch) next = Math.min(next, blocks[at] ?? Number.POSITIVE_INFINITY);
  return next;
}
