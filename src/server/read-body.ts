import type { IncomingMessage } from "node:http";
import { PermanentError, RetryableError } from "../component/errors.ts";
import type { Reservation } from "../component/receiver.ts";
import { AnsweredByListener } from "./client-error.ts";

/** @throws PermanentError `too_large` when Content-Length already says so. */
export function assertDeclaredLength(request: IncomingMessage, maxBytes: number): void {
  const declared = Number(request.headers["content-length"] ?? 0);
  if (declared > maxBytes) throw tooLarge(maxBytes, `Content-Length is ${declared}`);
}

/**
 * The whole body in memory of its own, so that it may be transferred to another thread: copied once, unless it came in
 * such memory. Bytes are counted in `reservation` as they arrive: a sender that declares much and sends little holds
 * little.
 * @throws PermanentError `too_large` as soon as the limit is passed; RetryableError `overloaded` when the budget is
 * used up; RetryableError `cancelled` when the sender goes away; AnsweredByListener when what it sent is not readable
 * or too slow. What was counted stays counted: the caller releases it.
 */
export function readBody(
  request: IncomingMessage,
  maxBytes: number,
  reservation: Reservation,
): Promise<Uint8Array<ArrayBuffer>> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const done = (settle: () => void): void => {
      request.off("data", onData).off("end", onEnd).off("error", onGone).off("close", onGone);
      settle();
    };
    const onData = (chunk: Buffer): void => {
      length += chunk.length;
      try {
        if (length > maxBytes) throw tooLarge(maxBytes, "more arrived");
        reservation.grow(chunk.length);
        chunks.push(chunk);
      } catch (error) {
        done(() => reject(error));
      }
    };
    const onEnd = (): void => done(() => resolve(joined(chunks, length)));
    const onGone = (error?: Error): void => {
      const answered = error instanceof AnsweredByListener;
      const gone = () => new RetryableError("cancelled", `the sender went away after ${length} bytes of the body`);
      done(() => reject(answered ? error : gone()));
    };
    request.on("data", onData).on("end", onEnd).on("error", onGone).on("close", onGone);
  });
}

function joined(chunks: readonly Buffer[], length: number): Uint8Array<ArrayBuffer> {
  const [only] = chunks;
  if (chunks.length === 1 && only !== undefined && ownsMemory(only)) return new Uint8Array(only.buffer, 0, length);
  // Not zeroed first, as it is written over as a whole; "slow" is memory of its own, outside Node's pool.
  const memory = Buffer.allocUnsafeSlow(length);
  const bytes = new Uint8Array(memory.buffer, memory.byteOffset, length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** Node's HTTP parser copies each part of a body into memory of its own; what comes over TLS it cuts from larger. */
function ownsMemory(chunk: Buffer): chunk is Buffer<ArrayBuffer> {
  return chunk.buffer instanceof ArrayBuffer && chunk.byteOffset === 0 && chunk.length === chunk.buffer.byteLength;
}

function tooLarge(maxBytes: number, seen: string): PermanentError {
  return new PermanentError("too_large", `the body may have at most ${maxBytes} bytes; ${seen}`);
}
