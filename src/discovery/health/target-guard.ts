import { lookup } from "node:dns";
import type { LookupFunction } from "node:net";
import { guardedLookup, isLinkLocal, LinkLocalError } from "../../component/link-local.ts";

const RULE = "health checks go there only with health.allow_link_local";

/** @throws LinkLocalError for a literal link-local address. Names are checked when they resolve. */
export function assertAllowed(host: string, allowLinkLocal: boolean): void {
  if (!allowLinkLocal && isLinkLocal(host)) throw new LinkLocalError(host, RULE);
}

/** For the `lookup` option of sockets. */
export function targetLookup(allowLinkLocal: boolean): LookupFunction {
  return allowLinkLocal ? lookup : guardedLookup(RULE);
}
