import { RetryableError } from "../../component/errors.ts";
import type { PreparedBatch } from "../../component/ingest.ts";
import type { Logger } from "../../component/logger.ts";
import type { Counter, Histogram, Metrics } from "../../component/metrics.ts";
import type { SegmentId } from "../../model/log.ts";
import { messageOf } from "../../model/message-of.ts";
import { BlockWriter, type EncodedBlock } from "../block/block-writer.ts";
import type { RecentBodies } from "../block/recent-bodies.ts";
import { checkFormat } from "../folder/data-format.ts";
import { fileIdentity, isSameFile } from "../folder/file-identity.ts";
import { SqlError } from "../sqlite/driver.ts";
import { writeError } from "../sqlite/storage-errors.ts";
import { type Segment, UnknownSegmentError } from "./segment.ts";
import { CLOCK_SLACK_MS } from "./segment-ages.ts";
import { isDamage, isUnreadable } from "./segment-damage.ts";
import type { SegmentEnd } from "./segment-reader.ts";
import { closedEntry, finished, type SegmentSet } from "./segment-set.ts";

export interface SegmentLimits {
  readonly maxSpans: number;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
}

export interface LogWriterOptions {
  readonly segments: SegmentSet;
  readonly limits: SegmentLimits;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Wall clock, ms since the epoch. */
  readonly now: () => number;
  readonly recent?: RecentBodies;
}

const RETRY_AFTER_MS = 1_000;
/** A checkpoint runs when commits have put this much into the WAL, bytes. */
const CHECKPOINT_BYTES = 16 * 1024 * 1024;

interface OpenSegment {
  readonly segment: Segment;
  /** Of its file; undefined in memory. */
  readonly identity: string | undefined;
  readonly openedAtMs: number;
  spans: number;
  bytes: number;
  walBytes: number;
  end: SegmentEnd;
}

/**
 * The end of the log. Batches are added, then committed together: one transaction, durable as `synchronous` says when
 * `commit` returns. What costs time but nobody waits for (checkpoints, closing and opening segments) is in `settle`,
 * to be called after the senders were answered.
 */
export class LogWriter {
  readonly #segments: SegmentSet;
  readonly #limits: SegmentLimits;
  readonly #logger: Logger;
  readonly #now: () => number;
  readonly #blocks: BlockWriter;
  readonly #recent: RecentBodies | undefined;
  readonly #counters: Record<"spans" | "commits" | "seconds" | "bytes" | "unlisted", Counter>;
  readonly #durations: Histogram;
  #open: OpenSegment | undefined;
  /** An append met damage in it: it is looked at before anything is appended to it again. */
  #suspect: SegmentId | undefined;
  #sequence: number;
  #spansThrough: number;

