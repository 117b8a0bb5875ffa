import { GRPC_STATUS, grpcStatusName } from "../../model/grpc-status.ts";
import type { Propagated } from "../../propagation/context.ts";
import type { Span } from "../../sdk/trace/span.ts";
import type { Tracer } from "../../sdk/trace/tracer.ts";
import { type IncomingFacts, setCaller } from "../message/http-spans.ts";
import type { Target } from "../upstream/target.ts";

/** How a call ended. */
export interface GrpcOutcome {
  /** `grpc-status`. Undefined for a response without it. */
  readonly code: number | undefined;
  readonly message: string;
  /** HTTP status of the response. */
  readonly status: number;
}

/** The codes that tell of a fault of the server. Others are the caller's own (OpenTelemetry conventions for gRPC). */
const SERVER_ERRORS: ReadonlySet<number> = new Set([
  GRPC_STATUS.unknown,
  GRPC_STATUS.deadline_exceeded,
  GRPC_STATUS.unimplemented,
  GRPC_STATUS.internal,
  GRPC_STATUS.unavailable,
  GRPC_STATUS.data_loss,
]);

/** `shop.Shop/Buy` for `/shop.Shop/Buy`. Undefined for a path that names no method. */
export function grpcMethod(path: string): string | undefined {
  return /^\/[\w.]+\/\w+$/.test(path) ? path.slice(1) : undefined;
}

/** The server span of a call. It continues what the call's headers said (OpenTelemetry RPC semantic conventions). */
export function startCallServerSpan(tracer: Tracer, path: string, facts: IncomingFacts, caller: Propagated): Span {
  const span = tracer.startSpan(grpcMethod(path) ?? "grpc", { kind: "server", parent: caller });
  if (!span.isRecording()) return span;
  setMethod(span, path);
  setCaller(span, facts);
  return span;
}

/** The client span of one attempt. There were `resend` attempts before it. */
export function startCallClientSpan(tracer: Tracer, server: Span, path: string, target: Target, resend: number): Span {
  const span = tracer.startSpan(grpcMethod(path) ?? "grpc", { kind: "client", parent: server });
  if (!span.isRecording()) return span;
  setMethod(span, path);
  span.setAttribute("server.address", target.host);
  span.setAttribute("server.port", target.port);
  span.setAttribute("network.protocol.version", "2");
  if (resend > 0) span.setAttribute("http.request.resend_count", resend);
  return span;
}

/** Ends a client span. Every code but OK is an error there. */
export function endCallClientSpan(span: Span, outcome: GrpcOutcome): void {
  endWithOutcome(span, outcome, outcome.code !== GRPC_STATUS.ok);
}

/** Ends a server span. Only what the server did wrong is an error there. */
export function endCallServerSpan(span: Span, outcome: GrpcOutcome): void {
  endWithOutcome(span, outcome, outcome.code === undefined || SERVER_ERRORS.has(outcome.code));
}

/** Ends a span of a call that failed below gRPC. `type` is its `error.type`. The caller is told `code`. */
export function failCallSpan(span: Span, type: string, message: string, code: number): void {
  span.setAttribute("rpc.response.status_code", grpcStatusName(code));
  span.setAttribute("error.type", type).setStatus("error", message).end();
}

function endWithOutcome(span: Span, { code, message, status }: GrpcOutcome, isError: boolean): void {
  if (code === undefined) span.setAttribute("http.response.status_code", status);
  else span.setAttribute("rpc.response.status_code", grpcStatusName(code));
  if (isError) {
    span.setAttribute("error.type", code === undefined ? String(status) : grpcStatusName(code));
    span.setStatus("error", code === undefined ? "the answer has no grpc-status" : message);
  }
  span.end();
}

function setMethod(span: Span, path: string): void {
  const method = grpcMethod(path);
  span.setAttribute("rpc.system.name", "grpc");
  span.setAttribute("rpc.method", method ?? "_OTHER");
  if (method === undefined) span.setAttribute("rpc.method_original", path);
}
