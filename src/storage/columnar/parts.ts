import { brotliCompressSync, brotliDecompressSync, constants } from "node:zlib";
import { ByteSink, ByteSource } from "./byte-sink.ts";

/**
 * A list of byte strings, each compressed by itself so that it can be read alone. Short ones share the compressed head,
 * where the sizes of all are:
 *
 * | bytes | what |
 * |---|---|
 * | varint, varint | stored and raw size of the head |
 * | head | number of parts; per part raw size × 4 + codec and, in the body, stored size; then the short parts |
 * | body | the others, one after the other |
 */
const CODEC = { inHead: 0, plain: 1, brotli: 2 } as const;

const IN_HEAD_BELOW = 192;
/** Streams of high entropy are stored as they are rather than compressed for nothing. */
export interface Part {
  readonly bytes: Uint8Array;
  readonly random?: boolean;
}

/** Quality 4 takes half the time of 5 for 2 % more bytes; below 4 brotli does not split its blocks. */
export const SEALING_QUALITY = 4;

export function writeParts(parts: readonly Part[], quality = SEALING_QUALITY): Uint8Array<ArrayBuffer> {
  const head = new ByteSink(1024);
  const small = new ByteSink(1024);
  const stored: Uint8Array[] = [];
  head.varint(parts.length);
  for (const { bytes, random } of parts) {
    if (bytes.length < IN_HEAD_BELOW) {
      head.varint(bytes.length * 4 + CODEC.inHead);
      small.range(bytes);
      continue;
    }
    const compressed = random === true ? bytes : compress(bytes, quality);
    const plain = compressed.length >= bytes.length;
    head.varint(bytes.length * 4 + (plain ? CODEC.plain : CODEC.brotli));
    if (!plain) head.varint(compressed.length);
    stored.push(plain ? bytes : compressed);
  }
  head.range(small.finish());
  const rawHead = head.finish();
  const packedHead = compress(rawHead, quality);
  const usePacked = packedHead.length < rawHead.length;
  const out = new ByteSink(rawHead.length + stored.reduce((sum, bytes) => sum + bytes.length, 16));
  out.varint(usePacked ? packedHead.length : rawHead.length);
  out.varint(rawHead.length);
  out.range(usePacked ? packedHead : rawHead);
  for (const bytes of stored) out.range(bytes);
  return out.finish();
}

/** Reads parts by position, inflating each when it is first asked for. Throws RangeError for bytes that do not fit. */
export class PartReader {
  readonly count: number;
  readonly #places: { readonly bytes: Uint8Array; readonly rawLength: number; readonly codec: number }[] = [];
  readonly #inflated = new Map<number, Uint8Array>();

  constructor(bytes: Uint8Array) {
    const source = new ByteSource(bytes);
    const storedLength = source.varint();
    const rawLength = source.varint();
    const stored = source.take(storedLength);
    const head = new ByteSource(storedLength === rawLength ? stored : inflate(stored, rawLength));
    this.count = head.varint();
    const sizes: { rawLength: number; codec: number; storedLength: number }[] = [];
    for (let i = 0; i < this.count; i++) {
      const word = head.varint();
      const raw = Math.floor(word / 4);
      const codec = word % 4;
      sizes.push({ rawLength: raw, codec, storedLength: codec === CODEC.brotli ? head.varint() : raw });
    }
    for (const size of sizes) {
      const from = size.codec === CODEC.inHead ? head : source;
      this.#places.push({ bytes: from.take(size.storedLength), rawLength: size.rawLength, codec: size.codec });
    }
    if (source.at !== bytes.length) throw new RangeError(`${bytes.length - source.at} bytes too many in a sealed row`);
  }

  get(index: number): Uint8Array {
    const known = this.#inflated.get(index);
    if (known !== undefined) return known;
    const place = this.#places[index];
    if (place === undefined) throw new RangeError(`a sealed row has no part ${index}`);
    const bytes = place.codec === CODEC.brotli ? inflate(place.bytes, place.rawLength) : place.bytes;
    this.#inflated.set(index, bytes);
    return bytes;
  }

  source(index: number): ByteSource {
    return new ByteSource(this.get(index));
  }
}

function compress(bytes: Uint8Array, quality: number): Uint8Array {
  return brotliCompressSync(bytes, {
    chunkSize: Math.max(1024, bytes.length + 64),
    params: {
      [constants.BROTLI_PARAM_QUALITY]: quality,
      [constants.BROTLI_PARAM_LGWIN]: Math.min(20, Math.max(10, 32 - Math.clz32(bytes.length))),
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  });
}

function inflate(bytes: Uint8Array, rawLength: number): Uint8Array {
  const raw = brotliDecompressSync(bytes, { chunkSize: Math.max(64, rawLength), maxOutputLength: rawLength + 1 });
  if (raw.length !== rawLength) throw new RangeError(`a part of ${raw.length} bytes where ${rawLength} were stored`);
  return raw;
}
