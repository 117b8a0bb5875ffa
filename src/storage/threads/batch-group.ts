import type { Transferable } from "node:worker_threads";
import type { AppendResult, IncomingBatch } from "../../component/ingest.ts";
import type { GroupOutcome } from "../log/ingest-core.ts";

/** What the batches of a group mostly have in common. */
type BatchKind = Omit<IncomingBatch, "bytes" | "receivedAtMs">;

/**
 * A group of batches on its way to another thread. Handing over a buffer costs as much as copying some kilobytes, so
 * small bodies travel together in one; cloning an object for each batch costs as much again, so that what is said of
 * them travels as numbers before these bodies.
 */
export interface PackedGroup {
  /** Each once. */
  readonly kinds: readonly BatchKind[];
  readonly count: number;
  /** NUMBERS of each batch, then the bodies of those that have no buffer of their own, one after the other. */
  readonly joined: ArrayBuffer;
  /** The other bodies, in order. */
  readonly alone: readonly Uint8Array<ArrayBuffer>[];
}

/** Of a batch: the position of its kind, the length of its body, when it was received. */
const NUMBERS = 3;
const NUMBERS_BYTES = NUMBERS * Float64Array.BYTES_PER_ELEMENT;

/** Outcomes as they come back: where every batch was stored and no sender is told anything, the counts alone. */
export type PackedOutcomes = readonly GroupOutcome[] | Uint32Array<ArrayBuffer>;

/** Bodies shorter than this are copied rather than handed over, bytes. */
const JOIN_BELOW = 16 * 1024;

/** The bytes of the batches are given away with `transfer`. */
export function packGroup(batches: readonly IncomingBatch[]): { group: PackedGroup; transfer: Transferable[] } {
  const count = batches.length;
  let total = count * NUMBERS_BYTES;
  for (const { bytes } of batches) if (bytes.length < JOIN_BELOW) total += bytes.length;
  const joined = unfilled(total);
  const numbers = new Float64Array(joined.buffer, 0, count * NUMBERS);
  const kinds: BatchKind[] = [];
  const alone: Uint8Array<ArrayBuffer>[] = [];
  let at = count * NUMBERS_BYTES;
  for (const [i, batch] of batches.entries()) {
    const { bytes } = batch;
    numbers[i * NUMBERS] = kindOf(batch, kinds);
    numbers[i * NUMBERS + 1] = bytes.length;
    numbers[i * NUMBERS + 2] = batch.receivedAtMs;
    if (bytes.length >= JOIN_BELOW) {
      alone.push(bytes);
      continue;
    }
    joined.set(bytes, at);
    at += bytes.length;
  }
  // Each buffer once, however many batches were cut from it.
  const transfer = new Set<Transferable>([joined.buffer, ...alone.map(({ buffer }) => buffer)]);
  return { group: { kinds, count, joined: joined.buffer, alone }, transfer: [...transfer] };
}

export function unpackGroup({ kinds, count, joined, alone }: PackedGroup): IncomingBatch[] {
  const numbers = new Float64Array(joined, 0, count * NUMBERS);
  const batches: IncomingBatch[] = [];
  let at = count * NUMBERS_BYTES;
  let taken = 0;
  for (let i = 0; i < count; i++) {
    const { format, encoding, maxBytes, source } = kinds[numbers[i * NUMBERS] as number] as BatchKind;
    const length = numbers[i * NUMBERS + 1] as number;
    const receivedAtMs = numbers[i * NUMBERS + 2] as number;
    let bytes: Uint8Array<ArrayBuffer>;
    if (length >= JOIN_BELOW) bytes = alone[taken++] as Uint8Array<ArrayBuffer>;
    else {
      bytes = new Uint8Array(joined, at, length);
      at += length;
    }
    batches.push({ format, encoding, bytes, maxBytes, receivedAtMs, source });
  }
  return batches;
}

/** Its position in `kinds`, which gets it where it is the first of it. */
function kindOf({ format, encoding, maxBytes, source }: IncomingBatch, kinds: BatchKind[]): number {
  const known = kinds.findIndex(
    (kind) =>
      kind.source === source && kind.format === format && kind.encoding === encoding && kind.maxBytes === maxBytes,
  );
  return known >= 0 ? known : kinds.push({ format, encoding, maxBytes, source }) - 1;
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
