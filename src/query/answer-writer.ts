import type { ServerResponse } from "node:http";
import { setImmediate } from "node:timers/promises";
import { constants, createGzip, type Gzip } from "node:zlib";
import type { AnswerRest } from "../component/read.ts";
import type { Turns } from "./turns.ts";

/** What goes to the client at once. */
const SLICE_BYTES = 256 * 1024;

/**
 * Sends a body as fast as the client takes it. A client that takes no slice within `writeMs` is cut off. Resolves when
 * all is sent, or nothing more can be.
 */
export async function writeWhole(response: ServerResponse, body: Uint8Array, writeMs: number): Promise<void> {
  let at = 0;
  for (; body.length - at > SLICE_BYTES; at += SLICE_BYTES) {
    if (!(await write(response, response, body.subarray(at, at + SLICE_BYTES), writeMs))) return;
  }
  await end(response, response, body.subarray(at), writeMs);
}

export interface PiecedWriting {
  readonly zipped: boolean;
  readonly writeMs: number;
  /** Where each piece waits for its turn. */
  readonly turns: Turns;
  readonly signal: AbortSignal;
}

/**
 * Sends the beginning of an answer, and then each piece when the client has taken those before.
 * @throws what the rest throws; the answer is cut off then, so that nobody takes it for whole
 */
export async function writePieces(
  response: ServerResponse,
  body: Uint8Array,
  rest: AnswerRest,
  { zipped, writeMs, turns, signal }: PiecedWriting,
): Promise<void> {
  const gzip = zipped ? createGzip({ level: constants.Z_BEST_SPEED }) : undefined;
  gzip?.pipe(response);
  const target = gzip ?? response;
  try {
    let open = await write(response, target, body, writeMs);
    while (open) {
      // Others come in between, also where the client reads faster than the pieces are made.
      await setImmediate();
      const { bytes, last } = await turns.run(signal, () => rest.next());
      if (last) {
        await end(response, target, bytes, writeMs);
        return;
      }
      open = await write(response, target, bytes, writeMs);
    }
  } catch (error) {
    response.destroy();
    throw error;
  } finally {
    gzip?.destroy();
  }
}

/** False where the client is gone, or took nothing in time and was cut off. */
async function write(
  response: ServerResponse,
  target: ServerResponse | Gzip,
  bytes: Uint8Array,
  writeMs: number,
): Promise<boolean> {
  if (response.destroyed) return false;
  return target.write(bytes) || waitFor(response, target, "drain", writeMs);
}

async function end(
  response: ServerResponse,
  target: ServerResponse | Gzip,
  bytes: Uint8Array,
  writeMs: number,
): Promise<void> {
  if (response.destroyed) return;
  target.end(bytes);
  if (!response.writableFinished) await waitFor(response, response, "finish", writeMs);
}

function waitFor(
  response: ServerResponse,
  emitter: ServerResponse | Gzip,
  event: "drain" | "finish",
  ms: number,
): Promise<boolean> {
  if (response.destroyed) return Promise.resolve(false);
  return new Promise((resolve) => {
    const timer = setTimeout(() => response.destroy(), ms);
    const settle = (happened: boolean): void => {
      clearTimeout(timer);
      emitter.off(event, onEvent);
      response.off("close", onClose);
      resolve(happened);
    };
    const onEvent = (): void => settle(true);
    const onClose = (): void => settle(false);
    emitter.once(event, onEvent);
    response.once("close", onClose);
  });
}
