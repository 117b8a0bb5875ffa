import type { Transferable } from "node:worker_threads";
import type { AppendResult, IncomingBatch } from "../../component/ingest.ts";
import type { GroupOutcome } from "../log/ingest-core.ts";

/**
 * A group of batches on its way to another thread. Handing over a buffer costs as much as copying some kilobytes, so
 * small bodies travel together in one.
 */
export interface PackedGroup {
  /** Without the bytes of those that travel in `joined`. */
  readonly batches: readonly PackedBatch[];
  /** Bodies of the batches that have none of their own, one after the other. */
  readonly joined: Uint8Array<ArrayBuffer>;
}

type PackedBatch = Omit<IncomingBatch, "bytes"> & {
  readonly bytes: Uint8Array<ArrayBuffer> | undefined;
  readonly length: number;
};

/** Outcomes as they come back: where every batch was stored and no sender is told anything, the counts alone. */
export type PackedOutcomes = readonly GroupOutcome[] | Uint32Array<ArrayBuffer>;

/** Bodies shorter than this are copied rather than handed over, bytes. */
const JOIN_BELOW = 16 * 1024;

/** The bytes of the batches are given away with `transfer`. */
export function packGroup(batches: readonly IncomingBatch[]): { group: PackedGroup; transfer: Transferable[] } {
  let total = 0;
  for (const { bytes } of batches) if (bytes.length < JOIN_BELOW) total += bytes.length;
  const joined = unfilled(total);
  // Each buffer once, however many batches were cut from it.
  const transfer = new Set<Transferable>([joined.buffer]);
  let at = 0;
  const packed = batches.map((batch): PackedBatch => {
    const { bytes } = batch;
    const { length } = bytes;
    if (length >= JOIN_BELOW) {
      transfer.add(bytes.buffer);
      return { ...batch, length };
    }
    joined.set(bytes, at);
    at += length;
    return { ...batch, bytes: undefined, length };
  });
  return { group: { batches: packed, joined }, transfer: [...transfer] };
}

export function unpackGroup({ batches, joined }: PackedGroup): IncomingBatch[] {
  let at = 0;
  return batches.map(({ length, bytes, ...batch }) => {
    if (bytes !== undefined) return { ...batch, bytes };
    at += length;
    return { ...batch, bytes: joined.subarray(at - length, at) };
  });
}

export function packOutcomes(outcomes: readonly GroupOutcome[]): PackedOutcomes {
  const plain = outcomes.every(
    (outcome) => outcome.type === "stored" && outcome.result.rejected === 0 && outcome.result.message === "",
  );
  if (!plain) return outcomes;
  return Uint32Array.from(outcomes, (outcome) => (outcome as { readonly result: AppendResult }).result.accepted);
}

export function unpackOutcomes(packed: PackedOutcomes): readonly GroupOutcome[] {
  if (!(packed instanceof Uint32Array)) return packed;
  return Array.from(packed, (accepted) => ({ type: "stored", result: { accepted, rejected: 0, message: "" } }));
}

/** Memory of its own that is not zeroed first: it is written over as a whole. */
function unfilled(length: number): Uint8Array<ArrayBuffer> {
  const bytes = Buffer.allocUnsafeSlow(length);
  return new Uint8Array(bytes.buffer, bytes.byteOffset, length);
}
