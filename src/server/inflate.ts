import * as zlib from "node:zlib";
import { PermanentError } from "../component/errors.ts";
import type { BatchEncoding } from "../component/ingest.ts";
import { messageOf } from "../model/message-of.ts";
import { endsInsideZstdFrame } from "./zstd-frames.ts";

const MIN_CHUNK = 16 * 1024;
const MAX_FIRST_CHUNK = 4 * 1024 * 1024;

type InflateNow = (bytes: Uint8Array, options: object) => Inflated;
type InflateLater = (
  bytes: Uint8Array,
  options: object,
  done: (error: Error | null, inflated: Inflated) => void,
) => void;

/** Node has zstd from 22.15 on. */
const { zstdDecompress, zstdDecompressSync } = zlib as {
  readonly zstdDecompress?: unknown;
  readonly zstdDecompressSync?: unknown;
};

/** Values of Content-Encoding that are taken here, for a refusal. */
export const TAKEN_ENCODINGS: readonly string[] = [
  "gzip",
  "deflate",
  "zlib",
  ...(zstdDecompressSync === undefined ? [] : ["zstd"]),
  "identity",
];

/** ZSTD_d_windowLogMax: a frame may ask for a window of 8 MiB (RFC 8878 §3.1.1.1.2), and not for 128 MiB. */
const ZSTD_PARAMETERS = { 100: 23 };

/** Without `identity`. Only encodings that are taken get here. */
const INFLATE = {
  gzip: { now: zlib.gunzipSync, later: zlib.gunzip },
  deflate: { now: zlib.inflateSync, later: zlib.inflate },
  zstd: { now: zstdDecompressSync, later: zstdDecompress },
} as unknown as Readonly<
  Record<Exclude<BatchEncoding, "identity">, { readonly now: InflateNow; readonly later: InflateLater }>
>;

/**
 * The body as it was before Content-Encoding (RFC 9110 §8.4.1; `deflate` is the zlib format of RFC 1950). Synchronous,
 * for the ingest thread; never holds more than `maxBytes` plus one chunk. gzip bodies of several members are joined.
 * @throws PermanentError `too_large` when the result is longer than `maxBytes`; `malformed` for corrupt or cut-off data
 *   and for bytes after the end of the compressed data.
 */
export function inflateBody(bytes: Uint8Array, encoding: BatchEncoding, maxBytes: number): Uint8Array {
  if (isPlain(bytes, encoding, maxBytes)) return bytes;
  try {
    return whole(INFLATE[encoding].now(bytes, options(bytes, encoding, maxBytes, MAX_FIRST_CHUNK)), bytes, encoding);
  } catch (error) {
    throw inflateError(error, encoding, maxBytes);
  }
}

/** The same in a thread of Node's pool, for bodies that take their time. Rejects as `inflateBody` throws. */
export async function inflateLargeBody(
  bytes: Uint8Array,
  encoding: BatchEncoding,
  maxBytes: number,
): Promise<Uint8Array> {
  if (isPlain(bytes, encoding, maxBytes)) return bytes;
  return new Promise((resolve, reject) => {
    INFLATE[encoding].later(bytes, options(bytes, encoding, maxBytes, maxBytes + 64), (error, inflated) => {
      try {
        if (error !== null) throw error;
        resolve(whole(inflated, bytes, encoding));
      } catch (failure) {
        reject(inflateError(failure, encoding, maxBytes));
      }
    });
  });
}

/** Looks at what can be told before anything is inflated; true where nothing has to be. */
function isPlain(bytes: Uint8Array, encoding: BatchEncoding, maxBytes: number): encoding is "identity" {
  if (encoding === "identity" && bytes.length > maxBytes) throw tooLarge(maxBytes);
  if (encoding !== "identity" && bytes.length === 0) {
    throw new PermanentError("malformed", `the ${encoding} body is empty`);
  }
  if (encoding === "zstd" && endsInsideZstdFrame(bytes)) {
    throw new PermanentError("malformed", "the body is not valid zstd data: it ends before its last frame does");
  }
  return encoding === "identity";
}

function options(bytes: Uint8Array, encoding: BatchEncoding, maxBytes: number, maxFirstChunk: number) {
  const declared = encoding === "gzip" ? declaredSize(bytes) : 0;
  return {
    maxOutputLength: maxBytes,
    // Room for the whole body when its trailer tells the truth, so that one allocation is enough.
    chunkSize: Math.min(Math.max(declared + 64, MIN_CHUNK), maxFirstChunk, Math.max(maxBytes + 64, MIN_CHUNK)),
    info: true,
    ...(encoding === "zstd" ? { params: ZSTD_PARAMETERS } : {}),
  };
}

function whole({ buffer, engine }: Inflated, bytes: Uint8Array, encoding: BatchEncoding): Uint8Array {
  if (engine.bytesWritten === bytes.length) return buffer;
  throw new PermanentError(
    "malformed",
    `${bytes.length - engine.bytesWritten} bytes follow the end of the ${encoding} data at byte ${engine.bytesWritten}`,
  );
}

function inflateError(error: unknown, encoding: BatchEncoding, maxBytes: number): PermanentError {
  if (error instanceof PermanentError) return error;
  if ((error as { code?: string }).code === "ERR_BUFFER_TOO_LARGE") return tooLarge(maxBytes);
  const reason = messageOf(error);
  return new PermanentError("malformed", `the body is not valid ${encoding} data: ${reason}`);
}

/** What zlib's functions return with `info: true`. */
interface Inflated {
  readonly buffer: Uint8Array;
  /** `bytesWritten` is the number of input bytes that were used. */
  readonly engine: { readonly bytesWritten: number };
}

/**
 * The inflated size that the trailer of a gzip body claims (RFC 1952 §2.3.1, ISIZE; of its last member, modulo 2^32).
 * A hint only: the sender may lie.
 */
export function declaredSize(bytes: Uint8Array): number {
  const at = bytes.length - 4;
  if (at < 14) return 0;
  const [a, b, c, d] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]] as [number, number, number, number];
  return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
}

/** How often a body of unknown size is taken to be longer once inflated. */
const USUAL_RATIO = 8;

/** How many bytes more a body is expected to take once inflated: what it says of itself, or what is usual. */
export function expectedGrowth(bytes: Uint8Array, encoding: BatchEncoding, maxBytes: number): number {
  if (encoding === "identity") return 0;
  return Math.min(encoding === "gzip" ? declaredSize(bytes) : bytes.length * USUAL_RATIO, maxBytes);
}

function tooLarge(maxBytes: number): PermanentError {
  return new PermanentError("too_large", `the body is longer than ${maxBytes} bytes once decompressed`);
}
