/** What the first line of a run's file says it is. */
export const RUN_FORMAT = "spanloom-run";
/** Raised where a file cannot be read as before. */
export const RUN_VERSION = 1;

/** The first line of a run's file. */
export interface RunFileHead {
  readonly format: typeof RUN_FORMAT;
  readonly version: number;
  readonly label: string;
  /** Of the earliest span, ns since the epoch, decimal. */
  readonly startUnixNano: string;
  readonly traces: number;
  readonly spans: number;
  /** Spans whose parent is not there. */
  readonly orphans: number;
  /** Spans on paths that are too long or too many to be kept. */
  readonly leftOut: number;
  /** Names that paths refer to by position. */
  readonly services: readonly string[];
  /** Lines that follow. */
  readonly paths: number;
}
