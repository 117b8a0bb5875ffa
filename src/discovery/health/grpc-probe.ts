import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from "node:http2";
import { HEALTH_CHECK_PATH, healthRequest, healthResponse, SERVING_STATUS } from "../../codec/rpc/health.ts";
import type { HealthCheckSpec } from "../../component/discovery.ts";
import { onAbort } from "../../component/signals.ts";
import { grpcStatusName } from "../../model/grpc-status.ts";
import { authority } from "../instance/instance.ts";
import type { ProbeOptions, ProbeResult } from "./probe-result.ts";
import { assertAllowed, targetLookup } from "./target-guard.ts";

const STATUS_NAMES = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"];
const FRAME_BYTES = 5;
const MAX_ANSWER_BYTES = 4_096;
/** The server has no health service, or no such service: asking again will not change it. */
const FINAL_CODES: ReadonlySet<string> = new Set([
  "UNIMPLEMENTED",
  "NOT_FOUND",
  "UNAUTHENTICATED",
  "PERMISSION_DENIED",
  "INVALID_ARGUMENT",
]);

/**
 * grpc.health.v1.Health/Check (github.com/grpc/grpc, doc/health-checking.md and doc/PROTOCOL-HTTP2.md): SERVING passes.
 * One call over a connection of its own; not through a gRPC channel, which goes on connecting after it was closed.
 * Rejects with the errors of the connection.
 */
export async function probeGrpc(
  spec: HealthCheckSpec & { type: "grpc" },
  { allowLinkLocal, userAgent, showAnswers = false }: ProbeOptions,
  signal: AbortSignal,
): Promise<ProbeResult> {
  assertAllowed(spec.host, allowLinkLocal);
  const scheme = spec.tls === true ? "https" : "http";
  const session = connect(`${scheme}://${authority(spec.host, spec.port)}`, {
    lookup: targetLookup(allowLinkLocal, spec.isForeign),
  });
  const release = onAbort(signal, () => session.destroy(new Error("no answer in time")));
  try {
    return await call(session, spec.service ?? "", `${userAgent} health check`, showAnswers);
  } finally {
    release();
    session.destroy();
  }
}

function call(
  session: ClientHttp2Session,
  service: string,
  userAgent: string,
  showAnswers: boolean,
): Promise<ProbeResult> {
  const message = healthRequest.encode({ service });
  const frame = Buffer.alloc(FRAME_BYTES + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, FRAME_BYTES);
  return new Promise((resolve, reject) => {
    session.on("error", reject);
    session.on("close", () => reject(new Error("the connection was closed")));
    const stream = session.request({
      ":method": "POST",
      ":path": HEALTH_CHECK_PATH,
      "content-type": "application/grpc",
      te: "trailers",
      "user-agent": userAgent,
    });
    let headers: IncomingHttpHeaders = {};
    let received = Buffer.alloc(0);
    stream.on("response", (given) => {
      headers = given;
    });
    // Status and message are headers where there is no answer ("Trailers-Only").
    stream.on("trailers", (given) => {
      headers = { ...headers, ...given };
    });
    stream.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (received.length > MAX_ANSWER_BYTES) stream.destroy(new Error("the answer is too long"));
    });
    // A stream that never got a connection only says that it was cancelled; the cause says why.
    stream.on("error", (error) => reject(error.cause ?? error));
    stream.on("end", () => resolve(resultOf(headers, received, showAnswers)));
    stream.end(frame);
  });
}

function resultOf(headers: IncomingHttpHeaders, body: Buffer, showAnswers: boolean): ProbeResult {
  const http = Number(headers[":status"]);
  if (http !== 200) return { ok: false, output: `HTTP ${http}, not a gRPC server`, final: http >= 400 && http < 500 };
  const code = Number(headers["grpc-status"] ?? Number.NaN);
  if (Number.isNaN(code)) return { ok: false, output: "no gRPC status, not a gRPC server", final: true };
  if (code !== 0) {
    const name = grpcStatusName(code);
    const text = showAnswers ? `: ${String(headers["grpc-message"] ?? "").slice(0, 200)}` : "";
    return { ok: false, output: `gRPC ${name}${text}`, final: FINAL_CODES.has(name) };
  }
  return servingResult(body.subarray(FRAME_BYTES));
}

function servingResult(answer: Uint8Array): ProbeResult {
  let value: number;
  try {
    value = healthResponse.decode(answer).status;
  } catch (error) {
    return { ok: false, output: (error as Error).message, final: true };
  }
  const output = `gRPC ${STATUS_NAMES[value] ?? `status ${value}`}`;
  return value === SERVING_STATUS.serving ? { ok: true, output } : { ok: false, output, final: false };
}
