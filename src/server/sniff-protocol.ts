import type { Socket } from "node:net";

/** What an HTTP/2 connection begins with (RFC 9113 §3.4). */
const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** What a connection turned out to speak. It is `gone` where it ended before it said enough. */
export type SniffedProtocol = "http1" | "http2" | "gone";

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
    decided(matches ? "http2" : "http1");
    if (!matches) socket.resume();
  };
  const release = (): void => {
    clearTimeout(timer);
    socket.off("data", onData).off("error", giveUp).off("close", gone).off("end", giveUp);
  };
  socket.on("data", onData).on("error", giveUp).once("close", gone).once("end", giveUp);
}
