import { statSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Host } from "../../component/component.ts";
import { type ErrorRecord, PermanentError, RetryableError, toErrorRecord } from "../../component/errors.ts";
import { makeFolder, PRIVATE_FOLDER } from "../../component/files/make-folder.ts";
import type { AppendResult, IncomingBatch, IngestPipeline, PreparedBatch } from "../../component/ingest.ts";
import type { Logger } from "../../component/logger.ts";
import type { MetricSample } from "../../component/metrics.ts";
import { stackOf } from "../../component/reasons.ts";
import type { StoreSettings } from "../../component/store.ts";
import type { Cursor, SegmentId } from "../../model/log.ts";
import { messageOf } from "../../model/message-of.ts";
import type { RecentBodies } from "../block/recent-bodies.ts";
import { type FolderLock, lockFolder } from "../folder/folder-lock.ts";
import { FolderWatch } from "../folder/folder-watch.ts";
import { FreeSpace } from "../folder/free-space.ts";
import { CONSUMERS_FILE } from "../folder/layout.ts";
import { databaseBytes } from "../folder/segment-files.ts";
import type { SqlDriver } from "../sqlite/driver.ts";
import { openError } from "../sqlite/storage-errors.ts";
import { LargeBatches } from "./large-batches.ts";
import { LogWriter } from "./log-writer.ts";
import { limitsUnderRetention, Retention } from "./retention.ts";
import { SealDesk } from "./seal-desk.ts";
import type { SealOutcome, SealTask } from "./seal-task.ts";
import type { SegmentProof } from "./segment-proof.ts";
import { SegmentSet } from "./segment-set.ts";

/** Of a batch in its group. */
export type GroupOutcome =
  | AppendOutcome
  /** It is being prepared in pieces: `IngestCore.later` of the key tells what becomes of it. */
  | { readonly type: "later"; readonly key: number };

export type AppendOutcome =
  | { readonly type: "stored"; readonly result: AppendResult }
  | { readonly type: "failed"; readonly error: ErrorRecord };

/** The part of the settings that survives a trip to another thread. */
export type LogSettings = Pick<
  StoreSettings,
  "sealing" | "minFreeBytes" | "strictTraceId" | "kind" | "path" | "driver" | "synchronous" | "segment" | "retention"
>;

export interface IngestCoreOptions {
  readonly settings: LogSettings;
  readonly driver: SqlDriver;
  readonly pipeline: IngestPipeline;
  readonly host: Host;
  /** Resolves when no reader has the segments open; `gently` lets reads under way end before. */
  readonly release: (ids: readonly SegmentId[], gently?: boolean) => Promise<void>;
  /** Bytes free on the disk of a folder; for tests. */
  readonly freeBytes?: (folder: string) => number;
  readonly now?: () => number;
  /** Where readers in other threads find the newest bodies. */
  readonly recent?: RecentBodies;
  /** Told why spans are refused now, and undefined when they are taken again. */
  readonly onTrouble?: (reason: string | undefined) => void;
}

/** What the owner of the catalog does for maintenance that runs elsewhere. Plain: it travels between threads. */
export type MaintenanceJob =
  /** A segment to seal; `atOnce` whatever its age. Answered with a SealTask or undefined. */
  | { readonly type: "next_seal"; readonly floor: Cursor; readonly atOnce: boolean }
  | { readonly type: "finish_seal"; readonly task: SealTask; readonly outcome: SealOutcome }
  | { readonly type: "delete_traces"; readonly traceIds: readonly Uint8Array[] }
  | { readonly type: "delete_all" }
  /** Closes the open segment, unless it is empty, and begins the next. */
  | { readonly type: "roll" };

/** A group that has taken this long is committed, and the rest of its batches follow one by one, ms. */
const GROUP_MS = 200;

/** How often idle work (checkpoint, rolling by age, retention) is looked at, ms. */
const HOUSEKEEPING_MS = 1_000;
const SWEEP_EVERY_MS = 5_000;
/** A clock that gains so much between two looks was set, or the machine slept, ms. */
const LEAP_MS = 3_600_000;
const DISTRUST_MS = 15 * 60_000;
/** A segment that was found sound is not looked at again for as long, whatever readers meet in it, ms. */
const PROVED_MS = 30_000;

