import { type ClientHttp2Session, connect } from "node:http2";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import type { Target } from "./target.ts";
import { UpstreamTimeoutError } from "./upstream-request.ts";
import { type SessionSettings, UpstreamSession } from "./upstream-session.ts";

/** Waits for a connection. One of the two is called, once. `ready` opens its stream before it returns. */
export interface SessionObserver {
  ready(session: UpstreamSession): void;
  failed(error: unknown): void;
}

const TCP_KEEPALIVE_MS = 30_000;
/** What a TLS server says that knows none of the offered protocols. */
const ALPN_REFUSED = "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL";

/**
 * The HTTP/2 connections to the instances of one route. They are kept, and shared by calls. There are as many as the
 * calls need.
 */
export class UpstreamSessions {
  readonly #settings: SessionSettings;
  readonly #kept = new Map<string, Set<UpstreamSession>>();
  readonly #waiting = new Map<string, SessionObserver[]>();
  /** Ends connections that do not stand yet. */
  readonly #connecting = new Set<(error: Error) => void>();
  #closed = false;

  constructor(settings: SessionSettings) {
    this.#settings = settings;
  }

  /** Finds or makes a connection with room for a stream. */
  open(target: Target, observer: SessionObserver): void {
    if (this.#closed) {
      observer.failed(new Error("the proxy is stopping"));
      return;
    }
    const key = `${target.secure ? "https" : "http"}://${target.authority}`;
    for (const session of this.#kept.get(key) ?? []) {
      if (!session.hasRoom) continue;
      // The end of a connection may have arrived with the caller's request. It then waits its turn behind the request.
      setImmediate(() => (session.hasRoom ? observer.ready(session) : this.open(target, observer)));
      return;
    }
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) {
      waiting.push(observer);
      return;
    }
    this.#waiting.set(key, [observer]);
    this.#connect(key, target);
  }

  close(): void {
    this.#closed = true;
    for (const fail of this.#connecting) fail(new Error("the proxy is stopping"));
    for (const sessions of this.#kept.values()) for (const session of sessions) session.destroy();
  }

  #connect(key: string, target: Target): void {
    const { connectMs } = this.#settings;
    const socket = openSocket(target, this.#settings);
    let session: ClientHttp2Session | undefined;
    let settled = false;
    const settle = (): SessionObserver[] => {
      settled = true;
      clearTimeout(timer);
      this.#connecting.delete(fail);
      const waiting = this.#waiting.get(key) ?? [];
      this.#waiting.delete(key);
      return waiting;
    };
    const fail = (error: Error): void => {
      if (settled) return;
      const waiting = settle();
      session?.destroy();
      socket.destroy();
      for (const observer of waiting) observer.failed(error);
    };
    const timer = setTimeout(() => {
      fail(new UpstreamTimeoutError("connect_timeout", `no HTTP/2 connection within ${connectMs} ms`));
    }, connectMs);
    this.#connecting.add(fail);
    // A session that cannot read what comes ends its socket with the same error.
    const failed = (error: Error & { code?: string }): void => {
      const foreign = error.code === ALPN_REFUSED || error.code?.startsWith("ERR_HTTP2_") === true;
      fail(foreign ? coded("no_http2", `what it says is no HTTP/2: ${error.message}`) : error);
    };
    socket.on("error", failed);
    socket.once("close", () => fail(coded("ECONNRESET", "the connection was closed before it said anything")));
    socket.once(target.secure ? "secureConnect" : "connect", () => {
      if (target.secure && (socket as TLSSocket).alpnProtocol !== "h2") {
        fail(coded("no_http2", "it did not choose HTTP/2 in the TLS handshake"));
        return;
      }
      session = connect(key, {
        createConnection: () => socket,
        settings: { enablePush: false, maxHeaderListSize: this.#settings.maxAnswerHeaderBytes },
        maxHeaderListPairs: 1_000,
        maxSessionMemory: 32,
      });
      session.on("error", failed);
      // An HTTP/2 server says its settings first. Until then nothing was sent that anybody could have taken.
      session.once("remoteSettings", () => {
        if (settled) return;
        const waiting = settle();
        const opened = new UpstreamSession(session as ClientHttp2Session, socket, this.#settings);
        this.#keep(key, opened, session as ClientHttp2Session);
        for (const observer of waiting) {
          if (opened.hasRoom) observer.ready(opened);
          else this.open(target, observer);
        }
      });
    });
  }

  #keep(key: string, opened: UpstreamSession, session: ClientHttp2Session): void {
    const kept = this.#kept.get(key) ?? new Set();
    this.#kept.set(key, kept.add(opened));
    session.once("close", () => {
      kept.delete(opened);
      if (kept.size === 0) this.#kept.delete(key);
    });
  }
}

function openSocket({ secure, host, port }: Target, settings: SessionSettings): Socket {
  const { lookup, rejectUnauthorized, ca } = settings;
  const socket = secure
    ? connectTls({
        host,
        port,
        lookup,
        rejectUnauthorized,
        ALPNProtocols: ["h2"],
        ...(isIP(host) === 0 ? { servername: host } : {}),
        ...(ca === undefined ? {} : { ca }),
      })
    : connectTcp({ host, port, lookup });
  return socket.setNoDelay(true).setKeepAlive(true, TCP_KEEPALIVE_MS);
}

function coded(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
