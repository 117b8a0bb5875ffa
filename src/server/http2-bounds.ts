import { constants, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";

export interface Http2Bounds {
  /** Of one request's header list, as HTTP/2 counts it (RFC 9113 §6.5.2). */
  readonly maxHeaderBytes: number;
  /** Time for a new connection to say its settings, ms. */
  readonly beginMs: number;
  /** Told why a connection was ended. */
  readonly onShed: (reason: ShedReason, peer: string | undefined) => void;
}

/** Why a connection was ended: it never began, its headers are too long, or its frames carry nothing. */
export type ShedReason = "never_began" | "headers" | "frames";

/** What HTTP/2 adds to each header's name and value. */
const PAIR_BYTES = 32;
/** Memory of a stream without its headers. */
const STREAM_BYTES = 4 * 1024;
/** Of all streams of one listener that are open. About 16,000 small requests at once. */
const MAX_OPEN_BYTES = 64 * 1024 * 1024;

/** How often connections are looked at, ms. */
const LOOK_MS = 500;
/** Bytes a second, and at once, of a connection that are neither data nor the headers of a request. */
const IDLE_BYTES_A_SECOND = 512 * 1024;
const IDLE_BYTES_AT_ONCE = 2 * 1024 * 1024;
/** What the frames of a request may have beside its data: headers, window updates. */
const BYTES_A_STREAM = 4 * 1024;

interface Watched {
  readonly session: ServerHttp2Session;
  /** Bytes of the connection that were looked at. */
  read: number;
  /** Bytes that came with a request since. */
  useful: number;
  /** What may still come beside them. */
  allowance: number;
}

/**
 * Bounds what the connections of an HTTP/2 server may cost. Node bounds the number of headers and not their length
 * until a peer has confirmed its settings, which a hostile one never does; and it takes any number of frames that ask
 * for nothing, such as PRIORITY and WINDOW_UPDATE. Neither shows before it is there, so both end the connection.
 */
export function boundHttp2(server: Http2Server, bounds: Http2Bounds): void {
  const watched = new Map<ServerHttp2Session, Watched>();
  let openBytes = 0;
  let timer: NodeJS.Timeout | undefined;
  server.updateSettings({ maxHeaderListSize: bounds.maxHeaderBytes });

  const shed = (session: ServerHttp2Session, reason: ShedReason): void => {
    if (session.destroyed) return;
    bounds.onShed(reason, session.socket?.remoteAddress);
    session.destroy(constants.NGHTTP2_ENHANCE_YOUR_CALM as never);
  };
  const look = (): void => {
    for (const one of watched.values()) if (isBusyForNothing(one)) shed(one.session, "frames");
  };

  server.on("session", (session) => {
    watched.set(session, { session, read: 0, useful: 0, allowance: IDLE_BYTES_AT_ONCE });
    timer ??= setInterval(look, LOOK_MS).unref();
    const beginning = setTimeout(() => shed(session, "never_began"), bounds.beginMs).unref();
    session.once("remoteSettings", () => clearTimeout(beginning));
    session.once("close", () => {
      clearTimeout(beginning);
      watched.delete(session);
      if (watched.size > 0) return;
      clearInterval(timer);
      timer = undefined;
    });
  });
  const admits = (stream: ServerHttp2Stream, rawHeaders: readonly string[]): boolean => {
    const session = stream.session as ServerHttp2Session | undefined;
    const one = session === undefined ? undefined : watched.get(session);
    // Node tells of all streams that came with one read, also where the first of them ended the connection.
    if (one === undefined || session?.destroyed !== false || stream.destroyed) {
      stream.on("error", () => {});
      return false;
    }
    const headerBytes = sizeOf(rawHeaders);
    const bytes = STREAM_BYTES + headerBytes;
    const tooLong = headerBytes > bounds.maxHeaderBytes;
    if (tooLong || openBytes + bytes > MAX_OPEN_BYTES) {
      stream.on("error", () => {});
      if (tooLong) shed(session, "headers");
      else stream.close(constants.NGHTTP2_REFUSED_STREAM);
      return false;
    }
    openBytes += bytes;
    stream.once("close", () => {
      openBytes -= bytes;
    });
    one.useful += headerBytes + BYTES_A_STREAM;
    countData(stream, one);
    return true;
  };
  // The handlers of the server would answer on a stream that is gone, which throws; so they are not told.
  const { emit } = server;
  server.emit = (event: string | symbol, ...told: unknown[]): boolean => {
    if (event === "stream" && !admits(told[0] as ServerHttp2Stream, told[3] as string[])) return true;
    return emit.call(server, event, ...told);
  };
}

/** Sees the data as Node hands it to the stream: a listener for it would have the stream flow. */
function countData(stream: ServerHttp2Stream, one: Watched): void {
  const { push } = stream;
  stream.push = (chunk: Buffer | null, encoding?: BufferEncoding): boolean => {
    // As much again: small messages have small frames, whose heads are as long.
    if (chunk !== null) one.useful += chunk.length * 2;
    return push.call(stream, chunk, encoding);
  };
}

function isBusyForNothing(one: Watched): boolean {
  const read = one.session.socket?.bytesRead ?? one.read;
  const idle = read - one.read - one.useful;
  one.read = read;
  one.useful = 0;
  one.allowance =
    Math.min(IDLE_BYTES_AT_ONCE, one.allowance + IDLE_BYTES_A_SECOND * (LOOK_MS / 1000)) - Math.max(0, idle);
  return one.allowance < 0;
}

function sizeOf(rawHeaders: readonly string[]): number {
  let bytes = (rawHeaders.length / 2) * PAIR_BYTES;
  for (const text of rawHeaders) bytes += text.length;
  return bytes;
}
