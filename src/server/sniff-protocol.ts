import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { endGently } from "./connection-end.ts";

/** What an HTTP/2 connection begins with (RFC 9113 §3.4). */
const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** What a TLS record of a handshake begins with: its type, and SSL 3 or later (RFC 8446 §5.1). */
const HANDSHAKE = [22, 3] as const;
/** A fatal alert: handshake_failure. */
const ALERT = Buffer.from([21, 3, 1, 0, 2, 2, 40]);

/** What a connection turned out to speak. It is `gone` where it ended before it said enough. */
export type SniffedProtocol = "http1" | "http2" | "tls" | "gone";

/** True for the first bytes of TLS, which came to a port without. */
export function beginsTls(bytes: Uint8Array | undefined): boolean {
  return bytes?.[0] === HANDSHAKE[0] && bytes[1] === HANDSHAKE[1];
}

/** Refuses a handshake in words that TLS has: its client says so, instead of that it read nonsense. */
export function refuseTls(socket: Duplex): void {
  socket.write(ALERT);
  endGently(socket);
}

/** @param setting where TLS is turned on, where it can be */
export function tlsToPlain(setting: string | undefined): string {
  const turned = setting === undefined ? "" : `, or set ${setting}`;
  return `TLS came to a port without: ask by http:// (in gRPC: insecure) instead of https://${turned}`;
}

/** Reads until it is clear which protocol begins, and puts back what was read. */
export function sniffProtocol(socket: Socket, timeoutMs: number, decided: (decision: SniffedProtocol) => void): void {
  let seen: Buffer = Buffer.alloc(0);
  const giveUp = (): void => void socket.destroy();
  const timer = setTimeout(giveUp, timeoutMs);
  const gone = (): void => {
    release();
    decided("gone");
  };
  const onData = (chunk: Buffer): void => {
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
    const length = Math.min(seen.length, PREFACE.length);
    const matches = seen.subarray(0, length).equals(PREFACE.subarray(0, length));
    if (matches && length < PREFACE.length) return;
    socket.pause();
    release();
    socket.unshift(seen);
    decided(matches ? "http2" : beginsTls(seen) ? "tls" : "http1");
    if (!matches) socket.resume();
  };
  const release = (): void => {
    clearTimeout(timer);
    socket.off("data", onData).off("error", giveUp).off("close", gone).off("end", giveUp);
  };
  socket.on("data", onData).on("error", giveUp).once("close", gone).once("end", giveUp);
}
