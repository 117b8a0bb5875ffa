import { promisify } from "node:util";
import {
  type BrotliOptions,
  brotliCompressSync,
  brotliDecompress,
  brotliDecompressSync,
  constants,
  crc32,
} from "node:zlib";
import { BODY_CODEC, type BodyCodec } from "./block-limits.ts";

const brotliDecompressAsync = promisify(
  (bytes: Uint8Array, options: BrotliOptions, done: (error: Error | null, raw: Buffer) => void) =>
    brotliDecompress(bytes, options, done),
);

/** Below this, brotli's fixed cost buys nothing. */
const PLAIN_BELOW = 1024;

/** Most of what one call gets from the compressor, bytes; a full block's body fits nearly always. */
const MOST_CHUNK_BYTES = 64 * 1024;

export interface StoredBody {
  readonly codec: BodyCodec;
  readonly bytes: Uint8Array;
}

/** Compresses a body for storage with brotli quality 1: the cheapest level that Node has built in. */
export function encodeBody(body: Uint8Array): StoredBody {
  // A plain body is copied: the caller's buffer is used again before the commit. Not by slice(), which of a Buffer is a
  // view.
  if (body.length < PLAIN_BELOW) return { codec: BODY_CODEC.plain, bytes: new Uint8Array(body) };
  const bytes = brotliCompressSync(body, {
    chunkSize: chunkFor(body.length),
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 1,
      [constants.BROTLI_PARAM_LGWIN]: 20,
      [constants.BROTLI_PARAM_SIZE_HINT]: body.length,
    },
  });
  return bytes.length < body.length
    ? { codec: BODY_CODEC.brotli, bytes }
    : { codec: BODY_CODEC.plain, bytes: new Uint8Array(body) };
}

/**
 * Somewhat more than a body takes compressed, which is a fifth to a quarter. Each call makes a buffer of this size, and
 * V8 gives it back with its next full collection alone, as it hangs on a native object: buffers that are mostly empty
 * bring that about sooner. A body that takes more gets a second one.
 */
function chunkFor(bodyBytes: number): number {
  return Math.min(MOST_CHUNK_BYTES, Math.ceil((bodyBytes * 5) / 16 / 1024) * 1024);
}

/** The raw bytes of a stored body; throws RangeError for an unknown codec or another length than was stored. */
export function decodeBody(codec: number, bytes: Uint8Array, rawLength: number): Uint8Array {
  const raw = inflate(codec, bytes, rawLength);
  if (raw.length !== rawLength) throw new RangeError(`body of ${raw.length} bytes where ${rawLength} were stored`);
  return raw;
}

function inflate(codec: number, bytes: Uint8Array, rawLength: number): Uint8Array {
  switch (codec) {
    case BODY_CODEC.plain:
      return bytes;
    case BODY_CODEC.brotli:
      return brotliDecompressSync(bytes, inflateOptions(rawLength));
    default:
      throw new RangeError(`unknown body codec ${codec}`);
  }
}

/** As `decodeBody` for brotli, on a thread of Node's pool: several at once use several processors. */
export async function inflateBody(bytes: Uint8Array, rawLength: number): Promise<Uint8Array> {
  const raw = await brotliDecompressAsync(bytes, inflateOptions(rawLength));
  if (raw.length !== rawLength) throw new RangeError(`body of ${raw.length} bytes where ${rawLength} were stored`);
  return raw;
}

/** A chunk that the body fills to its last byte would make zlib allocate a second one. */
function inflateOptions(rawLength: number): BrotliOptions {
  return { chunkSize: rawLength + 64, maxOutputLength: rawLength + 64 };
}

/** The fixed columns of a block that its head CRC covers, in this order. */
export interface BlockNumbers {
  readonly row: number;
  readonly sequence: number;
  readonly spans: number;
  readonly spansThrough: number;
  readonly minStart: bigint;
  readonly maxStart: bigint;
  readonly maxEnd: bigint;
  readonly receivedAtMs: number;
  readonly codec: number;
  readonly rawLength: number;
}

const NUMBERS_BYTES = 80;

/** CRC32 over the fixed columns as ten little-endian 64-bit numbers, then the index, then the bloom. */
export function headCrc(numbers: BlockNumbers, index: Uint8Array, bloom: Uint8Array): number {
  const bytes = new Uint8Array(NUMBERS_BYTES);
  const view = new DataView(bytes.buffer);
  view.setFloat64(0, numbers.row, true);
  view.setFloat64(8, numbers.sequence, true);
  view.setFloat64(16, numbers.spans, true);
  view.setFloat64(24, numbers.spansThrough, true);
  view.setBigUint64(32, numbers.minStart, true);
  view.setBigUint64(40, numbers.maxStart, true);
  view.setBigUint64(48, numbers.maxEnd, true);
  view.setFloat64(56, numbers.receivedAtMs, true);
  view.setFloat64(64, numbers.codec, true);
  view.setFloat64(72, numbers.rawLength, true);
  return crc32(bloom, crc32(index, crc32(bytes)));
}

/** CRC32 over the stored body, continued from the head's, so that a body cannot pass under another head. */
export function bodyCrc(head: number, body: Uint8Array): number {
  return crc32(body, head);
}
