/**
 * `GET /api/ui/external-calls?start&end`, times in ms since the epoch: calls to what sends no spans of its own, as the
 * callers' spans name it, and what consumers take from queues. Each span counts as one, whatever its sampling.
 */
export interface UiExternalCalls {
  /** Later than asked for where that was longer ago than can be counted. */
  readonly startMs: number;
  readonly endMs: number;
  /** The busiest, by calls; at most MAX_EXTERNAL. */
  readonly nodes: readonly UiExternalNode[];
  /** Further ones that are left out. */
  readonly left: number;
  readonly links: readonly UiExternalLink[];
  /** False where numbers may be too small or calls missing: time or memory ended it, or a part could not be read. */
  readonly complete: boolean;
  readonly reason?: string;
}

export type UiExternalKind = "database" | "queue" | "external";

export interface UiExternalNode {
  /** What it is called beside services: none of them has this name. */
  readonly id: string;
  readonly kind: UiExternalKind;
  /** The system, such as `postgresql`, or the name or address of something else. */
  readonly name: string;
  /** Where a database or queue is, as its callers say it. */
  readonly address?: string;
  /** TraceQL of the spans that call it, to stand between braces. */
  readonly condition: string;
}

/** One end is a service, the other one a node. */
export interface UiExternalLink {
  readonly parent: string;
  readonly child: string;
  readonly callCount: number;
  readonly errorCount: number;
}

/**
 * `GET /api/ui/call-series?start&end&q&parent&child`, times in ms since the epoch: calls over time. Point i begins at
 * startMs + i stepMs. Of hours and longer steps a call counts as many as it stands for, else as one.
 */
export interface UiCallSeries {
  readonly startMs: number;
  readonly stepMs: number;
  readonly calls: readonly number[];
  /** Those of the calls that failed. */
  readonly errors: readonly number[];
  /** Within 2.2 %; null where there was no call. */
  readonly p99Nano: readonly (number | null)[];
  /** False where numbers may be too small or calls missing. */
  readonly complete: boolean;
  readonly reason?: string;
}
