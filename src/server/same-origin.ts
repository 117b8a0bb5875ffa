import type { IncomingHttpHeaders } from "node:http";

const READING: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Guard against cross-site request forgery: a request that may change something must not come from a page of another
 * origin. Browsers say so in `Sec-Fetch-Site` (W3C Fetch Metadata), older ones and plain-HTTP pages in `Origin`; a
 * request with neither comes from a program. `same-site` is foreign too: other ports of localhost are the same site.
 * @returns why the request is refused, or undefined
 */
export function crossOriginReason(method: string | undefined, headers: IncomingHttpHeaders): string | undefined {
  if (READING.has(method ?? "")) return undefined;
  const site = headers["sec-fetch-site"];
  if (site === "same-origin" || site === "none") return undefined;
  if (site !== undefined) return `a ${String(site)} page may not send ${method} requests here`;
  const { origin, host } = headers;
  if (origin === undefined || isOwnOrigin(origin, host)) return undefined;
  return `pages of ${origin} may not send ${method} requests here`;
}

/**
 * Guard of the reading APIs: a page of a foreign site cannot read their answers, but an `<img>` of it that asks for a
 * search has the search done. Pages of the same site, people and programs pass.
 * @returns why the request is refused, or undefined
 */
export function crossSiteReason(headers: IncomingHttpHeaders): string | undefined {
  return headers["sec-fetch-site"] === "cross-site" ? "a cross-site page may not ask this API" : undefined;
}

/** True for the origin of this very listener, behind TLS of its own or of a proxy or without. */
export function isOwnOrigin(origin: string, host: string | undefined): boolean {
  return host !== undefined && (origin === `http://${host}` || origin === `https://${host}`);
}
