import type { Host } from "../../component/component.ts";
import type { Counter } from "../../component/metrics.ts";
import { reported } from "../../component/own-work.ts";
import type { SegmentId } from "../../model/log.ts";
import { messageOf } from "../../model/message-of.ts";
import type { CatalogEntry } from "./catalog.ts";
import type { SegmentLimits } from "./log-writer.ts";
import { newestReceived } from "./segment-ages.ts";
import type { SegmentSet } from "./segment-set.ts";

export interface RetentionLimits {
  /** By receive time, ms; undefined keeps for ever. */
  readonly maxAgeMs: number | undefined;
  /** Of all segment files and what is stored beside them, bytes. */
  readonly maxBytes: number | undefined;
}

export interface RetentionOptions {
  readonly segments: SegmentSet;
  readonly limits: RetentionLimits;
  /** What is stored beside the segments now. */
  readonly otherBytes: () => number;
  /** Resolves when no reader has the segments open. */
  readonly release: (ids: readonly SegmentId[]) => Promise<void>;
  readonly host: Pick<Host, "logger" | "metrics" | "reportWork">;
}

/** Removes whole closed segments, oldest first, when they are too old or all together too large. */
export class Retention {
  readonly #options: RetentionOptions;
  readonly #removed: Counter;
  #running: Promise<void> | undefined;

  constructor(options: RetentionOptions) {
    this.#options = options;
    this.#removed = options.host.metrics.counter("spanloom_storage_removed_spans_total", "Spans removed by retention.");
  }

  /**
   * One pass; while one is under way the same promise. Never rejects: what fails is logged and tried again next time.
   */
  sweep(nowMs: number): Promise<void> {
    const { segments, limits, otherBytes } = this.#options;
    return this.#exclusively(() => {
      // Bounded by themselves: spans are not to go because of what could not be made smaller.
      const others = Math.min(otherBytes(), (limits.maxBytes ?? 0) / 2);
      const left = limits.maxBytes === undefined ? limits : { ...limits, maxBytes: limits.maxBytes - others };
      return expired(segments.readable(), left, nowMs, (id) => segments.bytes(id));
    });
  }

  /** Removes the oldest closed segments of so many bytes together, because the disk is nearly full. */
  free(bytes: number): Promise<void> {
    return this.#exclusively(() => {
      let freed = 0;
      return this.#options.segments.readable().filter(({ state, bytes: size }) => {
        if (state !== "closed" || freed >= bytes) return false;
        freed += size;
        return true;
      });
    });
  }

  /** Removes every closed segment. */
  async removeAll(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
    await this.#exclusively(() => this.#options.segments.readable().filter(({ state }) => state === "closed"));
  }

  #exclusively(choose: () => readonly CatalogEntry[]): Promise<void> {
    this.#running ??= this.#remove(choose).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #remove(choose: () => readonly CatalogEntry[]): Promise<void> {
    const { logger, reportWork } = this.#options.host;
    try {
      await reported(
        reportWork,
        { name: "remove segments", kind: "internal", details: {} },
        () => this.#removeNow(choose()),
        ({ segments, spans }) =>
          segments === 0 ? undefined : { details: { "spanloom.segments": segments, "spanloom.spans": spans } },
      );
    } catch (error) {
      logger.error("retention failed", { reason: messageOf(error) });
    }
  }

  async #removeNow(victims: readonly CatalogEntry[]): Promise<{ segments: number; spans: number }> {
    const { segments, release, host } = this.#options;
    if (victims.length === 0) return { segments: 0, spans: 0 };
    const ids = victims.map((entry) => entry.id);
    segments.markRemoving(ids);
    await release(ids);
    segments.remove(ids);
    segments.dropTombstones();
    const spans = victims.reduce((sum, entry) => sum + entry.spans, 0);
    this.#removed.add(spans);
    host.logger.info("retention removed segments", { segments: ids.join(","), spans });
    return { segments: ids.length, spans };
  }
}

/**
 * The closed segments to remove, oldest first. `openBytes` measures the open one, whose entry does not know.
 */
export function expired(
  entries: readonly CatalogEntry[],
  limits: RetentionLimits,
  nowMs: number,
  openBytes: (id: SegmentId) => number,
): CatalogEntry[] {
  let total = 0;
  for (const entry of entries) total += entry.state === "open" ? openBytes(entry.id) : entry.bytes;
  const newest = newestReceived(entries, nowMs);
  const victims: CatalogEntry[] = [];
  for (const entry of entries) {
    if (entry.state !== "closed") continue;
    const tooOld = limits.maxAgeMs !== undefined && (newest.get(entry.id) ?? nowMs) < nowMs - limits.maxAgeMs;
    const tooMuch = limits.maxBytes !== undefined && total > limits.maxBytes;
    if (!tooOld && !tooMuch) continue;
    victims.push(entry);
    total -= entry.bytes;
  }
  return victims;
}

/**
 * Segment limits that let retention work in steps: whole segments go, so each must be a small part of what may stay.
 */
export function limitsUnderRetention(limits: SegmentLimits, retention: RetentionLimits): SegmentLimits {
  return {
    maxSpans: limits.maxSpans,
    maxBytes: Math.min(limits.maxBytes, (retention.maxBytes ?? Number.POSITIVE_INFINITY) / 8),
    maxAgeMs: Math.min(limits.maxAgeMs, (retention.maxAgeMs ?? Number.POSITIVE_INFINITY) / 8),
  };
}
