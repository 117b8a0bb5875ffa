import type { HeaderPair } from "../../propagation/context.ts";
import { type ForwardedFrom, forwardedHeaders, isForwarded } from "./forwarded.ts";

/**
 * Headers of one connection only (RFC 9110 §7.6.1), and older names that software still sends. `Proxy` is no header of
 * HTTP: CGI and what copies it would take it for the address of a proxy (httpoxy).
 */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "connection",
  "http2-settings",
  "keep-alive",
  "proxy",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
/** Headers that the new request has of its own. */
const REPLACED: ReadonlySet<string> = new Set(["host", "content-length", "expect"]);
/** Headers that `Connection` must not take away. The proxy's own decisions rest on them. */
const PROTECTED: ReadonlySet<string> = new Set(["host", "content-length", "via"]);
const NOTHING: ReadonlySet<string> = new Set();
const NO_HEADERS: ReadonlyMap<string, string[]> = new Map();

export interface UpstreamHeaders {
  readonly rawHeaders: readonly string[];
  /** Their names in lower case, one for each pair. */
  readonly names: readonly string[];
  readonly from: ForwardedFrom;
  /** The Host header to send. */
  readonly authority: string;
  /** For `Via`, protocol and pseudonym: `1.1 spanloom-3f2a`. */
  readonly via: string;
  /** Trace headers to send, in place of those that `isTraceHeader` names. */
  readonly trace: readonly HeaderPair[];
  /** Takes lower-case names. */
  readonly isTraceHeader: (name: string) => boolean;
}

/** Flat list of a request's headers as an upstream gets them, without those of framing and connection. */
export function upstreamHeaders(request: UpstreamHeaders): string[] {
  const { rawHeaders, names, from, isTraceHeader } = request;
  const listed = connectionListed(rawHeaders, names);
  const out: string[] = ["Host", request.authority];
  let before: Map<string, string[]> | undefined;
  let cookies: string | undefined;
  let via = "";
  for (let at = 0; at < names.length; at++) {
    const name = names[at] as string;
    if (HOP_BY_HOP.has(name) || REPLACED.has(name) || listed.has(name) || isTraceHeader(name)) continue;
    const value = rawHeaders[at * 2 + 1] as string;
    // HTTP/2 may send a cookie in several pieces. HTTP/1.1 has one header (RFC 9113 §8.2.3).
    if (name === "cookie") cookies = cookies === undefined ? value : `${cookies}; ${value}`;
    else if (name === "via") via += `${value}, `;
    else if (isForwarded(name)) {
      if (!from.trusted) continue;
      before ??= new Map();
      before.set(name, [...(before.get(name) ?? []), value]);
    } else if (!name.startsWith(":")) out.push(rawHeaders[at * 2] as string, value);
  }
  if (cookies !== undefined) out.push("Cookie", cookies);
  out.push("Via", via + request.via);
  forwardedHeaders(out, from, before ?? NO_HEADERS);
  for (const [name, value] of request.trace) out.push(name, value);
  return out;
}

/**
 * Flat list of a response's headers as the caller gets them. `Trailer` is kept with `keepTrailer`, where trailers can
 * follow.
 */
export function callerHeaders(rawHeaders: readonly string[], keepTrailer: boolean): string[] {
  const listed = connectionListed(rawHeaders);
  const out: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    const key = name.toLowerCase();
    if ((HOP_BY_HOP.has(key) && !(keepTrailer && key === "trailer")) || listed.has(key)) continue;
    out.push(name, rawHeaders[i + 1] as string);
  }
  return out;
}

/** Trailers without what may not be one (RFC 9110 §6.5.1). */
export function trailerPairs(rawTrailers: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let i = 0; i + 1 < rawTrailers.length; i += 2) {
    const key = (rawTrailers[i] as string).toLowerCase();
    if (HOP_BY_HOP.has(key) || key.startsWith(":") || PROTECTED.has(key) || isForwarded(key)) continue;
    pairs.push([rawTrailers[i] as string, rawTrailers[i + 1] as string]);
  }
  return pairs;
}

/** The values of a header, by its lower-case name. */
export function headerValues(rawHeaders: readonly string[], wanted: string): string[] {
  const values: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (name.length === wanted.length && name.toLowerCase() === wanted) values.push(rawHeaders[i + 1] as string);
  }
  return values;
}

function connectionListed(rawHeaders: readonly string[], names?: readonly string[]): ReadonlySet<string> {
  const values = names?.includes("connection") === false ? [] : headerValues(rawHeaders, "connection");
  let listed: Set<string> | undefined;
  for (const value of values) {
    if (value === "keep-alive" || value === "close") continue;
    for (const part of value.split(",")) {
      const name = part.trim().toLowerCase();
      if (name === "" || PROTECTED.has(name)) continue;
      listed ??= new Set();
      listed.add(name);
    }
  }
  return listed ?? NOTHING;
}