/** The writing side of the store in whichever thread it runs: lock, segments, pipeline, retention. */
export class IngestCore {
  readonly #options: IngestCoreOptions;
  readonly #lock: FolderLock | undefined;
  readonly #segments: SegmentSet;
  readonly #writer: LogWriter;
  readonly #retention: Retention;
  readonly #timer: NodeJS.Timeout;
  readonly #now: () => number;
  readonly #desk: SealDesk;
  readonly #space: FreeSpace;
  readonly #large: LargeBatches;
  readonly #watch: FolderWatch | undefined;
  /** Why the last commit failed; undefined where it did not. */
  #failure: string | undefined;
  #told: string | undefined;
  /** Segments that are looked at now or were found sound a while ago: when that was, by performance.now(). */
  readonly #proved = new Map<SegmentId, number>();
  #pipeline: IngestPipeline;
  #appendsSinceTick = 0;
  #sweptAtMs = 0;
  /** Wall clock, and one that only goes forward, at the last look. */
  #ticked: { readonly nowMs: number; readonly steadyMs: number };
  #distrustedUntilMs = 0;
  #closed = false;

  /** Throws PermanentError: data_folder_in_use, data_folder_unusable, data_format_unknown. */
  constructor(options: IngestCoreOptions) {
    const { settings, driver, host } = options;
    this.#options = options;
    this.#pipeline = options.pipeline;
    this.#now = options.now ?? Date.now;
    this.#ticked = { nowMs: this.#now(), steadyMs: performance.now() };
    const folder = settings.kind === "sqlite" ? settings.path : undefined;
    const opened: { close(): void }[] = [];
    try {
      if (folder !== undefined) {
        makeFolder(folder, PRIVATE_FOLDER);
        sayIfShared(folder, host.logger);
        const lock = lockFolder(driver, folder);
        opened.push({ close: () => lock.release() });
        this.#lock = lock;
      }
      this.#segments = new SegmentSet({ driver, folder, synchronous: settings.synchronous, logger: host.logger });
      opened.push(this.#segments);
      this.#writer = new LogWriter({
        segments: this.#segments,
        limits: limitsUnderRetention(settings.segment, settings.retention),
        logger: host.logger,
        metrics: host.metrics,
        now: this.#now,
        ...(options.recent === undefined ? {} : { recent: options.recent }),
      });
    } catch (error) {
      for (const part of opened.reverse()) part.close();
      throw folder === undefined ? error : openError(folder, error);
    }
    this.#retention = new Retention({
      segments: this.#segments,
      limits: settings.retention,
      otherBytes: () => (folder === undefined ? 0 : databaseBytes(join(folder, CONSUMERS_FILE))),
      release: options.release,
      host,
    });
    this.#desk = new SealDesk({
      segments: this.#segments,
      settings: settings.sealing ?? { enabled: false, minAgeMs: 0 },
      release: (ids) => options.release(ids, true),
      logger: host.logger,
      metrics: host.metrics,
    });
    this.#space = new FreeSpace({
      folder,
      minFreeBytes: settings.minFreeBytes ?? 0,
      logger: host.logger,
      ...(options.freeBytes === undefined ? {} : { freeBytes: options.freeBytes }),
    });
    this.#large = new LargeBatches((piece, batch) => this.#storePiece(piece, batch), host.logger);
    this.#watch = folder === undefined ? undefined : new FolderWatch(folder, host.logger);
    host.metrics.onSnapshot(() => this.#samples());
    if (this.#writer.openSegment === undefined)
      this.#setFailure("the log could not be opened for writing at the start");
    this.#timer = setInterval(() => this.housekeep(), HOUSEKEEPING_MS).unref();
  }

  /** Sequence of the last committed row. */
  get sequence(): number {
    return this.#writer.sequence;
  }

  get segments(): SegmentSet {
    return this.#segments;
  }

  /**
   * Prepares and commits a group of batches in one transaction. A batch that cannot be read fails alone; when the
   * commit fails, all that reached it fail. A batch that would make the others wait is only begun. Outcomes are in the
   * order of the batches. Call `settle` after answering.
   */
  append(batches: readonly IncomingBatch[]): readonly GroupOutcome[] {
    this.#appendsSinceTick++;
    this.#space.expect(batches.reduce((bytes, batch) => bytes + batch.bytes.length, 0));
    const refusal = this.#watch?.refusal ?? this.#space.refusal;
    if (refusal !== undefined) return batches.map(() => ({ type: "failed", error: toErrorRecord(refusal) }));
    const started = performance.now();
    const outcomes = batches.map((batch) => this.#prepare(batch, performance.now() - started < GROUP_MS));
    try {
      this.#commit();
      return outcomes;
    } catch (error) {
      const failed: AppendOutcome = { type: "failed", error: toErrorRecord(error) };
      return outcomes.map((outcome) => (outcome.type === "stored" ? failed : outcome));
    }
  }

  /** What became of a batch that `append` had only begun. Never rejects. */
  later(key: number): Promise<AppendOutcome> {
    return this.#large.outcome(key);
  }

  /** Prepares the batches of later groups. */
  setPipeline(pipeline: IngestPipeline): void {
    this.#pipeline = pipeline;
  }

  /** Work that nobody waits for, after a group was answered. */
  settle(): void {
    if (this.#watch?.refusal === undefined) this.#writer.settle(false);
  }

  /** Runs on a timer: checkpoint when idle, roll by age, retention. */
  housekeep(): void {
    if (this.#closed) return;
    this.#watch?.look();
    const now = this.#now();
    this.#space.look();
    this.#tellTrouble();
    // Another folder is nobody's to write to, or to remove from.
    if (this.#watch?.refusal !== undefined) return;
    this.#writer.settle(this.#appendsSinceTick === 0);
    // Nobody may send while nothing is taken: that it is over is found out without them.
    if (this.#failure !== undefined && this.#appendsSinceTick === 0 && this.#writer.canOpen()) {
      this.#setFailure(undefined);
    }
    this.#appendsSinceTick = 0;
    if (this.#space.missingBytes > 0) void this.#retention.free(this.#space.missingBytes);
    if (this.#leapt(now) || Math.abs(now - this.#sweptAtMs) < SWEEP_EVERY_MS) return;
    this.#sweptAtMs = now;
    void this.#retention.sweep(now);
  }

  /**
   * True for a while after the clock leapt forward: what is too old by it alone is not removed before somebody had the
   * time to set it right.
   */
  #leapt(nowMs: number): boolean {
    const steadyMs = performance.now();
    const before = this.#ticked;
    this.#ticked = { nowMs, steadyMs };
    if (nowMs - before.nowMs - (steadyMs - before.steadyMs) > LEAP_MS) {
      this.#distrustedUntilMs = steadyMs + DISTRUST_MS;
      this.#options.host.logger.warn("the clock leapt forward; spans are not removed by age for a while", {
        minutes: Math.round((nowMs - before.nowMs) / 60_000),
      });
    }
    return steadyMs < this.#distrustedUntilMs;
  }

  /** One pass of retention; resolves when the files are gone. */
  sweep(): Promise<void> {
    return this.#retention.sweep(this.#now());
  }

  /** Rejects with PermanentError, RetryableError and SqlError. */
  async maintain(job: MaintenanceJob): Promise<unknown> {
    if (this.#closed) throw new RetryableError("storage_unavailable", "the store is closing", 1000);
    if (this.#watch?.refusal !== undefined) throw this.#watch.refusal;
    switch (job.type) {
      case "next_seal":
        return this.#desk.next(job.floor, this.#now(), job.atOnce);
      case "finish_seal":
        return this.#desk.finish(job.task, job.outcome, this.#now());
      case "delete_traces":
        return this.#segments.addTombstones(job.traceIds, this.#writer.sequence, this.#now());
      case "delete_all": {
        this.#writer.roll();
        return this.#retention.removeAll();
      }
      case "roll":
        return this.#writer.roll();
    }
  }

  /**
   * Puts aside a segment in which a reader met damage, once a second look at the whole of it meets damage too: what a
   * failing disk gave is no reason. Never rejects: what fails is logged, and met again.
   */
  async quarantine(id: SegmentId, met: string): Promise<void> {
    const last = this.#proved.get(id);
    if (last !== undefined && performance.now() - last < PROVED_MS) return;
    this.#proved.set(id, performance.now());
    try {
      const proof = await this.#prove(id);
      if (proof?.type === "sound") {
        this.#options.host.logger.warn("damage was met in a segment that is as it was written: the disk is failing", {
          segment: id,
          reason: met,
        });
      } else this.#proved.delete(id);
      if (proof?.type !== "damaged") return;
      this.#segments.markDamaged(id, proof.reason);
      this.#writer.abandonSegment(id);
      await this.#options.release([id]);
      if (!this.#closed) this.#segments.putAside(id);
    } catch (error) {
      this.#options.host.logger.error("a damaged segment could not be put aside", {
        segment: id,
        reason: messageOf(error),
      });
    }
  }

  /** Empties the WAL, closes everything and gives the folder back. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#large.close();
    clearInterval(this.#timer);
    this.#writer.close();
    this.#segments.close();
    this.#lock?.release();
  }

  /** Undefined where it is gone by now. */
  async #prove(id: SegmentId): Promise<SegmentProof | undefined> {
    const isThere = () => {
      const state = this.#closed || this.#watch?.refusal !== undefined ? undefined : this.#segments.entry(id)?.state;
      return state === "open" || state === "closed";
    };
    if (!isThere()) return undefined;
    const steps = this.#segments.prove(id);
    for (;;) {
      const step = steps.next();
      if (step.done === true) return isThere() ? step.value : undefined;
      await nextTurn();
      if (isThere()) continue;
      steps.return({ type: "sound" });
      return undefined;
    }
  }

  /** Remembers whether it went well: `/readyz` says so. */
  #commit(): void {
    try {
      this.#writer.commit();
    } catch (error) {
      this.#setFailure(messageOf(error));
      throw error;
    }
    if (this.#failure !== undefined) this.#setFailure(undefined);
  }

  #setFailure(reason: string | undefined): void {
    this.#failure = reason;
    if (reason !== undefined) this.#watch?.look();
    this.#tellTrouble();
  }

  #tellTrouble(): void {
    const reason = (this.#watch?.refusal ?? this.#space.refusal)?.message ?? this.#failure;
    if (reason === this.#told) return;
    this.#told = reason;
    this.#options.onTrouble?.(reason);
  }

  #prepare(batch: IncomingBatch, inTime: boolean): GroupOutcome {
    try {
      const atOnce = inTime || this.#pipeline.pieces === undefined;
      const prepared = atOnce ? this.#pipeline.prepare(batch) : undefined;
      if (prepared === undefined) return { type: "later", key: this.#large.take(batch, this.#pipeline) };
      this.#writer.add(prepared, batch.receivedAtMs);
      return { type: "stored", result: prepared.result };
    } catch (error) {
      if (!(error instanceof PermanentError || error instanceof RetryableError)) {
        this.#options.host.logger.error("a batch could not be prepared for the log", {
          source: batch.source,
          reason: stackOf(error),
        });
      }
      return { type: "failed", error: toErrorRecord(error) };
    }
  }

  /** @throws RetryableError */
  #storePiece(piece: PreparedBatch, batch: IncomingBatch): void {
    this.#appendsSinceTick++;
    this.#space.expect(piece.body.length);
    const refusal = this.#watch?.refusal ?? this.#space.refusal;
    if (refusal !== undefined) throw refusal;
    this.#writer.add(piece, batch.receivedAtMs);
    this.#commit();
    this.#writer.settle(false);
  }

  #samples(): MetricSample[] {
    if (this.#closed) return [];
    const readable = this.#segments.readable();
    const open = this.#writer.openSegment;
    let bytes = 0;
    for (const entry of readable) bytes += entry.id === open ? this.#segments.bytes(entry.id) : entry.bytes;
    return [
      gauge("spanloom_storage_segments", "Segments of the log.", readable.length),
      gauge("spanloom_storage_disk_bytes", "Size of all segments with their write-ahead logs.", bytes),
      gauge(
        "spanloom_storage_quarantined_segments",
        "Damaged files put aside since the start.",
        this.#segments.quarantined,
      ),
    ];
  }
}

/** A folder of an older version, or one that somebody else made, stays as it is. */
function sayIfShared(folder: string, logger: Logger): void {
  const mode = statSync(folder).mode & 0o777;
  // Windows has other rights, and shows them as all or none.
  if ((mode & 0o077) === 0 || process.platform === "win32") return;
  logger.info("other users of this machine can look into the data folder: chmod 700 makes it its owner's alone", {
    folder,
    mode: mode.toString(8),
  });
}

function gauge(name: string, help: string, value: number): MetricSample {
  return { name, type: "gauge", help, labels: {}, value };
}
