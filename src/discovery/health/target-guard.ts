import { lookup as dnsLookup, type LookupAddress } from "node:dns";
import type { LookupFunction } from "node:net";
import { isLinkLocal } from "../../component/link-local.ts";

/** An address that health checks must not touch. */
export class RefusedTargetError extends Error {
  constructor(host: string, address: string) {
    const via = host === address ? host : `${host} (${address})`;
    super(`${via} is a link-local address; health checks go there only with health.allow_link_local`);
    this.name = "RefusedTargetError";
  }
}

/** @throws RefusedTargetError for a literal link-local address. Names are checked when they resolve. */
export function assertLiteralAllowed(host: string, allowLinkLocal: boolean): void {
  if (!allowLinkLocal && isLinkLocal(host)) throw new RefusedTargetError(host, host);
}

/**
 * For the `lookup` option of sockets: what a name resolves to is checked at the moment of connecting, so a name that
 * later points elsewhere is refused as well.
 */
export function guardedLookup(allowLinkLocal: boolean): LookupFunction {
  return (hostname, options, callback) => {
    dnsLookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      if (error !== null) {
        callback(error, []);
        return;
      }
      const refused = allowLinkLocal ? undefined : addresses.find(({ address }) => isLinkLocal(address));
      const first = addresses[0];
      if (refused !== undefined) callback(new RefusedTargetError(hostname, refused.address), []);
      else if (options.all === true || first === undefined) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}
