import { encodeExportResponse } from "../codec/otlp/message/export-response.ts";
import { PermanentError, RetryableError } from "../component/errors.ts";
import type { BatchEncoding, BatchSink } from "../component/ingest.ts";
import type { Logger } from "../component/logger.ts";
import { stackOf } from "../component/reasons.ts";
import type { RequestBudget, Reservation } from "../component/receiver.ts";
import type { OtherSignal } from "../model/signal.ts";
import { answerOf } from "../server/error-status.ts";
import type { GrpcService } from "../server/grpc/grpc-listener-options.ts";
import { grpcStatusOf, ownedBytes } from "../server/grpc/grpc-raw.ts";
import type { UnaryReply } from "../server/grpc/grpc-unary.ts";
import { expectedGrowth } from "../server/inflate.ts";
import type { OtherSignals } from "./other-signals.ts";
import { partialSuccessOf } from "./partial-success.ts";
import type { ReceiverMetrics } from "./receiver-metrics.ts";
import type { RefusalLog } from "./refusal-log.ts";

export const TRACE_SERVICE = "opentelemetry.proto.collector.trace.v1.TraceService";

const OTHER_SERVICES = [
  ["logs", "opentelemetry.proto.collector.logs.v1.LogsService"],
  ["metrics", "opentelemetry.proto.collector.metrics.v1.MetricsService"],
] as const;

export interface OtlpGrpcOptions {
  readonly sink: BatchSink;
  readonly inFlight: RequestBudget;
  /** Limit on a message, bytes; the listener has checked it. */
  readonly maxBytes: number;
  readonly metrics: ReceiverMetrics;
  readonly refusals: RefusalLog;
  readonly others: OtherSignals;
  readonly logger: Logger;
}

/**
 * OTLP/gRPC for traces (opentelemetry-proto's specification 1.11, "OTLP/gRPC"). The message goes on as it came,
 * compressed or not. What it will inflate to is counted before.
 */
export function otlpGrpcService(options: OtlpGrpcOptions): GrpcService {
  return {
    name: TRACE_SERVICE,
    methods: { Export: (message, reply, encoding) => void take(message, reply, encoding, options) },
  };
}

/** OTLP/gRPC for logs and metrics, which are forwarded, or answered and dropped. */
export function otherGrpcServices(options: OtlpGrpcOptions): GrpcService[] {
  return OTHER_SERVICES.map(([signal, name]) => ({
    name,
    methods: { Export: (message, reply, encoding) => void takeOther(signal, message, reply, encoding, options) },
  }));
}

async function takeOther(
  signal: OtherSignal,
  message: Uint8Array,
  reply: UnaryReply,
  encoding: BatchEncoding,
  options: OtlpGrpcOptions,
): Promise<void> {
  let reservation: Reservation | undefined;
  try {
    reservation = options.inFlight.take(message.length, reply.source);
    const body = await options.others.answer(signal, ownedBytes(message), "otlp_protobuf", encoding, reservation);
    options.metrics.taken({ accepted: 0, rejected: 0, message: "" }, message.length);
    reply.succeed(body as Uint8Array);
  } catch (error) {
    fail(error, reply, options);
  } finally {
    reservation?.release();
  }
}

async function take(
  message: Uint8Array,
  reply: UnaryReply,
  encoding: BatchEncoding,
  options: OtlpGrpcOptions,
): Promise<void> {
  const size = message.length;
  if (size === 0 && encoding === "identity") {
    options.metrics.taken({ accepted: 0, rejected: 0, message: "" }, 0);
    reply.succeed(encodeExportResponse(undefined));
    return;
  }
  let reservation: Reservation | undefined;
  try {
    reservation = options.inFlight.take(size, reply.source);
    reservation.grow(expectedGrowth(message, encoding, options.maxBytes));
    const result = await options.sink.append({
      format: "otlp_protobuf",
      encoding,
      bytes: ownedBytes(message),
      maxBytes: options.maxBytes,
      receivedAtMs: Date.now(),
      source: "otlp_grpc",
    });
    options.metrics.taken(result, size);
    reply.succeed(encodeExportResponse(partialSuccessOf(result)));
  } catch (error) {
    fail(error, reply, options);
  } finally {
    reservation?.release();
  }
}

function fail(error: unknown, reply: UnaryReply, options: OtlpGrpcOptions): void {
  const answer = answerOf(error);
  options.refusals.refused({ reason: answer.reason, message: answer.rpc.message });
  if (!(error instanceof RetryableError || error instanceof PermanentError)) {
    options.logger.error("an OTLP/gRPC request failed", {
      error: stackOf(error),
    });
  }
  reply.fail(grpcStatusOf(answer));
}
