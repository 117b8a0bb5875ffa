import { connect, createServer, type Server, type Socket } from "node:net";

export { eventually } from "../eventually.ts";
export { testHost } from "../host.ts";

/** A TCP relay in front of a server: closed it refuses, stalled it takes connections and passes nothing on. */
export class TcpGate {
  #target: number;
  #server: Server | undefined;
  #port = 0;
  #stalled = false;
  readonly #sockets = new Set<Socket>();

  private constructor(target: number) {
    this.#target = target;
  }

  /** @param target port on 127.0.0.1 */
  static async open(target: number): Promise<TcpGate> {
    const gate = new TcpGate(target);
    await gate.open();
    return gate;
  }

  get port(): number {
    return this.#port;
  }

  async open(target = this.#target): Promise<void> {
    this.#target = target;
    this.#server = createServer((socket) => this.#relay(socket));
    await new Promise<void>((resolve, reject) => {
      this.#server?.once("error", reject).listen(this.#port, "127.0.0.1", resolve);
    });
    this.#port = (this.#server.address() as { port: number }).port;
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
  }

  stall(stalled: boolean): void {
    this.#stalled = stalled;
    for (const socket of this.#sockets) {
      if (stalled) socket.pause();
      else socket.resume();
    }
  }

  #relay(inner: Socket): void {
    const outer = connect(this.#target, "127.0.0.1");
    for (const [from, to] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      this.#sockets.add(from);
      from.on("data", (chunk) => to.write(chunk));
      from.on("error", () => to.destroy());
      from.on("close", () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      if (this.#stalled) from.pause();
    }
  }
}
