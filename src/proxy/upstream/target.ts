import { lookup as dnsLookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { PermanentError } from "../../component/errors.ts";
import { isLinkLocal } from "../../component/link-local.ts";

/** Where a request goes. */
export interface Target {
  readonly secure: boolean;
  /** Name or address, without brackets. */
  readonly host: string;
  readonly port: number;
  /** As a Host header: `10.0.0.1:80`, `[::1]:80`. */
  readonly authority: string;
  /** Path that goes before every request's, without trailing slash. Often empty. */
  readonly basePath: string;
}

export interface LinkLocalRule {
  readonly allowLinkLocal: boolean;
  /** For messages: `proxy.routes[0]`. */
  readonly key: string;
}

/** The target of a URL that the config or a registry gave. */
export function targetOf(text: string): Target {
  const url = new URL(text);
  const secure = url.protocol === "https:";
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = url.port === "" ? (secure ? 443 : 80) : Number(url.port);
  const basePath = url.pathname.replace(/\/+$/, "");
  return { secure, host, port, authority: `${isIP(host) === 6 ? `[${host}]` : host}:${port}`, basePath };
}

/** A lookup for sockets. It checks what a name resolves to at the moment of connecting. */
export function upstreamLookup(allowLinkLocal: boolean): LookupFunction {
  return (hostname, options, callback) => {
    dnsLookup(hostname, { ...options, all: true }, (error, addresses) => {
      const first = addresses?.[0];
      if (error !== null) callback(error, []);
      else if (!allowLinkLocal && addresses.some(({ address }) => isLinkLocal(address))) {
        callback(linkLocalError(hostname), []);
      } else if (options.all === true || first === undefined) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

/** @throws PermanentError `config_invalid` for a link-local target that is not allowed */
export function refuseLinkLocal({ host }: Target, { allowLinkLocal, key }: LinkLocalRule): void {
  if (!allowLinkLocal && isLinkLocal(host)) {
    throw new PermanentError("config_invalid", `${key}.upstream: ${linkLocalError(host).message}`);
  }
}

function linkLocalError(host: string): Error {
  return new Error(`${host} is a link-local address; the proxy goes there only with proxy.allow_link_local`);
}
