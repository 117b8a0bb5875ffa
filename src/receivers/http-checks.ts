import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { PermanentError } from "../component/errors.ts";
import type { BatchEncoding } from "../component/ingest.ts";
import type { LogFields } from "../component/logger.ts";
import { allowedHostsText, hostName, isAllowedHost } from "../server/host-check.ts";
import { TAKEN_ENCODINGS } from "../server/inflate.ts";
import type { RefusedRequest } from "./refusal-log.ts";

export interface HostRules {
  /** Host names to answer beside localhost and IP addresses; undefined answers every name. */
  readonly allowedHosts: readonly string[] | undefined;
  /** Path of the settings, for what a refusal names: `receivers.otlp.protocols.http`. */
  readonly configPath: string;
}

/** A request that is answered before its body is read. */
export interface EarlyRefusal {
  readonly status: number;
  readonly refusal: RefusedRequest;
  readonly headers: OutgoingHttpHeaders;
}

/** 421 for a request to a name that the listener does not answer for. */
export function hostRefusal(
  host: string | undefined,
  { allowedHosts, configPath }: HostRules,
): EarlyRefusal | undefined {
  if (allowedHosts === undefined || isAllowedHost(host, allowedHosts)) return undefined;
  return refused(421, {
    reason: "host",
    about: short(hostName(host ?? "") ?? ""),
    message:
      `this listener does not answer for the host ${quoted(host)}; it answers for ` +
      `${allowedHostsText(allowedHosts)}. ${configPath}.allowed_hosts allows further names`,
  });
}

/** 403 for a page that may not send. */
export function originRefusal(origin: string, { configPath }: HostRules): EarlyRefusal {
  return refused(403, {
    reason: "origin",
    about: short(origin),
    message: `the origin ${quoted(origin)} is not among ${configPath}.cors.allowed_origins`,
  });
}

/** 405 for what is no POST, 411 for one without a length. */
export function bodyRefusal(
  method: string,
  headers: IncomingHttpHeaders,
  path: string,
  answer: OutgoingHttpHeaders,
): EarlyRefusal | undefined {
  if (method !== "POST") {
    const message = `${method} is not allowed on ${path}; send POST`;
    return refused(405, { reason: "method", message }, { ...answer, allow: "POST" });
  }
  if (headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined) return undefined;
  const message = "the request has neither Content-Length nor Transfer-Encoding: chunked";
  return refused(411, { reason: "length", message }, answer);
}

function refused(status: number, refusal: RefusedRequest, headers: OutgoingHttpHeaders = {}): EarlyRefusal {
  return { status, refusal, headers };
}

/** Text of the sender's in an answer: quoted, printable, short. */
export function quoted(text: string | undefined): string {
  return JSON.stringify(short(text ?? ""));
}

export function short(text: string): string {
  return text.slice(0, 200);
}

/** What the log says of who sent a request. */
export function senderOf({ socket, headers }: IncomingMessage): LogFields {
  return { sender: socket.remoteAddress, user_agent: headers["user-agent"]?.slice(0, 200) };
}

/** @throws PermanentError `unsupported_media_type` */
export function encodingOf(contentEncoding: string | undefined): BatchEncoding {
  const encoding = contentEncoding?.trim().toLowerCase() ?? "";
  if (encoding === "" || encoding === "identity") return "identity";
  if (encoding === "gzip" || encoding === "x-gzip") return "gzip";
  // One format by two names.
  if (encoding === "deflate" || encoding === "zlib") return "deflate";
  if (encoding === "zstd" && TAKEN_ENCODINGS.includes("zstd")) return "zstd";
  throw new PermanentError(
    "unsupported_media_type",
    `Content-Encoding ${quoted(contentEncoding)} is not supported; expected one of ${TAKEN_ENCODINGS.join(", ")}`,
  );
}
