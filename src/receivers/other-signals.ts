import { DecodeError } from "../codec/decode-error.ts";
import { countRecords, countRecordsJson } from "../codec/otlp/message/count-records.ts";
import { encodeExportResponse } from "../codec/otlp/message/export-response.ts";
import { exportResponseJson } from "../codec/otlp/message/export-response-json.ts";
import { PermanentError } from "../component/errors.ts";
import type { ForwardResult, SignalSink } from "../component/export.ts";
import type { BatchEncoding } from "../component/ingest.ts";
import type { Logger } from "../component/logger.ts";
import type { Metrics } from "../component/metrics.ts";
import type { Reservation } from "../component/receiver.ts";
import type { OtherSignal } from "../model/signal.ts";
import { declaredSize, inflateBody, inflateLargeBody } from "../server/inflate.ts";
import type { OtlpFormat } from "./otlp-http-answer.ts";
import { cutMessage } from "./partial-success.ts";

/** Longest body of logs or metrics, bytes: it is counted on the thread that listens. */
export const MAX_OTHER_BYTES = 16 * 1024 * 1024;

/** What a gzip body may inflate to whatever its trailer says. */
const SMALL_BYTES = 1024 * 1024;

const RECORDS = { logs: "log records", metrics: "data points" } as const;

export interface OtherSignalsOptions {
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** The receiver's key in the config. */
  readonly receiver: string;
  readonly transport: string;
  /** Where they go; without it nowhere. */
  readonly sink: SignalSink | undefined;
}

/**
 * Logs and metrics, which are not stored. Those that an exporter asks for are forwarded, and answered as its
 * destination answers. The others are answered with a partial success that rejects all, so that a sender with the
 * defaults of an SDK goes on in peace.
 */
export class OtherSignals {
  readonly #options: OtherSignalsOptions;
  readonly #labels: { readonly receiver: string; readonly transport: string };
  readonly #told = new Set<OtherSignal>();

  constructor(options: OtherSignalsOptions) {
    this.#options = options;
    this.#labels = { receiver: options.receiver, transport: options.transport };
  }

  /**
   * @param bytes the body as it came
   * @param reservation holds what it inflates to as well
   * @returns the answer's body
   * @throws PermanentError `malformed` or `too_large`; what SignalSink.forward throws
   */
  async answer(
    signal: OtherSignal,
    bytes: Uint8Array,
    format: OtlpFormat,
    encoding: BatchEncoding,
    reservation: Reservation,
  ): Promise<string | Uint8Array> {
    const body = await inflated(bytes, encoding, reservation);
    const records = count(signal, body, format);
    const { sink } = this.#options;
    if (sink?.takes(signal) !== true) return answerOf(signal, this.#drop(signal, records), format);
    // Nothing at all is a success, and no request.
    if (body.length === 0) return answerOf(signal, { rejected: 0, message: "" }, format);
    return answerOf(
      signal,
      await sink.forward({ signal, format, bytes, encoding, body, records, hold: (more) => reservation.grow(more) }),
      format,
    );
  }

  #drop(signal: OtherSignal, records: number): ForwardResult {
    const { metrics, logger, receiver } = this.#options;
    metrics
      .counter(
        "spanloom_receiver_dropped_other_records_total",
        "Log records and metric data points that were answered and dropped: only traces are stored.",
        { ...this.#labels, signal },
      )
      .add(records);
    if (!this.#told.has(signal)) {
      this.#told.add(signal);
      logger.warn(`${signal} arrive and are dropped: only traces are stored`, {
        ...this.#labels,
        signal,
        setting: `receivers.${receiver}.other_signals`,
      });
    }
    const message = records === 0 ? "" : `spanloom stores traces only: the ${RECORDS[signal]} were not kept`;
    return { rejected: records, message };
  }
}

function answerOf(signal: OtherSignal, result: ForwardResult, format: OtlpFormat): string | Uint8Array {
  const { rejected } = result;
  const errorMessage = cutMessage(result.message);
  const partial = rejected === 0 && errorMessage === "" ? undefined : { rejectedSpans: rejected, errorMessage };
  // In protobuf the three answers have the same fields.
  return format === "otlp_protobuf" ? encodeExportResponse(partial) : exportResponseJson(partial, signal);
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
