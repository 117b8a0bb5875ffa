import type { SegmentId, SegmentPosition } from "../../model/log.ts";
/** A segment to be rewritten, as the owner of the catalog gives it out. Plain: it travels between threads. */
export interface SealTask {
  /** The segment to read. */
  readonly source: number;
  /** The segment to be made; the id is reserved for it. */
  readonly id: SegmentId;
  readonly position: SegmentPosition;
  /** The source is sealed already and is rewritten only if deleted spans are in it. */
  readonly sealed: boolean;
  /** Greatest id of the tombstones to be applied. */
  readonly tombstones: number;
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly spansBefore: number;
  readonly spansThrough: number;
  readonly minReceivedMs: number;
}

export type SealOutcome =
  /** The file is on the disk under its name. */
  | { readonly type: "sealed"; readonly rows: number; readonly spans: number; readonly bytes: number }
  /** No deleted span is in it; it can stay. */
  | { readonly type: "unchanged" }
  /** All of its spans are deleted: there is no file. */
  | { readonly type: "empty" }
  /** It went while it was read, or the work was interrupted: there is no file. */
  | { readonly type: "abandoned"; readonly reason: string };
