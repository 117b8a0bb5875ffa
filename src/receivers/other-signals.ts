import { DecodeError } from "../codec/decode-error.ts";
import { countRecords, countRecordsJson, type OtherSignal } from "../codec/otlp/message/count-records.ts";
import { encodeExportResponse } from "../codec/otlp/message/export-response.ts";
import { PermanentError } from "../component/errors.ts";
import type { BatchEncoding } from "../component/ingest.ts";
import type { Logger } from "../component/logger.ts";
import type { Metrics } from "../component/metrics.ts";
import type { Reservation } from "../component/receiver.ts";
import { declaredSize, inflateBody, inflateLargeBody } from "../server/inflate.ts";
import type { OtlpFormat } from "./otlp-http-answer.ts";

/** Longest body of logs or metrics, bytes: it is counted on the thread that listens. */
export const MAX_OTHER_BYTES = 16 * 1024 * 1024;

/** What a gzip body may inflate to whatever its trailer says. */
const SMALL_BYTES = 1024 * 1024;

/** By the field that OTLP/JSON has for what was not taken. */
const REJECTED = { logs: "rejectedLogRecords", metrics: "rejectedDataPoints" } as const;
const RECORDS = { logs: "log records", metrics: "data points" } as const;

/**
 * Logs and metrics, which are neither stored nor passed on: each request is answered with a partial success that
 * rejects all, so that a sender with the defaults of an SDK goes on in peace.
 */
export class OtherSignals {
  readonly #metrics: Metrics;
  readonly #logger: Logger;
  readonly #labels: { readonly receiver: string; readonly transport: string };
  readonly #told = new Set<OtherSignal>();
  readonly #setting: string;

  constructor(metrics: Metrics, logger: Logger, receiver: string, transport: string) {
    this.#metrics = metrics;
    this.#logger = logger;
    this.#labels = { receiver, transport };
    this.#setting = `receivers.${receiver}.other_signals`;
  }

  /**
   * @param bytes the body as it came
   * @param reservation holds what it inflates to as well
   * @returns the answer's body
   * @throws PermanentError `malformed` or `too_large`
   */
  async answer(
    signal: OtherSignal,
    bytes: Uint8Array,
    format: OtlpFormat,
    encoding: BatchEncoding,
    reservation: Reservation,
  ): Promise<string | Uint8Array> {
    const rejected = count(signal, await inflated(bytes, encoding, reservation), format);
    this.#metrics
      .counter(
        "spanloom_receiver_dropped_other_records_total",
        "Log records and metric data points that were answered and dropped: only traces are stored.",
        { ...this.#labels, signal },
      )
      .add(rejected);
    if (!this.#told.has(signal)) {
      this.#told.add(signal);
      this.#logger.warn(`${signal} arrive and are dropped: only traces are stored`, {
        ...this.#labels,
        signal,
        setting: this.#setting,
      });
    }
    const errorMessage = rejected === 0 ? "" : `spanloom stores traces only: the ${RECORDS[signal]} were not kept`;
    if (format === "otlp_protobuf") {
      // The three answers have the same fields.
      return encodeExportResponse(rejected === 0 ? undefined : { rejectedSpans: rejected, errorMessage });
    }
    if (rejected === 0) return "{}";
    return JSON.stringify({ partialSuccess: { [REJECTED[signal]]: String(rejected), errorMessage } });
  }
}

function count(signal: OtherSignal, body: Uint8Array, format: OtlpFormat): number {
  try {
    if (format === "otlp_protobuf") return countRecords(signal, body);
    return countRecordsJson(signal, Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString());
  } catch (error) {
    if (error instanceof DecodeError)
      throw new PermanentError("malformed", `not readable as ${signal}: ${error.message}`);
    throw error;
  }
}

async function inflated(bytes: Uint8Array, encoding: BatchEncoding, reservation: Reservation): Promise<Uint8Array> {
  if (encoding === "identity") return inflateBody(bytes, encoding, MAX_OTHER_BYTES);
  const told = encoding === "gzip" ? Math.max(declaredSize(bytes), SMALL_BYTES) : MAX_OTHER_BYTES;
  const most = Math.min(told, MAX_OTHER_BYTES);
  reservation.grow(most);
  return inflateLargeBody(bytes, encoding, most);
}
