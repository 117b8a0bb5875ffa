import { type LookupAddress, lookup } from "node:dns";
import type { LookupFunction } from "node:net";
import { isLinkLocal } from "../component/link-local.ts";
import { linkLocalMessage } from "./common-config.ts";

type Resolve = (
  hostname: string,
  options: { all: true; family?: number | "IPv4" | "IPv6"; hints?: number },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * Name resolution for sockets that leaves out link-local addresses, so that a name which is made to point at a cloud's
 * metadata service gets no spans. A name with no other address is an error.
 */
export function guardedLookup(resolve: Resolve = lookup): LookupFunction {
  return (hostname, options, callback) => {
    const { family, hints } = options;
    const asked = { ...(family === undefined ? {} : { family }), ...(hints === undefined ? {} : { hints }) };
    resolve(hostname, { ...asked, all: true }, (error, addresses) => {
      if (error !== null) {
        callback(error, []);
        return;
      }
      const allowed = addresses.filter(({ address }) => !isLinkLocal(address));
      const [first] = allowed;
      if (first === undefined) {
        callback(new Error(`${hostname}: ${linkLocalMessage(addresses.map(({ address }) => address).join(", "))}`), []);
      } else if (options.all === true) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}
