import type { Socket } from "node:net";
import type { Metadata, StatusObject } from "@grpc/grpc-js";
import { HEALTH_CHECK_PATH } from "../../codec/rpc/health.ts";
import { type AccessDecision, type AccessRefusal, REFUSAL_STATUS } from "../../component/access.ts";
import { certificateNames } from "../admission/client-certificate.ts";
import type { GrpcListenerOptions } from "./grpc-listener-options.ts";
import { grpcStatusOf } from "./grpc-raw.ts";

/**
 * Decides on a call by the path of its method, its headers and its connection.
 * @param peer `address:port`
 */
export type CallGate = (
  path: string,
  metadata: Metadata,
  peer: string,
  socket: Socket | undefined,
) => AccessDecision | Promise<AccessDecision>;

/** The gate of a listener; undefined where nobody is asked. */
export function grpcGate({ access, need, name }: GrpcListenerOptions): CallGate | undefined {
  const listener = access?.ofListener(name.configKey);
  if (listener === undefined) return undefined;
  return (path, metadata, peer, socket) =>
    listener.admit(path === HEALTH_CHECK_PATH ? "nothing" : need, {
      header(key) {
        const [value, ...others] = metadata.get(key);
        return typeof value === "string" && others.length === 0 ? value : undefined;
      },
      peer: peerAddress(peer),
      certificateNames: () => (socket === undefined ? [] : certificateNames(socket)),
    });
}

/** The address of a peer, which grpc-js names with its port. */
export function peerAddress(peer: string): string {
  return peer.replace(/:\d+$/, "");
}

/** UNAUTHENTICATED, PERMISSION_DENIED, or UNAVAILABLE with RetryInfo. */
export function refusalStatus({ reason, message, retryAfterMs }: AccessRefusal): StatusObject {
  const { http: httpStatus, grpc: code } = REFUSAL_STATUS[reason];
  const retry = retryAfterMs === undefined ? {} : { retryDelayMs: retryAfterMs };
  return grpcStatusOf({ httpStatus, reason: "unauthenticated", rpc: { code, message, ...retry } });
}
