/** What the proxy refuses, as the caller is told. */
export interface Refusal {
  readonly status: number;
  /** `bad_request`, … for metrics. */
  readonly reason: string;
  readonly message: string;
}

/** A request as it came, before anything of it is believed. */
export interface RawRequest {
  readonly method: string;
  /** The request target: `/path?query`. */
  readonly target: string;
  /** Name, value, name, value, … Names are in any case. */
  readonly rawHeaders: readonly string[];
  /** `1.0`, `1.1` or `2.0`. */
  readonly httpVersion: string;
}

/** A request that may be forwarded. */
export interface GuardedRequest {
  /** Names of the raw headers in lower case, one for each pair. */
  readonly names: readonly string[];
  readonly path: string;
  /** With `?`, or empty. */
  readonly query: string;
  /** Lower case, without port. Undefined for HTTP/1.0 without Host. */
  readonly host: string | undefined;
  /** The Host header, or `:authority`. */
  readonly authority: string | undefined;
  /** Port of the authority, where it names one. */
  readonly port: number | undefined;
  /** In bytes, where the caller said. */
  readonly contentLength: number | undefined;
  readonly chunked: boolean;
}

const VERSIONS: ReadonlySet<string> = new Set(["1.0", "1.1", "2.0"]);
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const TARGET = /^\/[\x21\x22\x24-\x7e]*$/;
/** All but field-vchar, obs-text, space and tab (RFC 9110 §5.5). Line breaks and NUL matter above all. */
const NOT_A_VALUE = /[^\t\x20-\x7e\x80-\xff]/;
const AUTHORITY = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._~-]+))(?::(\d{1,5}))?$/;

/**
 * Refuses what lets two parsers of one connection disagree (RFC 9112 §6.3 and §11, request smuggling). Refuses targets
 * that would make an open proxy of this one (absolute form, CONNECT). Refuses paths that mean another place than they
 * show.
 * The HTTP parser refuses most of it before. This check holds whatever parser is in front.
 */
export function guardRequest({ method, target, rawHeaders, httpVersion }: RawRequest): GuardedRequest | Refusal {
  if (!VERSIONS.has(httpVersion)) return refuse(505, "version", `HTTP/${httpVersion} is not spoken here`);
  if (method === "CONNECT") return refuse(405, "method", "CONNECT is not forwarded: this is no open proxy");
  if (!TOKEN.test(method)) return refuse(400, "method", "the method is no HTTP token");
  if (/^[a-z][a-z0-9+.-]*:/i.test(target)) {
    return refuse(400, "absolute_target", "an absolute URL as request target is not forwarded: this is no open proxy");
  }
  if (!TARGET.test(target)) {
    return refuse(400, "target", "the request target is not of the form /path, or holds characters no URL may hold");
  }
  const names: string[] = [];
  const single = new Map<string, string>();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase();
    const value = rawHeaders[i + 1] as string;
    names.push(name);
    if (name.startsWith(":")) {
      single.set(name, value);
      continue;
    }
    if (!TOKEN.test(name)) return refuse(400, "header", "a header's name is no HTTP token");
    if (NOT_A_VALUE.test(value)) return refuse(400, "header", `the header ${name} holds characters no header may hold`);
    if (name !== "host" && name !== "content-length" && name !== "transfer-encoding") continue;
    if (single.has(name)) return refuse(400, "framing", `the header ${name} is there more than once`);
    single.set(name, value);
  }
  const framing = checkFraming(single.get("content-length"), single.get("transfer-encoding"), httpVersion);
  if ("status" in framing) return framing;
  const authority = single.get(":authority") ?? single.get("host");
  const host = authority === undefined ? undefined : AUTHORITY.exec(authority);
  if (host === null) return refuse(400, "host", "the Host header is not of the form name or name:port");
  const mark = target.indexOf("?");
  const path = mark < 0 ? target : target.slice(0, mark);
  if (hasDotSegment(path)) {
    return refuse(400, "path", "the path holds . or .. segments, which would reach beyond its route");
  }
  return {
    names,
    path,
    query: mark < 0 ? "" : target.slice(mark),
    host: host === undefined ? undefined : (host[1] ?? host[2] ?? "").toLowerCase().replace(/\.$/, ""),
    authority,
    port: host?.[3] === undefined ? undefined : Number(host[3]),
    contentLength: framing.contentLength,
    chunked: framing.chunked,
  };
}

function checkFraming(
  length: string | undefined,
  coding: string | undefined,
  httpVersion: string,
): Refusal | Pick<GuardedRequest, "contentLength" | "chunked"> {
  if (length !== undefined && coding !== undefined) {
    return refuse(
      400,
      "framing",
      "both Content-Length and Transfer-Encoding are there: where the body ends is ambiguous",
    );
  }
  if (length !== undefined && !/^\d{1,15}$/.test(length)) {
    return refuse(400, "framing", "Content-Length is no whole number");
  }
  if (coding !== undefined && httpVersion !== "1.1") {
    return refuse(400, "framing", `HTTP/${httpVersion} has no Transfer-Encoding`);
  }
  if (coding !== undefined && coding.trim().toLowerCase() !== "chunked") {
    return refuse(501, "framing", "a transfer coding other than chunked is not forwarded");
  }
  return { contentLength: length === undefined ? undefined : Number(length), chunked: coding !== undefined };
}

/**
 * True for `.` and `..` between slashes or backslashes, escaped ones too. A server may resolve them to another path.
 */
function hasDotSegment(path: string): boolean {
  if (!path.includes(".") && !/%2e/i.test(path)) return false;
  const plain = path.replace(/%2e/gi, ".").replace(/%2f|%5c|\\/gi, "/");
  return plain.split("/").some((segment) => /^\.\.?(;.*)?$/.test(segment));
}

function refuse(status: number, reason: string, message: string): Refusal {
  return { status, reason, message };
}
