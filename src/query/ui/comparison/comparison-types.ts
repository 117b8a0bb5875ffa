import type { UiKind } from "../api-types.ts";

/**
 * `GET /api/ui/traces/{a}/compare/{b}`: how trace b differs from trace a. Times are ns. Changes are those of b less
 * those of a.
 */
export interface UiComparison {
  readonly a: UiComparedTrace;
  readonly b: UiComparedTrace;
  /** False where the requests are different ones: then the comparison says little. */
  readonly sameOperation: boolean;
  /** What is to say before any difference. */
  readonly sentences: readonly string[];
  /** By the time on the critical path that they added or saved, then what failed in one trace only; up to 200. */
  readonly differences: readonly UiDifference[];
  /** Those beyond. */
  readonly moreDifferences: number;
  /**
   * Both traces as one tree, in pre-order; of a large one those of the differences and what is above them come first,
   * up to 2,000.
   */
  readonly places: readonly UiPlaceInBoth[];
  readonly morePlaces: number;
}

export interface UiComparedTrace {
  readonly traceId: string;
  /** Earliest start, ns since the epoch; 0 where no start can be believed. */
  readonly startTimeUnixNano: string;
  readonly spanCount: number;
  readonly errorCount: number;
  /** Spans whose parent is not stored. */
  readonly orphanCount: number;
  /** From the earliest start to the latest end, as lists have it; absent where it is unknown. */
  readonly traceDurationNano?: number;
  /** Absent where it has not arrived. */
  readonly root?: {
    readonly service: string;
    readonly name: string;
    readonly spanId: string;
    readonly durationNano: number;
    readonly failed: boolean;
  };
}

export interface UiDifference {
  /** Position among the places. */
  readonly place: number;
  /** `1.9 s against 2 ms (+1.9 s) · 40 calls instead of 3` */
  readonly text: string;
  readonly nano: number;
  readonly selfNano: number;
  /** On the critical path: those of all places sum up to what the roots differ by. */
  readonly pathNano: number;
  readonly failed: number;
  /** Only this trace calls it there. */
  readonly only?: "a" | "b";
}

/** An operation below the same operations. */
export interface UiPlaceInBoth {
  readonly service: string;
  readonly name: string;
  readonly kind: UiKind;
  /** Position of the nearest place above it that is here; -1 for what stands on top. */
  readonly parent: number;
  readonly depth: number;
  readonly a?: UiPlaceFigures;
  readonly b?: UiPlaceFigures;
}

export interface UiPlaceFigures {
  readonly calls: number;
  readonly failed: number;
  readonly nano: number;
  readonly selfNano: number;
  readonly pathNano: number;
  /** The longest of them. */
  readonly spanId: string;
}

/** `GET /api/ui/traces/{id}/typical`: a request of the same operation that took as long as most do. */
export interface UiTypical {
  readonly typical?: {
    readonly traceId: string;
    readonly durationNano: number;
    /** How long half of them take at most, of so many. */
    readonly medianNano: number;
    readonly samples: number;
  };
  /** Why there is none. */
  readonly reason?: string;
}
