import type { Writable } from "node:stream";
import type { GuardedRequest } from "./request-guard.ts";
import type { AnyRequest } from "./response.ts";

/** True where a body follows. HTTP/1 says so by its framing, HTTP/2 by leaving the stream open. */
export function hasBody(request: AnyRequest, guarded: GuardedRequest): boolean {
  if ("stream" in request) return !(request.stream as { endAfterHeaders?: boolean }).endAfterHeaders;
  return guarded.chunked || (guarded.contentLength ?? 0) > 0;
}

/** Bytes of a body that are kept until its response begins, so that it can be sent again. */
const KEPT_BYTES = 64 * 1024;

/**
 * A request's body on its way to an upstream, as fast as the upstream takes it. A small body can be sent once more from
 * its start as long as no response has begun.
 */
export class RequestBody {
  readonly #request: AnyRequest;
  readonly #maxBytes: number;
  readonly #tooLarge: () => void;
  #received = 0;
  #ended = false;
  /** All that came. Undefined once that is more than is kept, or is not needed any more. */
  #kept: Buffer[] | undefined = [];
  #to: Writable | undefined;
  #end: () => void = () => {};
  #reading = false;

  /** `tooLarge` is called once there are more than `maxBytes`. Nothing is sent after it. */
  constructor(request: AnyRequest, maxBytes: number, tooLarge: () => void) {
    this.#request = request;
    this.#maxBytes = maxBytes;
    this.#tooLarge = tooLarge;
  }

  /**
   * Sends what came and what still comes, then calls `end`. May be called once, and again after each successful
   * `rewind`.
   */
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

  /** Lets go of what is kept: nothing will be sent again. */
  release(): void {
    this.#kept = undefined;
  }

  /** Throws away what still comes as it is read: nothing will be sent any more. */
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
    // An upstream that fails says so a moment later. Until then the rest waits.
    if (to.destroyed) this.rewind();
    else if (!to.write(chunk)) this.#request.pause();
  }
}
