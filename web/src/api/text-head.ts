/** The beginning of a text. */
export interface TextHead {
  readonly text: string;
  /** The text ends there. */
  readonly whole: boolean;
}

/** The text of at most so many bytes, without a character that is cut. */
export function headOfBytes(bytes: Uint8Array, most: number): TextHead {
  if (bytes.length <= most) return { text: new TextDecoder().decode(bytes), whole: true };
  return { text: new TextDecoder().decode(bytes.subarray(0, most), { stream: true }), whole: false };
}

/** The same of a stream, which is read no further, and cancelled where it goes on. */
export async function headOfStream(stream: ReadableStream<Uint8Array>, most: number): Promise<TextHead> {
  const reader = stream.getReader();
  const pieces: Uint8Array[] = [];
  let length = 0;
  while (length <= most) {
    const { done, value } = await reader.read();
    if (done) break;
    pieces.push(value);
    length += value.length;
  }
  if (length > most) await reader.cancel();
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return headOfBytes(bytes, most);
}
