import { wellFormed } from "../utf8.ts";
import { MessageType } from "./definitions.ts";

/** google.rpc.Status with google.rpc.RetryInfo as its only known detail. */
export interface RpcStatus {
  readonly code: number;
  readonly message: string;
  /** RetryInfo.retry_delay, ms, rounded up, at least 0; absent where the peer gave none. */
  readonly retryDelayMs?: number;
}

interface StatusMessage {
  readonly code: number;
  readonly message: string;
  /** google.protobuf.Any as protobufjs names its fields. */
  readonly details: readonly { readonly type_url: string; readonly value: Uint8Array }[];
}

interface RetryInfoMessage {
  readonly retryDelay: { readonly seconds: number; readonly nanos: number } | null;
}

const statusType = new MessageType<StatusMessage>("google/rpc/status.proto", "google.rpc.Status");
const retryInfoType = new MessageType<RetryInfoMessage>("google/rpc/error_details.proto", "google.rpc.RetryInfo");
const RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo";

export function encodeRpcStatus({ code, message, retryDelayMs }: RpcStatus): Uint8Array<ArrayBuffer> {
  const details = retryDelayMs === undefined ? [] : [{ type_url: RETRY_INFO, value: encodeRetryInfo(retryDelayMs) }];
  return statusType.encode({ code, message: wellFormed(message), details });
}

function encodeRetryInfo(delayMs: number): Uint8Array {
  const whole = Math.ceil(delayMs);
  return retryInfoType.encode({ retryDelay: { seconds: Math.floor(whole / 1_000), nanos: (whole % 1_000) * 1e6 } });
}

/** @throws DecodeError for bytes that are no message */
export function decodeRpcStatus(bytes: Uint8Array): RpcStatus {
  const { code, message, details } = statusType.decode(bytes);
  let retryDelayMs: number | undefined;
  for (const { type_url: type, value } of details) {
    // What stands before the slash is of no meaning (google/protobuf/any.proto).
    if (type.slice(type.lastIndexOf("/") + 1) !== "google.rpc.RetryInfo") continue;
    const { seconds, nanos } = retryInfoType.decode(value).retryDelay ?? { seconds: 0, nanos: 0 };
    retryDelayMs = waitMs(seconds, nanos);
  }
  return { code, message, ...(retryDelayMs === undefined ? {} : { retryDelayMs }) };
}

function waitMs(seconds: number, nanos: number): number {
  return Math.max(0, seconds * 1_000 + Math.ceil(nanos / 1e6));
}

/**
 * How long a peer asks to wait, ms, by the value of its trailer `grpc-status-details-bin`; undefined where it asks for
 * nothing or the value is no google.rpc.Status.
 */
export function retryDelayOfTrailer(value: unknown): number | undefined {
  if (!(value instanceof Uint8Array)) return undefined;
  try {
    return decodeRpcStatus(value).retryDelayMs;
  } catch {
    return undefined;
  }
}

/** The JSON form of the same message (protobuf JSON mapping; the detail as an Any with `@type`). */
export function rpcStatusJson(status: RpcStatus): string {
  const details =
    status.retryDelayMs === undefined
      ? {}
      : { details: [{ "@type": RETRY_INFO, retryDelay: `${status.retryDelayMs / 1_000}s` }] };
  return JSON.stringify({ code: status.code, message: status.message, ...details });
}
