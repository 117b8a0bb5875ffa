import { messageOf } from "../../../model/message-of.ts";
import type { OtherSignal } from "../../../model/signal.ts";
import { DecodeError } from "../../decode-error.ts";
import { MessageType } from "../../rpc/definitions.ts";
import { JsonForm } from "../../rpc/json-form.ts";

const PACKAGE = "opentelemetry.proto.collector";
const FOLDER = "opentelemetry/proto/collector";

const REQUESTS: Readonly<Record<OtherSignal, MessageType<object>>> = {
  logs: new MessageType(`${FOLDER}/logs/v1/logs_service.proto`, `${PACKAGE}.logs.v1.ExportLogsServiceRequest`),
  metrics: new MessageType(
    `${FOLDER}/metrics/v1/metrics_service.proto`,
    `${PACKAGE}.metrics.v1.ExportMetricsServiceRequest`,
  ),
};

/** OTLP/JSON writes ids as hex (OTLP specification, "JSON Protobuf Encoding"). */
const OTLP_FORM = new JsonForm(new Set(["traceId", "spanId"]));

/**
 * An export request of logs or metrics in OTLP/JSON, as protobuf. For the few that go on over gRPC: it builds the whole
 * message as objects.
 * @throws DecodeError with the path of what cannot be read; text that is no JSON
 */
export function signalFromJson(signal: OtherSignal, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return REQUESTS[signal].encodeJson(parse(bytes), OTLP_FORM);
}

function parse(bytes: Uint8Array): unknown {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
  try {
    return JSON.parse(text, exactInteger as (key: string, value: unknown) => unknown);
  } catch (error) {
    throw new DecodeError(`the body cannot be read as JSON: ${messageOf(error).slice(0, 200)}`);
  }
}

/** Integers above 2^53 stay the digits that they were written with. */
function exactInteger(_key: string, value: unknown, context: { readonly source?: string } | undefined): unknown {
  const source = context?.source;
  if (typeof value !== "number" || source === undefined || Number.isSafeInteger(value)) return value;
  return /^-?\d+$/.test(source) ? source : value;
}
