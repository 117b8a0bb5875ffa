const MAGIC = 0xfd2fb528;
/** The lowest four bits of a skippable frame's magic number are free (RFC 8878 §3.1.2). */
const SKIPPABLE_MAGIC = 0x184d2a50;
const MAGIC_BYTES = 4;
const SKIPPABLE_HEADER_BYTES = 8;
const BLOCK_HEADER_BYTES = 3;
const CHECKSUM_BYTES = 4;
/** Types of a block (RFC 8878 §3.1.1.2.2). */
const RLE_BLOCK = 1;
/** Of Dictionary_ID, by the two lowest bits of the frame header's first byte (RFC 8878 §3.1.1.1.1.6). */
const DICTIONARY_ID_BYTES = [0, 1, 2, 4] as const;
/** Of Frame_Content_Size, by the two highest bits (RFC 8878 §3.1.1.1.1.1); the first is 1 in a single segment. */
const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const;

/**
 * Whether the last zstd frame of a body (RFC 8878 §3.1) ends after the body does, read from the headers of frames and
 * blocks alone. Node 22 takes such a body, gives what it has inflated by then, and says nothing. Bytes that begin no
 * frame are not looked at.
 */
export function endsInsideZstdFrame(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  while (at < bytes.length) {
    if (at + MAGIC_BYTES > bytes.length) return at === 0;
    const magic = view.getUint32(at, true);
    let end: number;
    if (magic === MAGIC) end = frameEnd(view, at + MAGIC_BYTES);
    else if ((magic & 0xfffffff0) === SKIPPABLE_MAGIC) end = skippableEnd(view, at);
    else return false;
    if (end > bytes.length) return true;
    at = end;
  }
  return false;
}

/** Where a frame ends whose header begins at `at`; past the end of the bytes where these are cut off. */
function frameEnd(view: DataView, at: number): number {
  if (at >= view.byteLength) return Number.POSITIVE_INFINITY;
  const descriptor = view.getUint8(at);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const dictionaryId = DICTIONARY_ID_BYTES[(descriptor & 3) as 0 | 1 | 2 | 3];
  const sizeFlag = (descriptor >>> 6) as 0 | 1 | 2 | 3;
  const contentSize = sizeFlag === 0 && isSingleSegment ? 1 : CONTENT_SIZE_BYTES[sizeFlag];
  let block = at + 1 + (isSingleSegment ? 0 : 1) + dictionaryId + contentSize;
  for (;;) {
    if (block + BLOCK_HEADER_BYTES > view.byteLength) return Number.POSITIVE_INFINITY;
    const header = view.getUint16(block, true) | (view.getUint8(block + 2) << 16);
    const isRle = ((header >>> 1) & 3) === RLE_BLOCK;
    block += BLOCK_HEADER_BYTES + (isRle ? 1 : header >>> 3);
    if ((header & 1) === 1) return block + ((descriptor & 4) !== 0 ? CHECKSUM_BYTES : 0);
  }
}

function skippableEnd(view: DataView, at: number): number {
  if (at + SKIPPABLE_HEADER_BYTES > view.byteLength) return Number.POSITIVE_INFINITY;
  return at + SKIPPABLE_HEADER_BYTES + view.getUint32(at + MAGIC_BYTES, true);
}
