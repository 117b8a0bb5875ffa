import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { unmappedAddress } from "../../model/net/unmapped-address.ts";
import { admittedOf, mayDo } from "../../server/admission/admitted.ts";
import type { Registrant } from "../registry/registrants.ts";

/** `missing`: no credential was shown; `wrong`: one that is not known. */
export type TokenVerdict = "granted" | "missing" | "wrong";

/**
 * Compares what a request shows (`X-Consul-Token`, or `Authorization: Bearer`) with the tokens, in constant time.
 * Without tokens everybody has access. Where the collector has access control, the listener has asked already.
 */
export class TokenAccess {
  readonly #digests: readonly Buffer[];

  constructor(tokens: readonly string[]) {
    this.#digests = tokens.map(digest);
  }

  /** Whether a token is asked for at all. */
  get asks(): boolean {
    return this.#digests.length > 0;
  }

  check(request: IncomingMessage): TokenVerdict {
    if (admittedOf(request) !== undefined) return "granted";
    if (this.#digests.length === 0) return "granted";
    const shown = shownToken(request);
    if (shown === undefined) return "missing";
    const seen = digest(shown);
    let known = false;
    // All are compared, so that the time does not tell which one was close.
    for (const expected of this.#digests) known = timingSafeEqual(seen, expected) || known;
    return known ? "granted" : "wrong";
  }
}

/** Who asks, once it has access. */
export function registrantOf(request: IncomingMessage, access: TokenAccess): Registrant {
  const address = unmappedAddress(request.socket.remoteAddress ?? "127.0.0.1");
  return {
    address,
    hasToken: (access.asks || admittedOf(request)?.caller !== undefined) && isRegistrant(request, access),
  };
}

/** Whether a request may register services, and see what their checks have seen. */
export function isRegistrant(request: IncomingMessage, access: TokenAccess): boolean {
  return mayDo(request, "registry") && access.check(request) === "granted";
}

function shownToken({ headers }: IncomingMessage): string | undefined {
  const own = headers["x-consul-token"];
  if (typeof own === "string" && own !== "") return own;
  return /^Bearer +(\S+)$/i.exec(headers.authorization ?? "")?.[1];
}

function digest(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
