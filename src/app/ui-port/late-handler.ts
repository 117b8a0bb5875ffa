import type { IncomingMessage, ServerResponse } from "node:http";
import type { Logger } from "../../component/logger.ts";
import { stackOf } from "../../component/reasons.ts";
import type { HttpHandler } from "../../server/http-listener.ts";

/** A handler that is made for the first request, or before where `load` is called. */
export class LateHandler {
  readonly #create: () => Promise<HttpHandler>;
  readonly #logger: Logger;
  #created: HttpHandler | undefined;
  #creating: Promise<HttpHandler> | undefined;

  constructor(create: () => Promise<HttpHandler>, logger: Logger) {
    this.#create = create;
    this.#logger = logger;
  }

  async load(): Promise<void> {
    this.#creating ??= this.#create();
    this.#created = await this.#creating;
  }

  readonly handle = (request: IncomingMessage, response: ServerResponse): void => {
    if (this.#created !== undefined) this.#created(request, response);
    else void this.#handleLate(request, response);
  };

  async #handleLate(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.load();
    } catch (error) {
      this.#logger.error("the web server cannot be loaded", { error: stackOf(error) });
      response.writeHead(500, { "content-type": "text/plain" }).end("the web server cannot be loaded\n");
      return;
    }
    this.#created?.(request, response);
  }
}
