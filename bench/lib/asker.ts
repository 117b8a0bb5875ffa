import { once } from "node:events";
import { connect, type Socket } from "node:net";

/**
 * Asks one server over one kept connection and reads no more of the answers than it must: `fetch` takes 5 ms itself at
 * the 99th percentile of asking an idle server, which is more than most of the answers measured here.
 */
export class Asker {
  readonly #socket: Socket;
  readonly #host: string;

  private constructor(socket: Socket, host: string) {
    this.#socket = socket;
    this.#host = host;
  }

  /** @param base `http://host:port` of the server. */
  static async connect(base: string): Promise<Asker> {
    const { hostname, port, host } = new URL(base);
    const socket = connect(Number(port), hostname);
    socket.setNoDelay(true);
    await once(socket, "connect");
    return new Asker(socket, host);
  }

  /**
   * One GET.
   * @returns ms until its whole answer was here
   * @throws where it is not a 200, or the connection ends before the answer does
   */
  ask(path: string): Promise<number> {
    return new Promise((resolve, reject) => {
      const socket = this.#socket;
      const answer = new Answer();
      const at = performance.now();
      const done = (failure?: Error) => {
        socket.off("data", read).off("close", ended).off("error", done);
        if (failure !== undefined) reject(failure);
        else if (answer.status !== 200) reject(new Error(`${path} was answered with ${answer.status}`));
        else resolve(performance.now() - at);
      };
      const read = (bytes: Buffer) => {
        answer.add(bytes);
        if (answer.complete) done();
      };
      const ended = () => done(new Error(`${path}: the connection ended within the answer`));
      socket.on("data", read).on("close", ended).on("error", done);
      socket.write(`GET ${path} HTTP/1.1\r\nhost: ${this.#host}\r\naccept-encoding: identity\r\n\r\n`);
    });
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** How much of an answer is here. */
class Answer {
  status = 0;
  complete = false;
  #head = "";
  /** Bytes of the body that are missing; -1 while it comes in chunks. */
  #missing = -1;
  /** The last bytes of a body in chunks. */
  #tail = "";

  add(bytes: Buffer): void {
    const body = this.status === 0 ? this.#readHead(bytes) : bytes;
    if (body === undefined) return;
    if (this.#missing >= 0) {
      this.#missing -= body.length;
      this.complete = this.#missing <= 0;
    } else {
      // No JSON text holds a bare carriage return, so this is the last chunk and nothing else.
      this.#tail = (this.#tail + body.toString("latin1", Math.max(0, body.length - 7))).slice(-7);
      this.complete = this.#tail.endsWith("0\r\n\r\n");
    }
  }

  /** The rest of the bytes after the head, as soon as all of that is here. */
  #readHead(bytes: Buffer): Buffer | undefined {
    const before = this.#head.length;
    this.#head += bytes.toString("latin1");
    const end = this.#head.indexOf("\r\n\r\n");
    if (end < 0) return undefined;
    const head = this.#head.slice(0, end);
    this.status = Number(head.slice(9, 12));
    const length = /\r\ncontent-length: *(\d+)/i.exec(head);
    if (length !== null) this.#missing = Number(length[1]);
    return bytes.subarray(end + 4 - before);
  }
}
