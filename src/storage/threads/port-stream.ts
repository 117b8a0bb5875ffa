import { Duplex } from "node:stream";
import type { MessagePort } from "node:worker_threads";

type PortMessage =
  | { readonly type: "chunk"; readonly bytes: Uint8Array }
  /** The last chunk was taken: the next may come. */
  | { readonly type: "taken" }
  | { readonly type: "end" };

/**
 * A byte stream between two threads over a message port, for node:http to speak over as over a socket. One chunk is
 * under way at a time, so a reader that does not read holds the writer up. A side that is destroyed or whose thread
 * ends ends the other.
 */
export class PortStream extends Duplex {
  /** Address of the client whose request this carries, as a socket has it. */
  readonly remoteAddress: string | undefined;
  readonly #port: MessagePort;
  #taken: (() => void) | undefined;
  #owesTaken = false;
  #ended = false;
  #gone = false;

  constructor(port: MessagePort, remoteAddress: string | undefined) {
    super();
    this.#port = port;
    this.remoteAddress = remoteAddress;
    port.on("message", (message: PortMessage) => this.#take(message));
    port.on("close", () => this.#closed());
  }

  #take(message: PortMessage): void {
    switch (message.type) {
      case "chunk":
        this.#owesTaken = true;
        if (this.push(message.bytes)) this.#tellTaken();
        return;
      case "taken": {
        const taken = this.#taken;
        this.#taken = undefined;
        taken?.();
        return;
      }
      case "end":
        this.#ended = true;
        this.push(null);
    }
  }

  /** The other side is gone. What it sent before its end can still be read; without an end it was cut off. */
  #closed(): void {
    this.#gone = true;
    if (!this.#ended && !this.destroyed) this.destroy(new Error("the other thread closed the stream"));
    this.#taken?.();
  }

  #tellTaken(): void {
    if (!this.#owesTaken) return;
    this.#owesTaken = false;
    this.#port.postMessage({ type: "taken" } satisfies PortMessage);
  }

  override _read(): void {
    this.#tellTaken();
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: () => void): void {
    if (this.#gone) {
      done();
      return;
    }
    this.#taken = done;
    // Cloned with the whole of the buffer that a view lies in, were it not copied.
    const bytes = new Uint8Array(chunk);
    this.#port.postMessage({ type: "chunk", bytes } satisfies PortMessage, [bytes.buffer]);
  }

  override _final(done: () => void): void {
    this.#port.postMessage({ type: "end" } satisfies PortMessage);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#taken = undefined;
    this.#port.close();
    done(error);
  }
}
