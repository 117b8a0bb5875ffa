import { type LookupAddress, type LookupOptions, lookup } from "node:dns";
import type { LookupFunction } from "node:net";
import { inNetworks } from "./networks.ts";

/**
 * True for link-local addresses (RFC 3927, RFC 4291 §2.5.6), IPv4-mapped ones too, and for the addresses outside those
 * ranges under which clouds serve instance credentials: nothing that is configured or registered may make the collector
 * talk to them. False for names; those are checked when they resolve.
 */
export function isLinkLocal(host: string): boolean {
  return isOfThem(host.replace(/^\[|\]$/g, "").replace(/%.*$/, ""));
}

const isOfThem = inNetworks(["169.254.0.0/16", "fe80::/10", "fd00:ec2::254", "100.100.100.200"]);

/** An address that must not be talked to; no repetition helps. */
export class LinkLocalError extends Error {
  /** @param rule who never goes there, or how to allow it */
  constructor(host: string, rule: string) {
    super(`${host} is a link-local address; ${rule}`);
    this.name = "LinkLocalError";
  }
}

type Resolve = (
  hostname: string,
  options: LookupOptions & { readonly all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * For the `lookup` option of sockets: link-local addresses are left out of what a name resolves to, at the moment of
 * connecting, so a name that later points elsewhere gets nothing either. A name with no other address is a
 * LinkLocalError.
 * @param rule see LinkLocalError
 */
export function guardedLookup(rule: string, resolve: Resolve = lookup): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) {
        callback(error, []);
        return;
      }
      const allowed = addresses.filter(({ address }) => !isLinkLocal(address));
      const [first] = allowed;
      if (first === undefined) {
        const all = addresses.map(({ address }) => address).join(", ");
        callback(new LinkLocalError(`${hostname} (${all})`, rule), []);
      } else if (options.all === true) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}
