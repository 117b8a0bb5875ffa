import type { Duplex } from "node:stream";
import type { Endpoint } from "../../component/endpoint.ts";
import type { Logger } from "../../component/logger.ts";
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
  readonly address: Endpoint;
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
    const address = await this.#start(config, undefined);
    this.#serving = { config, onStream, address };
    return { address, close: (signal) => this.#close(signal) };
  }

  takeStream({ port, peer }: FromQuery & { type: "stream" }): void {
    if (this.#serving === undefined) port.close();
    else this.#serving.onStream(new PortStream(port, peer));
  }

  /** The thread runs again. */
  async resume(): Promise<void> {
    if (this.#serving === undefined) return;
    const { config, address } = this.#serving;
    try {
      await this.#start(config, address);
    } catch (error) {
      this.#logger.error("the server of the query thread did not start again", {
        reason: messageOf(error),
      });
      this.#retry = setTimeout(() => void this.resume(), RETRY_MS);
    }
  }

  #start(config: unknown, at: Endpoint | undefined): Promise<Endpoint> {
    return this.#thread().request<Endpoint>((id) => ({ type: "serve", id, config, at })).answer;
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
