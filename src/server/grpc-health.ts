import { type handleUnaryCall, type ServiceDefinition, status, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { FieldWriter, readFields } from "../codec/rpc/message-fields.ts";
import { rawUnaryMethod } from "./grpc-raw.ts";

/** proto/grpc/health/v1/health.proto, HealthCheckResponse.ServingStatus. */
export const SERVING_STATUS = { unknown: 0, serving: 1, not_serving: 2, service_unknown: 3 } as const;

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
    let service = "";
    try {
      for (const entry of readFields(call.request)) {
        if (entry.field === 1 && entry.type === "bytes") service = new TextDecoder().decode(entry.value);
      }
    } catch (error) {
      callback({ code: status.INVALID_ARGUMENT, details: `not a HealthCheckRequest: ${(error as Error).message}` });
      return;
    }
    if (service !== "" && !services.includes(service)) {
      callback({ code: status.NOT_FOUND, details: `this server has no such service; it has ${services.join(", ")}` });
      return;
    }
    const value = isServing() ? SERVING_STATUS.serving : SERVING_STATUS.not_serving;
    callback(null, new FieldWriter().varint(1, value).finish());
  };
  return {
    definition: { Check: rawUnaryMethod("/grpc.health.v1.Health/Check") },
    implementation: { Check: check },
  };
}
