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

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(GRPC_STATUS).map(([name, code]) => [code, name.toUpperCase()]),
);

/** `UNAVAILABLE` for 14; the number itself where it is no code. */
export function grpcStatusName(code: number): string {
  return NAMES.get(code) ?? String(code);
}
