import { GRPC_STATUS } from "../model/grpc-status.ts";

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
