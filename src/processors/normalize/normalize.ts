import { DecodeError } from "../../codec/decode-error.ts";
import { type MendedBody, mendBody, mendTraces } from "../../codec/otlp/cut/mend.ts";
import { decodeTraces } from "../../codec/otlp/message/decode.ts";
import { encodeTraces } from "../../codec/otlp/message/encode.ts";
import { TraceScanner } from "../../codec/otlp/scan/scan.ts";
import { DEFAULT_SCAN_LIMITS, type ScanLimits, type ScanResult } from "../../codec/otlp/scan/scan-result.ts";
import { PermanentError } from "../../component/errors.ts";
import type { BatchFormat } from "../../component/ingest.ts";
import type { Metrics } from "../../component/metrics.ts";
import { SPAN_MARK } from "../../model/span.ts";
import { type BatchDecoder, DECODERS } from "./decoders.ts";
import type { NormalizeConfig } from "./normalize-config.ts";

/** Valid until the next call of `normalize`. */
export interface NormalizedBatch {
  /** OTLP protobuf, a TracesData message: the bytes that came, unless they had to be mended. */
  readonly body: Uint8Array;
  readonly scan: ScanResult;
  /** Spans refused. */
  readonly rejected: number;
  /** `2 spans refused: trace id is all zero (2)`, or "". */
  readonly message: string;
}

/**
 * Turns inflated bytes into protobuf that can be stored and its columns. Bytes that are fine stay untouched; what has a
 * trouble is decoded, mended or refused, encoded and scanned again, span by span. One for each thread: it reuses its
 * buffers.
 */
export class Normalizer {
  readonly #limits: ScanLimits;
  readonly #scanner: TraceScanner;
  readonly #metrics: Metrics;
  readonly #decoders: Readonly<Record<BatchFormat, BatchDecoder>>;

  constructor(
    config: NormalizeConfig,
    metrics: Metrics,
    decoders: Readonly<Record<BatchFormat, BatchDecoder>> = DECODERS,
  ) {
    this.#limits = {
      ...DEFAULT_SCAN_LIMITS,
      maxAttributes: config.max_attributes,
      maxValueBytes: config.max_attribute_value_bytes,
    };
    this.#scanner = new TraceScanner(this.#limits);
    this.#metrics = metrics;
    this.#decoders = decoders;
  }

  /**
   * @throws PermanentError `malformed` for bytes that cannot be read as the format, saying where and what was expected
   */
  normalize(format: BatchFormat, bytes: Uint8Array): NormalizedBatch {
    const decoder = this.#decoders[format];
    try {
      const body = decoder.toOtlp(bytes);
      const scan = this.#scanner.scan(body);
      if (!scan.anyTrouble) return { body, scan, rejected: 0, message: "" };
      return this.#mend(body, scan);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      throw new PermanentError("malformed", `not readable as ${decoder.title}: ${error.message}`, { cause: error });
    }
  }

  #mend(body: Uint8Array, first: ScanResult): NormalizedBatch {
    // Copied, since the second scan writes over the first.
    const troubles = first.troubles.slice();
    const { groupTrouble } = first;
    const mended = groupTrouble ? this.#mendGroups(body) : mendBody(body, first, this.#limits);
    const { rejected } = mended;
    const scan = this.#scanner.scan(mended.body);
    this.#mark(scan, (row) => groupTrouble || troubles[mended.rows[row] as number] !== 0);
    for (const [reason, count] of rejected.reasons) {
      this.#metrics
        .counter("spanloom_normalize_refused_spans_total", "Spans that cannot be stored, by reason.", { reason })
        .add(count);
    }
    const message = refusalMessage(rejected.count, rejected.reasons);
    return { body: mended.body, scan, rejected: rejected.count, message };
  }

  /** Where a resource or a scope is in trouble, all is decoded and encoded anew. */
  #mendGroups(body: Uint8Array): MendedBody {
    const { data, rejected } = mendTraces(decodeTraces(body), this.#limits);
    return { body: encodeTraces(data), rows: [], rejected };
  }

  /** Marks the rows whose bytes were changed; a group that was mended has changed all its rows. */
  #mark(scan: ScanResult, changed: (row: number) => boolean): void {
    let mended = 0;
    for (let row = 0; row < scan.columns.count; row++) {
      if (!changed(row)) continue;
      scan.columns.marks[row] = (scan.columns.marks[row] as number) | SPAN_MARK.mended;
      mended++;
    }
    if (mended === 0) return;
    const help = "Spans whose bytes were changed so that they can be stored: ids, invalid UTF-8, limits.";
    this.#metrics.counter("spanloom_normalize_mended_spans_total", help).add(mended);
  }
}

function refusalMessage(count: number, reasons: ReadonlyMap<string, number>): string {
  if (count === 0) return "";
  const parts = [...reasons].map(([reason, times]) => `${reason} (${times})`);
  return `${count} ${count === 1 ? "span" : "spans"} refused: ${parts.join(", ")}`;
}
