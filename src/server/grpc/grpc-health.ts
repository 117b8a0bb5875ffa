import { type handleUnaryCall, type ServiceDefinition, status, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { HEALTH_CHECK_PATH, healthRequest, healthResponse, SERVING_STATUS } from "../../codec/rpc/health.ts";
import { rawUnaryMethod } from "./grpc-raw.ts";

export interface GrpcHealth {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}

/**
 * grpc.health.v1.Health/Check for a server with these services (full names). The empty name is the whole server.
 * @param isServing false while the server drains
 */
export function grpcHealth(services: readonly string[], isServing: () => boolean): GrpcHealth {
  const check: handleUnaryCall<Buffer, Uint8Array> = (call, callback) => {
    let service: string;
    try {
      service = healthRequest.decode(call.request).service;
    } catch (error) {
      callback({ code: status.INVALID_ARGUMENT, details: (error as Error).message });
      return;
    }
    if (service !== "" && !services.includes(service)) {
      callback({ code: status.NOT_FOUND, details: `this server has no such service; it has ${services.join(", ")}` });
      return;
    }
    const answer = isServing() ? SERVING_STATUS.serving : SERVING_STATUS.not_serving;
    callback(null, healthResponse.encode({ status: answer }));
  };
  return {
    definition: { Check: rawUnaryMethod(HEALTH_CHECK_PATH) },
    implementation: { Check: check },
  };
}
