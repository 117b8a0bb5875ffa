import { Client, credentials, type ServiceError, status } from "@grpc/grpc-js";
import type { HealthCheckSpec } from "../../component/discovery.ts";
import { SERVING_STATUS } from "../../server/grpc-health.ts";
import { readFields, WireWriter } from "../../server/proto-wire.ts";
import { authority } from "../instance.ts";
import type { ProbeOptions, ProbeResult } from "./probes.ts";
import { resolveAllowed } from "./target-guard.ts";

const CHECK_PATH = "/grpc.health.v1.Health/Check";
const STATUS_NAMES = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"];
/** The server has no health service, or no such service: asking again will not change it. */
const FINAL_CODES: ReadonlySet<number> = new Set([
  status.UNIMPLEMENTED,
  status.NOT_FOUND,
  status.UNAUTHENTICATED,
  status.PERMISSION_DENIED,
  status.INVALID_ARGUMENT,
]);

/**
 * grpc.health.v1.Health/Check (github.com/grpc/grpc, doc/health-checking.md): SERVING passes. Rejects with the
 * resolver's errors.
 */
export async function probeGrpc(
  spec: HealthCheckSpec & { type: "grpc" },
  options: ProbeOptions,
  signal: AbortSignal,
): Promise<ProbeResult> {
  const addresses = await resolveAllowed(spec.host, options.allowLinkLocal);
  const family = addresses.some((address) => address.family === 4) ? 4 : 6;
  const targets = addresses.filter((address) => address.family === family);
  const target = `ipv${family}:${targets.map(({ address }) => authority(address, spec.port)).join(",")}`;
  const client = new Client(target, spec.tls === true ? credentials.createSsl() : credentials.createInsecure(), {
    "grpc.default_authority": authority(spec.host, spec.port),
    "grpc.primary_user_agent": `${options.userAgent} health check`,
    "grpc.enable_retries": 0,
    // Channels of one target would share their connection and its backoff: a check has its own.
    "grpc.use_local_subchannel_pool": 1,
    "grpc.max_receive_message_length": 4_096,
    ...(spec.tls === true ? { "grpc.ssl_target_name_override": spec.host } : {}),
  });
  const request = Buffer.from(new WireWriter().string(1, spec.service ?? "").finish());
  try {
    return await new Promise((resolve) => {
      const call = client.makeUnaryRequest(
        CHECK_PATH,
        (bytes: Buffer) => bytes,
        (bytes: Buffer) => bytes,
        request,
        (error: ServiceError | null, answer?: Buffer) => {
          resolve(error === null ? servingResult(answer ?? Buffer.alloc(0)) : failure(error));
        },
      );
      const cancel = (): void => call.cancel();
      if (signal.aborted) cancel();
      else signal.addEventListener("abort", cancel, { once: true });
    });
  } finally {
    client.close();
  }
}

function servingResult(answer: Uint8Array): ProbeResult {
  let value = 0;
  try {
    for (const field of readFields(answer)) {
      if (field.field === 1 && field.type === "varint") value = Number(field.value);
    }
  } catch (error) {
    return { ok: false, output: `not a HealthCheckResponse: ${(error as Error).message}`, final: true };
  }
  const output = `gRPC ${STATUS_NAMES[value] ?? `status ${value}`}`;
  return value === SERVING_STATUS.serving ? { ok: true, output } : { ok: false, output, final: false };
}

function failure(error: ServiceError): ProbeResult {
  if (error.code === status.CANCELLED) return { ok: false, output: "no answer in time", final: false };
  const refused = error.code === status.UNAVAILABLE && error.details.includes("ECONNREFUSED");
  return {
    ok: false,
    output: `gRPC ${status[error.code] ?? error.code}: ${error.details.slice(0, 200)}`,
    final: refused || FINAL_CODES.has(error.code),
  };
}
