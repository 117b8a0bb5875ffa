import type { Duplex } from "node:stream";
import { MessageChannel } from "node:worker_threads";
import type { Logger } from "../../component/logger.ts";
import type { Connect, ReadAddresses } from "../../component/read.ts";
import type { ServedReads } from "../../component/store.ts";
import { messageOf } from "../../model/message-of.ts";
import type { FromQuery, ToQuery } from "./messages.ts";
import { PortStream } from "./port-stream.ts";
import type { ThreadClient } from "./thread-client.ts";

/** How long after a failed attempt a server that had been running is started again, ms. */
const RETRY_MS = 1_000;

interface Serving {
  readonly config: unknown;
  readonly onStream: (stream: Duplex) => void;
  readonly addresses: ReadAddresses;
}

/**
 * The main thread's end of the server in the query thread: starts it, takes the streams that it opens, and has it
 * listen on the same port again in the thread that takes the place of one that died.
 */
export class ReadServing {
  readonly #thread: () => ThreadClient<ToQuery, FromQuery>;
  readonly #logger: Logger;
  #serving: Serving | undefined;
  #retry: NodeJS.Timeout | undefined;

  constructor(thread: () => ThreadClient<ToQuery, FromQuery>, logger: Logger) {
    this.#thread = thread;
    this.#logger = logger;
  }

  /** As SpanStore.serve. */
  async serve(config: unknown, onStream: (stream: Duplex) => void): Promise<ServedReads> {
    const addresses = await this.#start(config, undefined);
    this.#serving = { config, onStream, addresses };
    return { addresses, connect: this.#connect, close: (signal) => this.#close(signal) };
  }

  takeStream({ port, peer }: FromQuery & { type: "stream" }): void {
    if (this.#serving === undefined) port.close();
    else this.#serving.onStream(new PortStream(port, peer));
  }

  /** The thread runs again. */
  async resume(): Promise<void> {
    if (this.#serving === undefined) return;
    const { config, addresses } = this.#serving;
    try {
      await this.#start(config, addresses);
    } catch (error) {
      this.#logger.error("the server of the query thread did not start again", {
        reason: messageOf(error),
      });
      this.#retry = setTimeout(() => void this.resume(), RETRY_MS);
    }
  }

  /** A stream to a thread that is down ends at once. */
  readonly #connect: Connect = (peer) => {
    const { port1, port2 } = new MessageChannel();
    if (!this.#thread().send({ type: "accept", port: port2, peer }, [port2])) port2.close();
    return new PortStream(port1, peer);
  };

  #start(config: unknown, at: ReadAddresses | undefined): Promise<ReadAddresses> {
    return this.#thread().request<ReadAddresses>((id) => ({ type: "serve", id, config, at })).answer;
  }

  async #close(signal: AbortSignal): Promise<void> {
    clearTimeout(this.#retry);
    const hurry = () => this.#thread().send({ type: "hurry" });
    const closed = this.#thread().request<void>((id) => ({ type: "stop_serving", id })).answer;
    if (signal.aborted) hurry();
    else signal.addEventListener("abort", hurry, { once: true });
    try {
      // A thread that is down has no server.
      await closed.catch(() => {});
    } finally {
      signal.removeEventListener("abort", hurry);
      this.#serving = undefined;
    }
  }
}
