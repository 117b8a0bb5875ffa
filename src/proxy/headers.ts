import { isIP } from "node:net";
import type { HeaderPair } from "../propagation/context.ts";

/** Of one connection only (RFC 9110 §7.6.1, and the older names that software still sends). */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "connection",
  "http2-settings",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
/** What says where a request came from: kept from trusted callers alone. */
const FORWARDED = /^(?:forwarded|x-forwarded-.*|x-real-ip)$/;
/** Headers that `Connection` must not take away: the proxy's own decisions rest on them. */
const PROTECTED: ReadonlySet<string> = new Set(["host", "content-length", "via"]);

export interface ForwardedFrom {
  /** Address of the peer. */
  readonly address: string | undefined;
  readonly scheme: "http" | "https";
  /** The Host header as it came. */
  readonly authority: string | undefined;
  /** Keep what the peer says about those before it. */
  readonly trusted: boolean;
}

export interface UpstreamHeaders {
  readonly rawHeaders: readonly string[];
  readonly from: ForwardedFrom;
  /** Host header to send. */
  readonly authority: string;
  /** `1.1 spanloom-3f2a`: protocol and pseudonym for `Via`. */
  readonly via: string;
  /** Trace headers to send, in place of those that `isTraceHeader` names. */
  readonly trace: readonly HeaderPair[];
  /** Of lower-case names. */
  readonly isTraceHeader: (name: string) => boolean;
  /** Framing and connection headers of the new request. */
  readonly own: readonly string[];
}

/** Flat list of a request's headers as an upstream gets them. */
export function upstreamHeaders(request: UpstreamHeaders): string[] {
  const { rawHeaders, from } = request;
  const listed = connectionListed(rawHeaders);
  const out: string[] = ["Host", request.authority];
  const forwarded = new Map<string, string[]>();
  const cookies: string[] = [];
  const via: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    const value = rawHeaders[i + 1] as string;
    const key = name.toLowerCase();
    if (key.startsWith(":") || key === "host" || key === "content-length" || key === "expect") continue;
    if (HOP_BY_HOP.has(key) || listed.has(key) || request.isTraceHeader(key)) continue;
    if (key === "via") via.push(value);
    else if (key === "cookie") cookies.push(value);
    else if (FORWARDED.test(key)) forwarded.set(key, [...(forwarded.get(key) ?? []), value]);
    else out.push(name, value);
  }
  // HTTP/2 may send a cookie in several pieces; HTTP/1.1 has one header (RFC 9113 §8.2.3).
  if (cookies.length > 0) out.push("Cookie", cookies.join("; "));
  out.push("Via", [...via, request.via].join(", "));
  out.push(...forwardedHeaders(from, from.trusted ? forwarded : new Map()));
  for (const [name, value] of request.trace) out.push(name, value);
  out.push(...request.own);
  return out;
}

/** Flat list of a response's headers as the caller gets them; `keepTrailer` where trailers can follow. */
export function callerHeaders(rawHeaders: readonly string[], keepTrailer: boolean): string[] {
  const listed = connectionListed(rawHeaders);
  const out: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const key = (rawHeaders[i] as string).toLowerCase();
    if (key === "trailer" && keepTrailer) out.push(rawHeaders[i] as string, rawHeaders[i + 1] as string);
    else if (!HOP_BY_HOP.has(key) && !listed.has(key)) out.push(rawHeaders[i] as string, rawHeaders[i + 1] as string);
  }
  return out;
}

/** Trailers without what may not be one (RFC 9110 §6.5.1). */
export function trailerPairs(rawTrailers: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let i = 0; i + 1 < rawTrailers.length; i += 2) {
    const key = (rawTrailers[i] as string).toLowerCase();
    if (HOP_BY_HOP.has(key) || key.startsWith(":") || PROTECTED.has(key) || FORWARDED.test(key)) continue;
    pairs.push([rawTrailers[i] as string, rawTrailers[i + 1] as string]);
  }
  return pairs;
}

/** The values of a header, by its lower-case name. */
export function headerValues(rawHeaders: readonly string[], wanted: string): string[] {
  const values: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    if ((rawHeaders[i] as string).toLowerCase() === wanted) values.push(rawHeaders[i + 1] as string);
  }
  return values;
}

/** Pairs of a flat list, for carriers. */
export function* headerPairs(rawHeaders: readonly string[]): Iterable<readonly [string, string]> {
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) yield [rawHeaders[i] as string, rawHeaders[i + 1] as string];
}

function connectionListed(rawHeaders: readonly string[]): ReadonlySet<string> {
  const names = headerValues(rawHeaders, "connection")
    .flatMap((value) => value.split(","))
    .map((name) => name.trim().toLowerCase());
  return new Set(names.filter((name) => name !== "" && !PROTECTED.has(name)));
}

/** `Forwarded` (RFC 7239) and the `X-Forwarded-*` that came before it, with this hop added. */
function forwardedHeaders(from: ForwardedFrom, before: ReadonlyMap<string, readonly string[]>): string[] {
  const address = from.address?.replace(/^::ffff:(?=\d+\.)/, "");
  const host = from.authority;
  const element = [
    `for=${address === undefined ? "unknown" : isIP(address) === 6 ? `"[${address}]"` : address}`,
    ...(host === undefined ? [] : [`host=${/^[\w.-]+$/.test(host) ? host : `"${host}"`}`]),
    `proto=${from.scheme}`,
  ].join(";");
  const chain = (name: string, own: string): string[] => [
    name,
    [...(before.get(name.toLowerCase()) ?? []), own].join(", "),
  ];
  // The outermost proxy knows the host, scheme and port that the user asked for; later ones keep what it said.
  const first = (name: string, own: string | undefined): string[] => {
    const value = before.get(name.toLowerCase())?.join(", ") ?? own;
    return value === undefined ? [] : [name, value];
  };
  const port = host === undefined ? undefined : (/:(\d+)$/.exec(host)?.[1] ?? (from.scheme === "https" ? "443" : "80"));
  const known = new Set(["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port"]);
  const rest = [...before].filter(([name]) => !known.has(name)).flatMap(([name, values]) => [name, values.join(", ")]);
  return [
    ...chain("Forwarded", element),
    ...(address === undefined ? [] : chain("X-Forwarded-For", address)),
    ...first("X-Forwarded-Host", host),
    ...first("X-Forwarded-Proto", from.scheme),
    ...first("X-Forwarded-Port", port),
    ...rest,
  ];
}
