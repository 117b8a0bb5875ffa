import type { IncomingMessage } from "node:http";
import { isLoopback } from "./endpoint.ts";
import { hostName } from "./host-check.ts";

/** What proxies add, some of them all, some none. */
const FORWARDING = /^(?:forwarded|x-forwarded-.+|x-real-ip|via)$/;

/**
 * True for a request that a program on this machine makes itself, by one of the machine's own names for itself. A proxy
 * on this machine passes on what others ask: it says so in a header, passes on the name that they asked by, or speaks
 * HTTP/1.0, as nginx does unless told otherwise.
 */
export function isFromThisMachine({ socket, headers, httpVersion }: IncomingMessage): boolean {
  if (!isLoopback(socket.remoteAddress ?? "") || httpVersion === "1.0") return false;
  if (Object.keys(headers).some((name) => FORWARDING.test(name))) return false;
  return isLoopback(hostName(headers.host ?? "") ?? "");
}
