import { crc32 } from "node:zlib";
import { ExponentialHistogram } from "../../model/exponential-histogram.ts";
import { NumberReader, NumberWriter } from "./number-codec.ts";

const VERSION = 2;
/** Without a checksum; read, but not written any more. */
const UNCHECKED_VERSION = 1;
const CRC_BYTES = 4;

/** A writer that has the version. */
export function versionedWriter(): NumberWriter {
  const writer = new NumberWriter();
  writer.number(VERSION);
  return writer;
}

/** One histogram as bytes: version, histogram, then CRC32 over these and `place`, the key of the row that it is for. */
export function encodeHistogram(histogram: ExponentialHistogram, place: string): Uint8Array {
  const writer = versionedWriter();
  writeHistogram(writer, histogram);
  return withCrc(writer.finish(), place);
}

/** Throws RangeError for bytes that `encodeHistogram` did not write for this place. */
export function decodeHistogram(bytes: Uint8Array, place: string): ExponentialHistogram {
  return readHistogram(checkedReader(bytes, place));
}

/** Bytes with CRC32 over them and `place` behind them. */
export function withCrc(bytes: Uint8Array, place: string): Uint8Array {
  const checked = new Uint8Array(bytes.length + CRC_BYTES);
  checked.set(bytes);
  new DataView(checked.buffer).setUint32(bytes.length, crc32(bytes, crc32(place)), true);
  return checked;
}

/** A reader of what follows the version. Throws RangeError where the checksum is another. */
export function checkedReader(bytes: Uint8Array, place: string): NumberReader {
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
export function writeHistogram(writer: NumberWriter, histogram: ExponentialHistogram): void {
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

export function readHistogram(reader: NumberReader): ExponentialHistogram {
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
