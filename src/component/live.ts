import { setTimeout as sleep } from "node:timers/promises";
import type { SpanFilter, TraceSummary } from "../model/trace-query.ts";

/**
 * Following the log: which traces grow, from a place in it on. A follower asks again and again (`TraceReader.live`, or
 * `followLive`, which waits in between), each time with the cursor that it was given. So nothing is kept of it:
 *
 * - What it has not asked for lies in the log, and in no queue. One that is slow falls behind, and where it is further
 *   behind than a bound the oldest is skipped and counted.
 * - One that comes back after its connection broke goes on at its cursor, and so does one whose collector was
 *   restarted.
 * - A trace is told of whenever spans of it were stored, whether it is new, began long before, or has a sender whose
 *   clock is wrong: only the order of the log counts.
 */
export interface LiveRequest {
  /** A trace is told of where one of its spans satisfies this, whichever of them have just come. */
  readonly filter: SpanFilter;
  /** A cursor of an earlier step; absent: from what is stored now on. */
  readonly after?: string;
}

/** What has come since a cursor, up to a bound. */
export interface LiveStep {
  /** Everything up to here was looked at or skipped: `after` of the next request. One word, without a meaning. */
  readonly cursor: string;
  /** In the order in which the first of their new spans was stored. */
  readonly traces: readonly GrownTrace[];
  /** Spans that were passed over, because the follower was too far behind. */
  readonly skippedSpans: number;
  /** There is more already: what was asked for was too much for one step. */
  readonly more: boolean;
}

export interface GrownTrace {
  /** The whole trace as it is now. */
  readonly trace: TraceSummary;
  /** How many of its spans have come in this step; where these are all, it is new. */
  readonly newSpans: number;
}

export interface FollowSettings {
  /** How soon after a step the next one looks, ms. */
  readonly everyMs: number;
  /** A step without news is given after this, so that whoever waits sees that it does, ms. */
  readonly heartbeatMs: number;
}

export const DEFAULT_FOLLOW: FollowSettings = { everyMs: 100, heartbeatMs: 5_000 };

/**
 * The steps from `after` on, each asked for only when the one before was taken: a follower that does not read holds
 * nothing. The first comes at once, so that what is stored after it is certain to be told of; then those with news, and
 * one without now and then. A step that takes long is followed by a pause as long. Ends when the signal aborts; throws
 * what `step` throws.
 */
export async function* followLive<Step extends Pick<LiveStep, "cursor" | "more" | "skippedSpans"> & LiveNews>(
  step: (after: string | undefined) => Promise<Step>,
  after: string | undefined,
  signal: AbortSignal,
  { everyMs, heartbeatMs }: FollowSettings = DEFAULT_FOLLOW,
): AsyncGenerator<Step> {
  let cursor = after;
  let saidAtMs = Number.NEGATIVE_INFINITY;
  while (!signal.aborted) {
    const startedMs = performance.now();
    let next: Step;
    try {
      next = await step(cursor);
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    if (signal.aborted) return;
    const tookMs = performance.now() - startedMs;
    cursor = next.cursor;
    const isNews = next.traces.length > 0 || next.skippedSpans > 0;
    if (isNews || performance.now() - saidAtMs >= heartbeatMs) {
      yield next;
      saidAtMs = performance.now();
    }
    await sleep(next.more ? tookMs : Math.max(everyMs, tookMs), undefined, { signal }).catch(() => {});
  }
}

interface LiveNews {
  readonly traces: readonly unknown[];
}
