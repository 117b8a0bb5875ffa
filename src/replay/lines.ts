const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** A line that is longer than it may be: it was passed over, and only counted. */
export interface LongLine {
  readonly tooLong: number;
}

/**
 * The lines of a byte stream, without their ends, split at `\n` and `\r\n` only: JSON Lines may hold U+2028 and U+2029
 * as they are, at which Node's readline breaks lines since Node 24. Of a line beyond `maxBytes` nothing is kept but its
 * length.
 */
export async function* linesOf(
  input: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<Buffer | LongLine, void> {
  let parts: Uint8Array[] = [];
  let length = 0;
  const add = (part: Uint8Array) => {
    length += part.length;
    if (length > maxBytes) parts = [];
    else if (part.length > 0) parts.push(part);
  };
  const take = (): Buffer | LongLine => {
    const line = length > maxBytes ? { tooLong: length } : withoutReturn(Buffer.concat(parts));
    parts = [];
    length = 0;
    return line;
  };
  for await (const chunk of input) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      add(chunk.subarray(start, end));
      yield take();
      start = end + 1;
    }
    add(chunk.subarray(start));
  }
  if (length > 0) yield take();
}

function withoutReturn(line: Buffer): Buffer {
  return line.at(-1) === RETURN ? line.subarray(0, -1) : line;
}
