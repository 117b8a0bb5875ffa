import type { IncomingMessage } from "node:http";

/** True for a request that a program on this machine makes itself: not one that a proxy here says it passes on. */
export function isFromThisMachine({ socket, headers }: IncomingMessage): boolean {
  const loopback = /^(::1|127\.\d+\.\d+\.\d+|::ffff:127\.\d+\.\d+\.\d+)$/.test(socket.remoteAddress ?? "");
  const forwarded = ["forwarded", "x-forwarded-for", "x-real-ip", "via"].some((name) => headers[name] !== undefined);
  return loopback && !forwarded;
}
