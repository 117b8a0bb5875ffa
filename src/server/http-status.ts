import { GRPC_STATUS } from "../model/grpc-status.ts";

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
  417: GRPC_STATUS.invalid_argument,
  421: GRPC_STATUS.invalid_argument,
  429: GRPC_STATUS.unavailable,
  431: GRPC_STATUS.invalid_argument,
  499: GRPC_STATUS.cancelled,
  500: GRPC_STATUS.internal,
  501: GRPC_STATUS.unimplemented,
  502: GRPC_STATUS.unavailable,
  503: GRPC_STATUS.unavailable,
  504: GRPC_STATUS.deadline_exceeded,
  505: GRPC_STATUS.unimplemented,
};

/** The code for a Status body beside an HTTP status; UNKNOWN where there is no counterpart. */
export function grpcStatusOfHttp(status: number): number {
  return GRPC_OF_HTTP[status] ?? GRPC_STATUS.unknown;
}
