import type { RequestListener } from "node:http";
import type { Connect } from "../component/read.ts";
import type { ReceiverSettings } from "../component/receiver.ts";
import { relay } from "../server/relay.ts";
import { componentType } from "./config/components.ts";

/** Types of receivers whose ports have readers. */
const READ_TYPES: ReadonlySet<string> = new Set(["zipkin"]);

/** Seconds. */
const RETRY_AFTER = "1";

/** Answers readers on the ports of receivers: what they ask goes to the thread that answers reads. */
export class PortReads {
  #connect: Connect | undefined;

  /** From now on readers are answered; before, they are told to come again. */
  open(connect: Connect): void {
    this.#connect = connect;
  }

  /** As ReceiverSettings.reads. */
  readonly ofReceiver: NonNullable<ReceiverSettings["reads"]> = (name) =>
    READ_TYPES.has(componentType(name)) ? this.#handler : undefined;

  readonly #handler: RequestListener = (request, response) => {
    if (this.#connect !== undefined) {
      relay(request, response, this.#connect(request.socket.remoteAddress));
      return;
    }
    response.writeHead(503, { "content-type": "text/plain", "retry-after": RETRY_AFTER });
    response.end("not answered yet: the collector is starting\n");
  };
}
