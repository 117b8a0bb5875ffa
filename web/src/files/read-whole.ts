import { MAX_FILE_BYTES } from "../../../src/query/local/read-file.ts";
import { formatBytes } from "../format/bytes.ts";

/** The bytes of a file, inflated where it is gzip. Throws where they are more than may be read. */
export async function readWhole(file: Blob): Promise<Uint8Array<ArrayBuffer>> {
  if (file.size > MAX_FILE_BYTES) throw tooLarge(`the file has ${formatBytes(file.size)}`);
  const head = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  if (head[0] !== 0x1f || head[1] !== 0x8b) return new Uint8Array(await file.arrayBuffer());
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  const reader = file.stream().pipeThrough(new DecompressionStream("gzip")).getReader();
  for (let part = await next(reader); part !== undefined; part = await next(reader)) {
    bytes += part.length;
    if (bytes > MAX_FILE_BYTES) {
      await reader.cancel();
      throw tooLarge("the file has more when it is inflated");
    }
    parts.push(part);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

async function next(
  reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return (await reader.read()).value;
  } catch (cause) {
    throw new Error("the file begins as gzip does and cannot be inflated: it is damaged or cut off", { cause });
  }
}

function tooLarge(what: string): Error {
  return new Error(
    `${what}; a page reads at most ${formatBytes(MAX_FILE_BYTES)}: send it to a collector with spanloom replay`,
  );
}
