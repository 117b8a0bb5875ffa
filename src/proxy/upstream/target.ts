import { lookup as dnsLookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { PermanentError } from "../../component/errors.ts";
import { guardedLookup, isLinkLocal, LinkLocalError } from "../../model/net/link-local.ts";

/** Ends the message of a LinkLocalError. */
const LINK_LOCAL_RULE = "the proxy goes there only with proxy.allow_link_local";

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

/** For the `lookup` option of sockets. */
export function upstreamLookup(allowLinkLocal: boolean): LookupFunction {
  return allowLinkLocal ? dnsLookup : guardedLookup(LINK_LOCAL_RULE);
}

/** @throws PermanentError `config_invalid` for a link-local target that is not allowed */
export function refuseLinkLocal({ host }: Target, { allowLinkLocal, key }: LinkLocalRule): void {
  if (!allowLinkLocal && isLinkLocal(host)) {
    throw new PermanentError("config_invalid", `${key}.upstream: ${new LinkLocalError(host, LINK_LOCAL_RULE).message}`);
  }
}
