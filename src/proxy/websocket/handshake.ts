import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { headerValues } from "../message/headers.ts";

/** RFC 6455 §1.3. */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/** 16 bytes in base64. */
const KEY = /^[A-Za-z0-9+/]{21}[AQgw]==$/;

/** True for a request that wants to open a tunnel (RFC 6455 §4.1). */
export function isWebSocket({ method, headers }: IncomingMessage): boolean {
  return method === "GET" && headers.upgrade?.trim().toLowerCase() === "websocket";
}

/**
 * What is wrong with a request that wants to open a tunnel. Without a key its answer proves nothing, and a request that
 * a page can make would open the tunnel as well.
 */
export function handshakeProblem({ rawHeaders }: IncomingMessage): string | undefined {
  const keys = headerValues(rawHeaders, "sec-websocket-key");
  if (keys.length === 1 && KEY.test((keys[0] as string).trim())) return undefined;
  return "a WebSocket handshake has one Sec-WebSocket-Key of 16 bytes in base64";
}

/** True for the headers of a 101 that answer this handshake, and no other (RFC 6455 §4.2.2). */
export function isAccepted(request: IncomingMessage, rawHeaders: readonly string[]): boolean {
  const [key = ""] = headerValues(request.rawHeaders, "sec-websocket-key");
  const proof = createHash("sha1").update(key.trim()).update(GUID).digest("base64");
  const [upgrade, ...others] = headerValues(rawHeaders, "upgrade");
  const proofs = headerValues(rawHeaders, "sec-websocket-accept");
  if (others.length > 0 || upgrade?.trim().toLowerCase() !== "websocket") return false;
  return proofs.length === 1 && proofs[0]?.trim() === proof;
}