  /**
   * Opens the newest segment, or a new one; a damaged one is put aside. Throws SqlError, but not for a disk that is
   * full or cannot be read, and PermanentError `data_format_unknown` for a segment of a newer format.
   */
  constructor(options: LogWriterOptions) {
    this.#segments = options.segments;
    this.#limits = options.limits;
    this.#logger = options.logger;
    this.#now = options.now;
    this.#recent = options.recent;
    this.#blocks = new BlockWriter(options.recent);
    const { metrics } = options;
    this.#counters = {
      spans: metrics.counter("spanloom_storage_committed_spans_total", "Spans committed to the log."),
      commits: metrics.counter("spanloom_storage_commits_total", "Transactions committed to the log."),
      seconds: metrics.counter("spanloom_storage_commit_seconds_total", "Time spent in commits."),
      bytes: metrics.counter("spanloom_storage_committed_bytes_total", "Bytes of committed blocks, compressed."),
      unlisted: metrics.counter(
        "spanloom_storage_unlisted_operations_total",
        "Operations of committed blocks that are stored but not listed, as there are too many of their service or of all.",
      ),
    };
    this.#durations = metrics.histogram("spanloom_storage_commit_duration_seconds", "Time that a commit takes.");
    const known = this.#segments.knownEnd();
    this.#sequence = known.sequence;
    this.#spansThrough = known.spansThrough;
    try {
      this.#resume();
    } catch (error) {
      const failure = writeError(error);
      const full = failure.code === "storage_full";
      if (!full && !isUnreadable(error) && !(error instanceof RetryableError)) throw error;
      this.#logger.error(
        full
          ? "the disk is full: spans are refused until there is space"
          : "the disk cannot be read: spans are refused until it can",
        { reason: failure.message },
      );
    }
  }

  /** Sequence of the last committed row; 0 before the first. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Id of the segment that takes appends; undefined while it cannot be opened. */
  get openSegment(): number | undefined {
    return this.#open?.segment.id;
  }

  /** Whether there is a segment that takes appends; opens one where there is none. */
  canOpen(): boolean {
    try {
      if (this.#open === undefined) this.#resume();
      return this.#open !== undefined;
    } catch {
      // The next commit meets it again, and whoever waits for it is told.
      return false;
    }
  }

  /** Takes a batch into the next commit. A batch for which it throws leaves nothing behind. */
  add(batch: PreparedBatch, receivedAtMs: number): void {
    this.#blocks.add(batch, receivedAtMs);
  }

  /** Commits what was added. Throws RetryableError, and then none of it is stored. */
  commit(): void {
    const blocks = this.#blocks.take();
    if (blocks.length === 0) return;
    const started = performance.now();
    try {
      this.#append(blocks);
    } catch (error) {
      this.#abandon(error);
      throw writeError(error);
    }
    this.#counters.commits.add(1);
    const seconds = (performance.now() - started) / 1000;
    this.#counters.seconds.add(seconds);
    this.#durations.observe(seconds);
  }

  /** Checkpoints and rolls as far as due; errors are logged, and the next commit meets them again. */
  settle(idle: boolean): void {
    const open = this.#open;
    if (open === undefined) return;
    try {
      const age = this.#now() - open.openedAtMs;
      const { maxSpans, maxBytes, maxAgeMs } = this.#limits;
      // Opened in time to come: the clock went back, and the segment would not be closed before it is there again.
      const aged = age >= maxAgeMs || age < -CLOCK_SLACK_MS;
      if (open.end.block > 0 && (open.spans >= maxSpans || open.bytes >= maxBytes || aged)) this.roll();
      else if (open.walBytes >= (idle ? 1 : CHECKPOINT_BYTES)) {
        open.segment.checkpoint();
        open.walBytes = 0;
      }
    } catch (error) {
      this.#abandon(error);
    }
  }

  /** Closes the open segment and begins the next; nothing where it is empty. Throws SqlError. */
  roll(): void {
    if (this.#open?.end.block === 0) return;
    this.#closeOpen();
    this.#start(this.#segments.create(this.#now(), this.#sequence, this.#spansThrough));
  }

  /** Lets go of the open segment because it is damaged; the next commit begins another. */
  abandonSegment(id: SegmentId): void {
    if (this.#open?.segment.id !== id) return;
    this.#open.segment.db.close();
    this.#open = undefined;
  }

  /** Commits nothing; empties the WAL and closes the open segment, which goes on with the next start. */
  close(): void {
    this.#open?.segment.close();
    this.#open = undefined;
  }

  #append(blocks: readonly EncodedBlock[]): void {
    if (this.#open === undefined) this.#resume();
    const open = this.#open;
    if (open === undefined) throw new RetryableError("storage_unavailable", "the log cannot be opened", 1000);
    const before = open.end;
    const unlistedBefore = open.segment.unlisted;
    open.end = open.segment.append(blocks, before);
    this.#checkFile(open);
    this.#counters.unlisted.add(open.segment.unlisted - unlistedBefore);
    for (const [i, { placed }] of blocks.entries()) {
      if (placed !== undefined) this.#recent?.publish(open.segment.id, before.block + 1 + i, placed);
    }
    this.#sequence = open.end.sequence;
    this.#spansThrough = open.end.spansThrough;
    const bytes = blocks.reduce((sum, b) => sum + b.body.bytes.length + b.index.length + b.bloom.length + 128, 0);
    const spans = open.end.spansThrough - before.spansThrough;
    open.spans += spans;
    open.bytes += bytes;
    open.walBytes += bytes;
    this.#counters.spans.add(spans);
    this.#counters.bytes.add(bytes);
  }

  /** After a failed write nothing is known of the connection's state: the next commit opens the segment again. */
  #abandon(error: unknown): void {
    this.#logger.error("writing to the log failed", { reason: messageOf(error) });
    const open = this.#open;
    if (open === undefined || this.#segments.inMemory(open.segment.id) !== undefined) return;
    this.#open = undefined;
    if (isDamage(error)) this.#suspect = open.segment.id;
    try {
      open.segment.db.close();
    } catch {
      // It is given up either way.
    }
  }

  /** What is committed to a file that no path leads to any more is not stored. Throws RetryableError. */
  #checkFile({ segment, identity }: OpenSegment): void {
    if (identity === undefined || isSameFile(segment.path, identity)) return;
    throw new RetryableError(
      "storage_unavailable",
      `${segment.path} was removed or replaced while it was in use; nothing of this request was stored`,
      RETRY_AFTER_MS,
    );
  }

  #resume(): void {
    const open = this.#segments.readable().filter((entry) => entry.state === "open");
    for (const entry of open.slice(0, -1)) this.#finish(entry.id);
    const newest = open.at(-1);
    if (newest?.id !== this.#suspect) this.#suspect = undefined;
    else if (newest !== undefined && this.#tryOpen(newest.id)) {
      // It can be read from end to end, and yet not be appended to.
      this.#closeOpen();
      this.#suspect = undefined;
      this.#start(this.#segments.create(this.#now(), this.#sequence, this.#spansThrough));
      return;
    }
    if (newest === undefined || this.#suspect !== undefined || !this.#tryOpen(newest.id)) {
      this.#suspect = undefined;
      this.#start(this.#segments.create(this.#now(), this.#sequence, this.#spansThrough));
    }
  }

  #tryOpen(id: SegmentId): boolean {
    if (this.#suspect === id) return this.#isSound(id, "an append met damage") && this.#openWhole(id);
    try {
      return this.#openWhole(id);
    } catch (error) {
      if (error instanceof UnknownSegmentError) checkFormat(error.path, error.format);
      if (error instanceof SqlError && error.kind === "cannot_open" && !this.#segments.exists(id)) {
        this.#segments.markDamaged(id, "the file is missing");
        return false;
      }
      if (!isDamage(error)) throw error;
      return this.#isSound(id, error.message) && this.#openWhole(id);
    }
  }

  #openWhole(id: SegmentId): boolean {
    const segment = this.#segments.open(id);
    try {
      checkLastRow(segment);
      this.#start(segment);
      return true;
    } catch (error) {
      segment.db.close();
      throw error;
    }
  }

  /**
   * Puts the segment aside where a second look finds the damage again. Throws RetryableError where it cannot be read.
   */
  #isSound(id: SegmentId, met: string): boolean {
    const proof = finished(this.#segments.prove(id));
    if (proof.type === "sound") return true;
    if (proof.type === "unreadable") {
      throw new RetryableError("storage_unavailable", `${met}; it cannot be read now: ${proof.reason}`, RETRY_AFTER_MS);
    }
    this.#segments.markDamaged(id, proof.reason);
    this.#segments.putAside(id);
    return false;
  }

  /** Takes a segment as the open one, going on after its last row. */
  #start(segment: Segment): void {
    const stored = segment.reader.end();
    const createdMs = this.#segments.entry(segment.id)?.createdMs ?? this.#now();
    const end = stored ?? {
      block: 0,
      sequence: this.#sequence,
      spansThrough: this.#spansThrough,
      receivedAtMs: createdMs,
    };
    const spansBefore = stored === undefined ? end.spansThrough : spansBeforeFirst(segment);
    const path = this.#segments.path(segment.id);
    this.#open = {
      segment,
      identity: path === undefined ? undefined : fileIdentity(path),
      openedAtMs: createdMs,
      spans: end.spansThrough - spansBefore,
      bytes: stored === undefined ? 0 : this.#segments.bytes(segment.id),
      walBytes: 0,
      end,
    };
    this.#sequence = end.sequence;
    this.#spansThrough = end.spansThrough;
  }

  #closeOpen(): void {
    const open = this.#open;
    if (open === undefined) return;
    const entry = this.#segments.entry(open.segment.id);
    if (entry === undefined) throw new Error(`segment ${open.segment.id} is not in the catalog`);
    const closed = closedEntry(entry, open.segment);
    this.#open = undefined;
    if (this.#segments.inMemory(entry.id) === undefined) open.segment.close();
    this.#segments.save({ ...closed, bytes: this.#segments.bytes(entry.id) });
  }

  /** Closes a segment that a crash left open although a newer one had begun. */
  #finish(id: SegmentId): void {
    if (!this.#tryOpen(id)) return;
    this.#closeOpen();
  }
}

function spansBeforeFirst(segment: Segment): number {
  const [first] = segment.reader.blocksAfter(0, 1);
  return first === undefined ? 0 : first.spansThrough - first.spans;
}

/** The newest row is what a crash or a cut file would hit first. Throws DamagedError. */
function checkLastRow(segment: Segment): void {
  const end = segment.reader.end();
  if (end === undefined) return;
  segment.reader.blocksAfter(end.block - 1, 1);
  segment.reader.body(end.block);
}
