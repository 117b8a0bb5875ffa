import { lookup } from "node:dns";
import type { LookupFunction } from "node:net";
import { guardedLookup, isLinkLocal, LinkLocalError } from "../../model/net/link-local.ts";
import { isEveryAddress, isLoopback } from "../../server/endpoint.ts";

const RULE = "health checks go there only with health.allow_link_local";

/** @throws LinkLocalError for a literal link-local address. Names are checked when they resolve. */
export function assertAllowed(host: string, allowLinkLocal: boolean): void {
  if (!allowLinkLocal && isLinkLocal(host)) throw new LinkLocalError(host, RULE);
}

/**
 * For the `lookup` option of sockets.
 * @param isForeign leave this machine's own addresses out of what a name resolves to
 */
export function targetLookup(allowLinkLocal: boolean, isForeign = false): LookupFunction {
  const guarded: LookupFunction = allowLinkLocal ? lookup : guardedLookup(RULE);
  return isForeign ? withoutLoopback(guarded) : guarded;
}

function withoutLoopback(resolve: LookupFunction): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, found) => {
      const all = Array.isArray(found) ? found : [];
      const others = all.filter(({ address }) => !isLoopback(address) && !isEveryAddress(address));
      const [first] = others;
      if (error !== null) callback(error, []);
      else if (first === undefined) {
        callback(new Error(`${hostname} is the collector's machine, and the registrant is on another`), []);
      } else if (options.all === true) callback(null, others);
      else callback(null, first.address, first.family);
    });
  };
}
