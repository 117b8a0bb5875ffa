import { RetryableError } from "../../component/errors.ts";
import { messageOf } from "../../model/message-of.ts";
import { UpstreamTimeoutError } from "./upstream-request.ts";

/** What went wrong between the proxy and an upstream, for the caller, the span and the log. */
export interface UpstreamFailure {
  readonly status: 502 | 503 | 504;
  /** `error.type` of the spans. It is a code, never a sentence. */
  readonly type: string;
  /** For the caller. It has no addresses, which are nobody's business outside. */
  readonly told: string;
  /** For span and log. */
  readonly detail: string;
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "it refuses connections",
  ECONNRESET: "it closed the connection",
  EPIPE: "it closed the connection",
  EHOSTUNREACH: "there is no way to its host",
  ENETUNREACH: "there is no way to its network",
  ENOTFOUND: "its host name cannot be resolved",
  EAI_AGAIN: "its host name cannot be resolved now",
  connect_timeout: "it does not accept connections in time",
  HPE_HEADER_OVERFLOW: "the headers of its answer are longer than proxy.limits.answer_header_kibibytes allows",
  bad_upgrade: "its answer to the WebSocket handshake is wrong",
  no_http2: "it does not speak HTTP/2, which gRPC needs",
  timeout: "it does not answer in time",
};

/** `service` is the name that the route gives its upstream. */
export function describeFailure(error: unknown, service: string): UpstreamFailure {
  const detail = messageOf(error);
  if (error instanceof RetryableError) {
    return { status: 503, type: error.code, told: `no instance of ${service} can take the request now`, detail };
  }
  const code = (error as { code?: unknown } | undefined)?.code;
  const type = typeof code === "string" ? code : error instanceof Error ? error.name : "error";
  const status = error instanceof UpstreamTimeoutError ? 504 : 502;
  const fallback = type.startsWith("HPE_") ? "its answer is no HTTP" : "the connection to it failed";
  return { status, type, told: `${service} cannot be reached: ${WORDS[type] ?? fallback}`, detail };
}
