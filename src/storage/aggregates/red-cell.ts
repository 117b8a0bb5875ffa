import { crc32 } from "node:zlib";
import { ExponentialHistogram } from "../../model/exponential-histogram.ts";
import type { RedPoint } from "../../model/red-metrics.ts";
import type { SpanKind } from "../../model/span.ts";
import { NumberReader, NumberWriter } from "./number-codec.ts";

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

const VERSION = 2;
/** Without a checksum; read, but not written any more. */
const UNCHECKED_VERSION = 1;
const CRC_BYTES = 4;

/**
 * Cells as bytes: version and number, then key, four numbers and histogram of each, then CRC32 over these and `place`,
 * the key of the row that they are for.
 */
export function encodeCells(cells: RedCells, place: string): Uint8Array {
  const writer = new NumberWriter();
  writer.number(VERSION);
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

/** As `encodeCells`, for one histogram. */
export function encodeHistogram(histogram: ExponentialHistogram, place: string): Uint8Array {
  const writer = new NumberWriter();
  writer.number(VERSION);
  writeHistogram(writer, histogram);
  return withCrc(writer.finish(), place);
}

/** Throws RangeError for bytes that `encodeHistogram` did not write for this place. */
export function decodeHistogram(bytes: Uint8Array, place: string): ExponentialHistogram {
  return readHistogram(checkedReader(bytes, place));
}

function withCrc(bytes: Uint8Array, place: string): Uint8Array {
  const checked = new Uint8Array(bytes.length + CRC_BYTES);
  checked.set(bytes);
  new DataView(checked.buffer).setUint32(bytes.length, crc32(bytes, crc32(place)), true);
  return checked;
}

/** A reader of what follows the version. */
function checkedReader(bytes: Uint8Array, place: string): NumberReader {
  const end = bytes.length - CRC_BYTES;
  const version = new NumberReader(bytes).number();
  if (version === VERSION && end > 0) {
    const stored = new DataView(bytes.buffer, bytes.byteOffset).getUint32(end, true);
    if (stored !== crc32(bytes.subarray(0, end), crc32(place))) throw new RangeError("not what was written (checksum)");
  } else if (version !== UNCHECKED_VERSION) throw new RangeError(`version ${version}: expected ${VERSION}`);
  const reader = new NumberReader(version === VERSION ? bytes.subarray(0, end) : bytes);
  reader.number();
  return reader;
}

/** Runs of empty buckets are a zero and their number less one. */
function writeHistogram(writer: NumberWriter, histogram: ExponentialHistogram): void {
  const { scale, zeroCount, offset, counts } = histogram.parts;
  writer.number(scale);
  writer.number(zeroCount);
  writer.number(offset);
  writer.number(counts.length);
  for (let i = 0; i < counts.length; i++) {
    const count = counts[i] as number;
    writer.number(count);
    if (count !== 0) continue;
    const first = i;
    while (i + 1 < counts.length && counts[i + 1] === 0) i++;
    writer.number(i - first);
  }
}

function readHistogram(reader: NumberReader): ExponentialHistogram {
  const scale = reader.number();
  const zeroCount = reader.number();
  const offset = reader.number();
  const length = reader.number();
  if (!(length >= 0 && length <= 65_536)) throw new RangeError(`a histogram of ${length} buckets`);
  const counts = new Float64Array(length);
  for (let i = 0; i < length; i++) {
    const count = reader.number();
    if (count === 0) i += reader.number();
    else counts[i] = count;
  }
  return ExponentialHistogram.of({ scale, zeroCount, offset, counts });
}
