import { MessageType } from "./definitions.ts";

/** grpc.health.v1.HealthCheckResponse.ServingStatus. */
export const SERVING_STATUS = { unknown: 0, serving: 1, not_serving: 2, service_unknown: 3 } as const;

export const HEALTH_CHECK_PATH = "/grpc.health.v1.Health/Check";

interface CheckRequest {
  /** Empty asks for the whole server. */
  readonly service: string;
}

interface CheckResponse {
  /** One of SERVING_STATUS, or what a later version of the standard added. */
  readonly status: number;
}

const FILE = "grpc/health/v1/health.proto";
export const healthRequest = new MessageType<CheckRequest>(FILE, "grpc.health.v1.HealthCheckRequest");
export const healthResponse = new MessageType<CheckResponse>(FILE, "grpc.health.v1.HealthCheckResponse");
