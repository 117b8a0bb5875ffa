import type { Logger } from "../../component/logger.ts";
import type { Counter, Metrics } from "../../component/metrics.ts";
import type { SegmentId } from "../../model/log.ts";
import { type Cursor, compareCursors } from "../../model/log.ts";
import type { CatalogEntry } from "./catalog.ts";
import type { SealOutcome, SealTask } from "./seal-task.ts";
import { CLOCK_SLACK_MS, newestReceived } from "./segment-ages.ts";
import type { SegmentSet } from "./segment-set.ts";

export interface SealingSettings {
  readonly enabled: boolean;
  /** A segment is sealed when its newest span was received so long ago, ms. */
  readonly minAgeMs: number;
}

export interface SealDeskOptions {
  readonly segments: SegmentSet;
  readonly settings: SealingSettings;
  /** Resolves when no reader has the segments open, and reads under way have ended. */
  readonly release: (ids: readonly SegmentId[]) => Promise<void>;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** A segment that could not be sealed is tried again after this, ms. */
const RETRY_MS = 60_000;

/**
 * The part of sealing that belongs to the owner of the catalog: gives segments out to be sealed, and puts what was made
 * in their place. The work itself is done elsewhere (seal-segment.ts).
 */
export class SealDesk {
  readonly #options: SealDeskOptions;
  readonly #spans: Counter;
  readonly #failedAtMs = new Map<number, number>();
  #under: SealTask | undefined;

  constructor(options: SealDeskOptions) {
    this.#options = options;
    this.#spans = options.metrics.counter("spanloom_storage_sealed_spans_total", "Spans rewritten by sealing.");
  }

  /**
   * The oldest closed segment that is due: old enough, or with deleted spans in it, and behind `floor`, what every
   * cursor has passed. `now` says that age does not matter. Undefined when none is; one that was given out before and
   * not finished is taken back. Throws SqlError.
   */
  next(floor: Cursor, nowMs: number, atOnce = false): SealTask | undefined {
    const { segments, settings } = this.#options;
    const lastTombstone = segments.tombstones().at(-1)?.id ?? 0;
    const entries = segments.readable();
    const newest = newestReceived(entries, nowMs);
    for (const entry of entries) {
      if (entry.state !== "closed" || entry.rows === 0) continue;
      if (compareCursors({ segment: entry.position, block: entry.rows }, floor) > 0) break;
      const failed = this.#failedAtMs.get(entry.id);
      if (failed !== undefined && Math.abs(nowMs - failed) < RETRY_MS) continue;
      const age = nowMs - (newest.get(entry.id) ?? nowMs);
      // A time to come is that of a wrong clock: there is nothing to wait for.
      const old = atOnce || (settings.enabled && (age >= settings.minAgeMs || age < -CLOCK_SLACK_MS));
      const unsealed = entry.sealed === 0 && old;
      const deleted = entry.tombstones < lastTombstone && (settings.enabled || atOnce);
      if (!unsealed && !deleted) continue;
      this.#under = taskOf(entry, segments.reserve(), lastTombstone);
      return this.#under;
    }
    return undefined;
  }

  /** Puts the outcome of a task into effect; resolves when the old file is gone. Throws SqlError. */
  async finish(task: SealTask, outcome: SealOutcome, nowMs: number): Promise<void> {
    const { segments, release, logger } = this.#options;
    const source = segments.entry(task.source);
    if (this.#under?.id !== task.id || source?.state !== "closed") {
      // Retention or damage was faster.
      segments.discard(task.id);
      return;
    }
    this.#under = undefined;
    switch (outcome.type) {
      case "sealed": {
        const { rows, spans, bytes } = outcome;
        const { id, tombstones } = task;
        segments.replace({ ...source, id, rows, spans, bytes, tombstones, sealed: 1 }, source);
        this.#spans.add(spans);
        logger.debug("a segment was sealed", { segment: id, spans, bytes, before: source.bytes });
        await this.#remove(task.source, release);
        break;
      }
      case "unchanged":
        segments.save({ ...source, tombstones: task.tombstones });
        break;
      case "empty":
        segments.markRemoving([task.source]);
        await this.#remove(task.source, release);
        break;
      case "abandoned":
        segments.discard(task.id);
        this.#failedAtMs.set(task.source, nowMs);
        logger.warn("a segment could not be sealed", { segment: task.source, reason: outcome.reason });
        return;
    }
    this.#failedAtMs.delete(task.source);
    segments.dropTombstones();
  }

  async #remove(id: SegmentId, release: (ids: readonly SegmentId[]) => Promise<void>): Promise<void> {
    await release([id]);
    this.#options.segments.remove([id]);
  }
}

function taskOf(entry: CatalogEntry, id: SegmentId, tombstones: number): SealTask {
  return {
    source: entry.id,
    id,
    position: entry.position,
    sealed: entry.sealed === 1,
    tombstones,
    firstSequence: Math.max(1, entry.lastSequence - entry.rows + 1),
    lastSequence: entry.lastSequence,
    spansBefore: Math.max(0, entry.spansThrough - entry.spans),
    spansThrough: entry.spansThrough,
    minReceivedMs: entry.minReceivedMs ?? entry.createdMs,
  };
}
