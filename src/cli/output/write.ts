import { once } from "node:events";
import type { Writable } from "node:stream";

/** Lines that are handed over together. */
const TOGETHER = 256;

/** Writes a text and waits while the reader is behind, so that what is written never gathers in memory. */
export async function write(stream: Writable, text: string | Uint8Array): Promise<void> {
  if (!stream.write(text)) await once(stream, "drain");
}

/** Writes lines, with their breaks. */
export async function writeLines(stream: Writable, lines: Iterable<string>): Promise<void> {
  let waiting: string[] = [];
  for (const line of lines) {
    waiting.push(line);
    if (waiting.length < TOGETHER) continue;
    await write(stream, `${waiting.join("\n")}\n`);
    waiting = [];
  }
  if (waiting.length > 0) await write(stream, `${waiting.join("\n")}\n`);
}
