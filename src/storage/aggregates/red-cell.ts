import { ExponentialHistogram } from "../../model/exponential-histogram.ts";
import type { RedPoint } from "../../model/red-metrics.ts";
import type { SpanKind } from "../../model/span.ts";
import { checkedReader, readHistogram, versionedWriter, withCrc, writeHistogram } from "./histogram-codec.ts";

/** A RedPoint that is being added to. */
export class RedCell implements RedPoint {
  calls = 0;
  errors = 0;
  spans = 0;
  unscaled = 0;
  readonly durations: ExponentialHistogram;

  constructor(durations: ExponentialHistogram = new ExponentialHistogram()) {
    this.durations = durations;
  }

  merge(other: RedPoint): void {
    this.calls += other.calls;
    this.errors += other.errors;
    this.spans += other.spans;
    this.unscaled += other.unscaled;
    this.durations.merge(other.durations);
  }
}

/** Cells of one service and time, by `cellKey`. */
export type RedCells = Map<string, RedCell>;

/** Longer names are not kept apart: every minute and hour repeats them. UTF-16 units. */
export const MAX_NAME_LENGTH = 512;

/** Operation and kind as one key; the operation is empty for the sum over all. */
export function cellKey(operation: string, kind: number): string {
  return `${kind}${operation}`;
}

export function operationOfKey(key: string): string {
  return key.slice(1);
}

export function kindOfKey(key: string): SpanKind {
  return (key.charCodeAt(0) - 48) as SpanKind;
}

/**
 * Cells as bytes: version and number, then key, four numbers and histogram of each, then CRC32 over these and `place`,
 * the key of the row that they are for.
 */
export function encodeCells(cells: RedCells, place: string): Uint8Array {
  const writer = versionedWriter();
  writer.number(cells.size);
  for (const [key, { calls, errors, spans, unscaled, durations }] of cells) {
    writer.text(key);
    writer.number(calls);
    writer.number(errors);
    writer.number(spans);
    writer.number(unscaled);
    writeHistogram(writer, durations);
  }
  return withCrc(writer.finish(), place);
}

/** Throws RangeError for bytes that `encodeCells` did not write for this place. */
export function decodeCells(bytes: Uint8Array, place: string): RedCells {
  const reader = checkedReader(bytes, place);
  const cells: RedCells = new Map();
  for (let left = reader.number(); left > 0; left--) {
    const key = reader.text();
    const [calls, errors, spans, unscaled] = [reader.number(), reader.number(), reader.number(), reader.number()];
    const cell = new RedCell(readHistogram(reader));
    cell.calls = calls;
    cell.errors = errors;
    cell.spans = spans;
    cell.unscaled = unscaled;
    cells.set(key, cell);
  }
  return cells;
}
