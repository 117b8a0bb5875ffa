import type { ClientHttp2Session, ClientHttp2Stream, OutgoingHttpHeaders } from "node:http2";
import type { LookupFunction, Socket } from "node:net";
import { UpstreamTimeoutError } from "./upstream-request.ts";

export interface SessionSettings {
  readonly lookup: LookupFunction;
  readonly connectMs: number;
  /** A connection without calls is closed after this silence, and one with calls is asked whether it lives, ms. */
  readonly idleMs: number;
  readonly maxAnswerHeaderBytes: number;
  readonly rejectUnauthorized: boolean;
  readonly ca: Buffer | undefined;
}

/** Servers of gRPC allow one PING in five minutes. They take more frequent ones for an attack. */
const PING_INTERVAL_MS = 310_000;
/** A connection has this many stream numbers (RFC 9113 §5.1.1). */
const MAX_STREAMS = 2 ** 30 - 1;

/** One HTTP/2 connection to an instance. */
export class UpstreamSession {
  readonly #session: ClientHttp2Session;
  readonly #socket: Socket;
  readonly #settings: SessionSettings;
  #streams = 0;
  #opened = 0;
  #pingedAtMs = Number.NEGATIVE_INFINITY;

  constructor(session: ClientHttp2Session, socket: Socket, settings: SessionSettings) {
    this.#session = session;
    this.#socket = socket;
    this.#settings = settings;
    session.setTimeout(settings.idleMs);
    session.on("timeout", () => this.#silent());
  }

  /** False once it is closed, is said to close (GOAWAY), or has as many streams as the upstream allows. */
  get hasRoom(): boolean {
    const session = this.#session;
    if (session.closed || session.destroyed || this.#socket.destroyed || this.#opened >= MAX_STREAMS) return false;
    // An upstream that allows none now may do so later. A stream waits for that: further connections would not help.
    return this.#streams < Math.max(1, session.remoteSettings.maxConcurrentStreams ?? MAX_STREAMS);
  }

  /** The connection is gone. What ends a stream then was no decision of the upstream about it. */
  get lost(): boolean {
    return this.#socket.destroyed || this.#session.destroyed;
  }

  /** The upstream has said that it takes no further streams here. */
  get leaving(): boolean {
    return this.#session.closed;
  }

  /**
   * Opens a stream whose body is open.
   * @throws for headers that HTTP/2 does not allow
   */
  request(headers: OutgoingHttpHeaders): ClientHttp2Stream {
    const stream = this.#session.request(headers, { endStream: false });
    this.#streams++;
    this.#opened++;
    stream.once("close", () => {
      this.#streams--;
    });
    return stream;
  }

  destroy(): void {
    this.#session.destroy();
  }

  #silent(): void {
    const session = this.#session;
    if (this.#streams === 0) {
      session.close();
      return;
    }
    const { idleMs, connectMs } = this.#settings;
    session.setTimeout(idleMs);
    const nowMs = performance.now();
    if (nowMs - this.#pingedAtMs < PING_INTERVAL_MS) return;
    this.#pingedAtMs = nowMs;
    const timer = setTimeout(() => {
      session.destroy(new UpstreamTimeoutError("timeout", `no answer to a PING within ${connectMs} ms`));
    }, connectMs);
    if (!session.ping(() => clearTimeout(timer))) clearTimeout(timer);
  }
}
