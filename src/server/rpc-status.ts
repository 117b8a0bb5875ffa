import { readFields, signedNumber, WireWriter } from "./proto-wire.ts";

/** google.rpc.Code, the numbers of grpc.status. */
export const GRPC_STATUS = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalid_argument: 3,
  deadline_exceeded: 4,
  not_found: 5,
  already_exists: 6,
  permission_denied: 7,
  resource_exhausted: 8,
  failed_precondition: 9,
  aborted: 10,
  out_of_range: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  data_loss: 15,
  unauthenticated: 16,
} as const;

/** google.rpc.Status with google.rpc.RetryInfo as its only known detail. */
export interface RpcStatus {
  readonly code: number;
  readonly message: string;
  /** RetryInfo.retry_delay, ms; absent where the peer gave none. */
  readonly retryDelayMs?: number;
}

const RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo";

/** Status { code = 1, message = 2, details = 3 }, Any { type_url = 1, value = 2 }, RetryInfo { retry_delay = 1 }. */
export function encodeRpcStatus(status: RpcStatus): Uint8Array<ArrayBuffer> {
  const writer = new WireWriter().varint(1, status.code).string(2, status.message);
  if (status.retryDelayMs !== undefined) {
    const any = new WireWriter().string(1, RETRY_INFO).message(2, encodeRetryInfo(status.retryDelayMs));
    writer.message(3, any.finish());
  }
  return writer.finish();
}

/** google.protobuf.Duration { seconds = 1, nanos = 2 } inside RetryInfo. */
function encodeRetryInfo(delayMs: number): Uint8Array {
  const duration = new WireWriter().varint(1, Math.floor(delayMs / 1_000)).varint(2, Math.round(delayMs % 1_000) * 1e6);
  return new WireWriter().message(1, duration.finish()).finish();
}

/** @throws RangeError for bytes that are no message. */
export function decodeRpcStatus(bytes: Uint8Array): RpcStatus {
  let code = 0;
  let message = "";
  let retryDelayMs: number | undefined;
  for (const entry of readFields(bytes)) {
    if (entry.field === 1 && entry.type === "varint") code = signedNumber(entry.value);
    else if (entry.field === 2 && entry.type === "bytes") message = new TextDecoder().decode(entry.value);
    else if (entry.field === 3 && entry.type === "bytes") retryDelayMs = decodeRetryDetail(entry.value) ?? retryDelayMs;
  }
  return { code, message, ...(retryDelayMs === undefined ? {} : { retryDelayMs }) };
}

function decodeRetryDetail(any: Uint8Array): number | undefined {
  let type = "";
  let value: Uint8Array = new Uint8Array(0);
  for (const entry of readFields(any)) {
    if (entry.type !== "bytes") continue;
    if (entry.field === 1) type = new TextDecoder().decode(entry.value);
    else if (entry.field === 2) value = entry.value;
  }
  if (type !== RETRY_INFO) return undefined;
  let delay = 0;
  for (const entry of readFields(value)) {
    if (entry.field !== 1 || entry.type !== "bytes") continue;
    for (const part of readFields(entry.value)) {
      if (part.type !== "varint") continue;
      if (part.field === 1) delay += signedNumber(part.value) * 1_000;
      else if (part.field === 2) delay += signedNumber(part.value) / 1e6;
    }
  }
  return delay;
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
  const seconds = /^(-?\d+(?:\.\d+)?)s$/.exec(retryDelay)?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1_000;
}

/** google.rpc code → HTTP status, as google/rpc/code.proto gives it; 499 is the field's name for a sender that left. */
const HTTP_OF_GRPC = [200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401] as const;

export function httpStatusOfGrpc(code: number): number {
  return HTTP_OF_GRPC[code] ?? 500;
}

const GRPC_OF_HTTP: Readonly<Record<number, number>> = {
  400: GRPC_STATUS.invalid_argument,
  401: GRPC_STATUS.unauthenticated,
  403: GRPC_STATUS.permission_denied,
  404: GRPC_STATUS.not_found,
  405: GRPC_STATUS.unimplemented,
  408: GRPC_STATUS.deadline_exceeded,
  411: GRPC_STATUS.invalid_argument,
  413: GRPC_STATUS.resource_exhausted,
  415: GRPC_STATUS.invalid_argument,
  421: GRPC_STATUS.invalid_argument,
  429: GRPC_STATUS.unavailable,
  431: GRPC_STATUS.invalid_argument,
  499: GRPC_STATUS.cancelled,
  500: GRPC_STATUS.internal,
  501: GRPC_STATUS.unimplemented,
  502: GRPC_STATUS.unavailable,
  503: GRPC_STATUS.unavailable,
  504: GRPC_STATUS.deadline_exceeded,
};

/** The code for a Status body beside an HTTP status; UNKNOWN where there is no counterpart. */
export function grpcStatusOfHttp(status: number): number {
  return GRPC_OF_HTTP[status] ?? GRPC_STATUS.unknown;
}
