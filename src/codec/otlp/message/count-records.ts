import type { OtherSignal } from "../../../model/signal.ts";
import { DecodeError } from "../../decode-error.ts";
import { ByteReader, WIRE } from "../wire/wire.ts";

/** A metric's gauge, sum, histogram, exponential histogram and summary; data points are field 1 of each. */
const METRIC_DATA: ReadonlySet<number> = new Set([5, 7, 9, 10, 11]);

/**
 * Number of log records or data points in an ExportLogsServiceRequest or ExportMetricsServiceRequest.
 * @throws DecodeError for bytes that are no message
 */
export function countRecords(signal: OtherSignal, bytes: Uint8Array): number {
  const reader = new ByteReader(bytes);
  const records = signal === "logs" ? () => skipMessage(reader) : () => pointsOf(reader);
  // resource_logs or resource_metrics, their scopes, and log_records or metrics.
  return sum(reader, isField(1), () => sum(reader, isField(2), () => sum(reader, isField(2), records)));
}

/** Likewise in OTLP/JSON. @throws DecodeError for text that is no JSON object */
export function countRecordsJson(signal: OtherSignal, text: string): number {
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch {
    throw new DecodeError("the body is no JSON", 0);
  }
  if (typeof root !== "object" || root === null || Array.isArray(root)) throw new DecodeError("expected an object", 0);
  const scopes =
    signal === "logs"
      ? children(children([root], "resourceLogs"), "scopeLogs")
      : children(children([root], "resourceMetrics"), "scopeMetrics");
  if (signal === "logs") return children(scopes, "logRecords").length;
  const metrics = children(scopes, "metrics");
  return ["gauge", "sum", "histogram", "exponentialHistogram", "summary"].reduce(
    (count, kind) =>
      count +
      children(
        metrics.map((metric) => member(metric, kind)),
        "dataPoints",
      ).length,
    0,
  );
}

function isField(number: number): (field: number) => boolean {
  return (field) => field === number;
}

function pointsOf(reader: ByteReader): number {
  return sum(
    reader,
    (field) => METRIC_DATA.has(field),
    () => sum(reader, isField(1), () => skipMessage(reader)),
  );
}

/** Sums up over the sub-messages of the wanted fields in the message at the reader. */
function sum(reader: ByteReader, wanted: (field: number) => boolean, count: () => number): number {
  let total = 0;
  while (reader.at < reader.end) {
    const tag = reader.tag();
    if ((tag & 7) !== WIRE.bytes || !wanted(tag >>> 3)) {
      reader.skip(tag, 0);
      continue;
    }
    const outer = reader.enter();
    total += count();
    reader.leave(outer);
  }
  return total;
}

/** One, whatever it holds. */
function skipMessage(reader: ByteReader): number {
  reader.at = reader.end;
  return 1;
}

function children(parents: readonly unknown[], key: string): unknown[] {
  return parents.flatMap((parent) => {
    const list = member(parent, key);
    return Array.isArray(list) ? (list as unknown[]) : [];
  });
}

function member(parent: unknown, key: string): unknown {
  return typeof parent === "object" && parent !== null ? (parent as Record<string, unknown>)[key] : undefined;
}
