import { utf8Text } from "../utf8.ts";
import { FieldWriter, readFields } from "./message-fields.ts";

/** google.rpc.Status with google.rpc.RetryInfo as its only known detail. */
export interface RpcStatus {
  readonly code: number;
  readonly message: string;
  /** RetryInfo.retry_delay, ms, rounded up, at least 0; absent where the peer gave none. */
  readonly retryDelayMs?: number;
}

const RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo";

/** Status { code = 1, message = 2, details = 3 }, Any { type_url = 1, value = 2 }, RetryInfo { retry_delay = 1 }. */
export function encodeRpcStatus(status: RpcStatus): Uint8Array<ArrayBuffer> {
  const writer = new FieldWriter().varint(1, status.code).string(2, status.message);
  if (status.retryDelayMs !== undefined) {
    const any = new FieldWriter().string(1, RETRY_INFO).message(2, encodeRetryInfo(status.retryDelayMs));
    writer.message(3, any.finish());
  }
  return writer.finish();
}

/** google.protobuf.Duration { seconds = 1, nanos = 2 } inside RetryInfo. */
function encodeRetryInfo(delayMs: number): Uint8Array {
  const whole = Math.ceil(delayMs);
  const duration = new FieldWriter().varint(1, Math.floor(whole / 1_000)).varint(2, (whole % 1_000) * 1e6);
  return new FieldWriter().message(1, duration.finish()).finish();
}

/** @throws DecodeError for bytes that are no message */
export function decodeRpcStatus(bytes: Uint8Array): RpcStatus {
  let code = 0;
  let message = "";
  let retryDelayMs: number | undefined;
  for (const entry of readFields(bytes)) {
    if (entry.field === 1 && entry.type === "varint") code = entry.value;
    else if (entry.field === 2 && entry.type === "bytes") message = textOf(entry.value);
    else if (entry.field === 3 && entry.type === "bytes") retryDelayMs = decodeRetryDetail(entry.value) ?? retryDelayMs;
  }
  return { code, message, ...(retryDelayMs === undefined ? {} : { retryDelayMs }) };
}

function decodeRetryDetail(any: Uint8Array): number | undefined {
  let type = "";
  let value: Uint8Array = new Uint8Array(0);
  for (const entry of readFields(any)) {
    if (entry.type !== "bytes") continue;
    if (entry.field === 1) type = textOf(entry.value);
    else if (entry.field === 2) value = entry.value;
  }
  // What stands before the slash is of no meaning (google/protobuf/any.proto).
  if (type.slice(type.lastIndexOf("/") + 1) !== "google.rpc.RetryInfo") return undefined;
  let seconds = 0;
  let nanos = 0;
  for (const entry of readFields(value)) {
    if (entry.field !== 1 || entry.type !== "bytes") continue;
    for (const part of readFields(entry.value)) {
      if (part.type !== "varint") continue;
      if (part.field === 1) seconds = part.value;
      else if (part.field === 2) nanos = part.value;
    }
  }
  return waitMs(seconds, nanos);
}

function waitMs(seconds: number, nanos: number): number {
  return Math.max(0, seconds * 1_000 + Math.ceil(nanos / 1e6));
}

function textOf(bytes: Uint8Array): string {
  return utf8Text(bytes, 0, bytes.length);
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

/** @throws SyntaxError for text that is no JSON object. */
export function parseRpcStatusJson(text: string): RpcStatus {
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed !== "object" || parsed === null) throw new SyntaxError("google.rpc.Status must be a JSON object");
  const { code, message, details } = parsed as { code?: unknown; message?: unknown; details?: unknown };
  const retryDelayMs = Array.isArray(details) ? details.map(jsonRetryDelay).find((ms) => ms !== undefined) : undefined;
  return {
    code: typeof code === "number" ? code : 0,
    message: typeof message === "string" ? message : "",
    ...(retryDelayMs === undefined ? {} : { retryDelayMs }),
  };
}

function jsonRetryDelay(detail: unknown): number | undefined {
  const { "@type": type, retryDelay } = (detail ?? {}) as { "@type"?: unknown; retryDelay?: unknown };
  if (type !== RETRY_INFO || typeof retryDelay !== "string") return undefined;
  const duration = /^(-?\d+)(?:\.(\d{1,9}))?s$/.exec(retryDelay);
  if (duration === null) return undefined;
  const seconds = Number(duration[1]);
  return seconds < 0 ? 0 : waitMs(seconds, Number((duration[2] ?? "").padEnd(9, "0")));
}
