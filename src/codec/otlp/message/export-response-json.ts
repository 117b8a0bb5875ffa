import type { Signal } from "../../../model/signal.ts";

/**
 * opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse { partial_success = 1 } with
 * ExportTracePartialSuccess { rejected_spans = 1, error_message = 2 }.
 */
export interface PartialSuccess {
  readonly rejectedSpans: number;
  readonly errorMessage: string;
}

/** What each signal calls the number that was not kept. The message is otherwise the same. */
const REJECTED: Readonly<Record<Signal, string>> = {
  traces: "rejectedSpans",
  logs: "rejectedLogRecords",
  metrics: "rejectedDataPoints",
};

/** OTLP/JSON: lowerCamelCase, 64-bit integers as strings. */
export function exportResponseJson(partial: PartialSuccess | undefined, signal: Signal = "traces"): string {
  if (partial === undefined) return "{}";
  const rejected = partial.rejectedSpans === 0 ? {} : { [REJECTED[signal]]: String(partial.rejectedSpans) };
  return JSON.stringify({ partialSuccess: { ...rejected, errorMessage: partial.errorMessage } });
}

/** @throws SyntaxError for text that is no JSON object. */
export function parseExportResponseJson(text: string, signal: Signal = "traces"): PartialSuccess | undefined {
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed !== "object" || parsed === null) throw new SyntaxError("the answer must be a JSON object");
  const { partialSuccess } = parsed as { partialSuccess?: unknown };
  if (typeof partialSuccess !== "object" || partialSuccess === null) return undefined;
  const { [REJECTED[signal]]: rejected, errorMessage } = partialSuccess as Readonly<Record<string, unknown>>;
  return {
    rejectedSpans: Number(rejected ?? 0) || 0,
    errorMessage: typeof errorMessage === "string" ? errorMessage : "",
  };
}
