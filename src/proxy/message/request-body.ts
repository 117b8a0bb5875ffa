import type { Writable } from "node:stream";
import type { GuardedRequest } from "./request-guard.ts";
import type { AnyRequest } from "./response.ts";

/** Whether a body follows: HTTP/1 says so by its framing, HTTP/2 by leaving the stream open. */
export function hasBody(request: AnyRequest, guarded: GuardedRequest): boolean {
  if ("stream" in request) return !(request.stream as { endAfterHeaders?: boolean }).endAfterHeaders;
  return guarded.chunked || (guarded.contentLength ?? 0) > 0;
}

/** What is kept of a body until its answer begins, so that it can be sent again. */
const KEPT_BYTES = 64 * 1024;

/**
 * A request's body on its way to an upstream, as fast as that takes it. As long as no answer has begun and it is small, it can
 * be sent once more from its start.
 */
export class RequestBody {
  readonly #request: AnyRequest;
  readonly #maxBytes: number;
  readonly #tooLarge: () => void;
  #received = 0;
  #ended = false;
  /** All that came; undefined once that is more than is kept, or not needed any more. */
  #kept: Buffer[] | undefined = [];
  #to: Writable | undefined;
  #end: () => void = () => {};
  #reading = false;

  /** `tooLarge` is called once there are more than `maxBytes`; nothing is sent after it. */
  constructor(request: AnyRequest, maxBytes: number, tooLarge: () => void) {
    this.#request = request;
    this.#maxBytes = maxBytes;
    this.#tooLarge = tooLarge;
  }

  /** Sends what came, then what comes, and calls `end` after it. Once, and again after each successful `rewind`. */
  sendTo(upstream: Writable, end: () => void): void {
    this.#to = upstream;
    this.#end = end;
    for (const chunk of this.#kept ?? []) upstream.write(chunk);
    if (this.#ended) {
      end();
      return;
    }
    upstream.on("drain", () => {
      if (this.#to === upstream) this.#request.resume();
    });
    upstream.once("close", () => {
      if (this.#to === upstream) this.rewind();
    });
    this.#read();
    if (upstream.writableNeedDrain) this.#request.pause();
    else this.#request.resume();
  }

  /** The upstream failed: what comes waits for another. False where the start of the body was let go of. */
  rewind(): boolean {
    this.#to = undefined;
    if (this.#kept !== undefined) this.#request.pause();
    return this.#kept !== undefined;
  }

  /** Nothing will be sent again: what is kept is let go of. */
  release(): void {
    this.#kept = undefined;
  }

  /** Nothing will be sent any more: what still comes is thrown away as it is read. */
  stop(): void {
    this.#to = undefined;
    this.#kept = undefined;
  }

  #read(): void {
    if (this.#reading) return;
    this.#reading = true;
    this.#request.on("data", (chunk: Buffer) => this.#take(chunk));
    this.#request.once("end", () => {
      this.#ended = true;
      const to = this.#to;
      if (to !== undefined && !to.destroyed && this.#received <= this.#maxBytes) this.#end();
    });
  }

  #take(chunk: Buffer): void {
    if (this.#received > this.#maxBytes) return;
    this.#received += chunk.length;
    if (this.#received > this.#maxBytes) {
      this.stop();
      this.#tooLarge();
      return;
    }
    if (this.#received > KEPT_BYTES) this.#kept = undefined;
    else this.#kept?.push(chunk);
    const to = this.#to;
    if (to === undefined) return;
    // One that fails says so a moment later; until then the rest waits.
    if (to.destroyed) this.rewind();
    else if (!to.write(chunk)) this.#request.pause();
  }
}
