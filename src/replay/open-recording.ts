import { type FileHandle, open } from "node:fs/promises";
import { pipeline, Readable } from "node:stream";
import * as zlib from "node:zlib";
import { PermanentError } from "../component/errors.ts";
import { fileReason } from "../component/reasons.ts";

/** The name that means standard input. */
export const STDIN = "-";

/** How compressed data begins. */
const GZIP = Buffer.of(0x1f, 0x8b);
const ZSTD = Buffer.of(0x28, 0xb5, 0x2f, 0xfd);
const UTF8_MARK = Buffer.of(0xef, 0xbb, 0xbf);
const HEAD_BYTES = 4;

/** A recording as bytes of text. */
export interface OpenRecording {
  readonly text: AsyncIterable<Uint8Array>;
  /** Bytes that were read of the file, as it lies there. */
  readonly bytesRead: () => number;
  close(): Promise<void>;
}

/**
 * Opens a recording, or stdin for `-`. What is compressed is known by how it begins, whatever its name is.
 * @throws PermanentError `bad_request` where it cannot be opened, `malformed` where it is damaged or no text in UTF-8;
 * so does reading it
 */
export async function openRecording(path: string): Promise<OpenRecording> {
  const handle = path === STDIN ? undefined : await openFile(path);
  try {
    let bytes = 0;
    const source: AsyncIterable<Uint8Array> = handle?.createReadStream({ autoClose: false }) ?? process.stdin;
    const counted = async function* () {
      for await (const chunk of source) {
        bytes += chunk.length;
        yield chunk;
      }
    };
    const raw = await peek(counted());
    const inflated = inflate(path, raw);
    const text = inflated === undefined ? raw : await peek(inflated);
    refuseOtherText(path, text.head);
    return { text: withoutMark(text), bytesRead: () => bytes, close: async () => handle?.close() };
  } catch (cause) {
    await handle?.close();
    throw cause instanceof PermanentError ? cause : unreadableRecording(path, cause);
  }
}

/** Whether a recording can be opened. Throws PermanentError `bad_request`, as `openRecording`. */
export async function checkRecording(path: string): Promise<void> {
  if (path !== STDIN) await (await openFile(path)).close();
}

/**
 * What the system says is `bad_request`; all else lies in the file, and is `malformed`.
 * @param where ` after line 12`
 */
export function unreadableRecording(path: string, cause: unknown, where = ""): PermanentError {
  const name = path === STDIN ? "stdin" : path;
  const ofSystem = cause instanceof Error && "syscall" in cause;
  return new PermanentError(
    ofSystem ? "bad_request" : "malformed",
    `${name}: cannot read the recording${where}: ${fileReason(cause)}`,
    {
      cause,
    },
  );
}

function openFile(path: string): Promise<FileHandle> {
  return open(path).catch((cause: NodeJS.ErrnoException) => {
    throw unreadableRecording(path, cause);
  });
}

interface Peeked extends AsyncIterable<Uint8Array> {
  /** The first bytes; fewer where there are no more. */
  readonly head: Buffer;
}

async function peek(input: AsyncIterable<Uint8Array>): Promise<Peeked> {
  const chunks = input[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  let ended = false;
  while (head.length < HEAD_BYTES && !ended) {
    const next = await chunks.next();
    if (next.done === true) ended = true;
    else head = Buffer.concat([head, next.value]);
  }
  return {
    head,
    async *[Symbol.asyncIterator]() {
      if (head.length > 0) yield head;
      if (!ended) yield* { [Symbol.asyncIterator]: () => chunks };
    },
  };
}

function inflate(path: string, raw: Peeked): AsyncIterable<Uint8Array> | undefined {
  const begins = (bytes: Buffer) => raw.head.subarray(0, bytes.length).equals(bytes);
  const through = (stream: NodeJS.ReadWriteStream & AsyncIterable<Uint8Array>) =>
    pipeline(Readable.from(raw, { objectMode: false }), stream, () => {}) as AsyncIterable<Uint8Array>;
  if (begins(GZIP)) return through(zlib.createGunzip());
  if (begins(ZSTD)) {
    if (zlib.createZstdDecompress !== undefined) return through(zlib.createZstdDecompress());
    throw new PermanentError(
      "bad_request",
      `${path}: compressed with zstd, which Node ${process.versions.node} cannot read; expected Node 22.15 or newer, or a file that \`zstd -d\` has unpacked`,
    );
  }
  const [, ending] = /\.(gz|zst)$/.exec(path) ?? [];
  if (ending === undefined || raw.head.length === 0) return undefined;
  const found = raw.head.toString("hex");
  throw unreadableRecording(
    path,
    `expected ${ending === "gz" ? "gzip" : "zstd"} data, found bytes that begin with ${found}`,
  );
}

/** UTF-16 and UTF-32 have a zero byte beside each of the characters that JSON begins with, or a mark of their own. */
function refuseOtherText(path: string, head: Buffer): void {
  const [first = 1, second = 1] = head;
  const marked = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  if (!marked && first !== 0 && second !== 0) return;
  throw unreadableRecording(
    path,
    `expected text in UTF-8, found ${marked ? "UTF-16" : "zero bytes, as UTF-16 or a binary file has"}`,
  );
}

async function* withoutMark(text: Peeked): AsyncGenerator<Uint8Array> {
  let first = text.head.subarray(0, UTF8_MARK.length).equals(UTF8_MARK);
  for await (const chunk of text) {
    yield first ? chunk.subarray(UTF8_MARK.length) : chunk;
    first = false;
  }
}
